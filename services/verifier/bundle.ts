/** The evidence bundle out of its JSON text, held to its schema. */
import { parseDocument } from "../../documents/validate.ts";
import type { EvidenceBundleDocument } from "../../schemas/json/evidence-bundle.ts";
import { requireDistinctMembers } from "./members.ts";

export const readBundle = (text: string): EvidenceBundleDocument =>
  parseDocument("evidence-bundle", requireDistinctMembers(text));
