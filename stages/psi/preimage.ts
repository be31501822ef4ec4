/**
 * The list of what matched in a partition, for a matching auditor: salted, so that its digest tells nothing, and in as
 * many parts of the same lengths as if everybody of the smallest dataset had matched, so that its size tells nothing
 * either. Salts are a keyed function of the request: a replay gives the same digest.
 */
import { createHash } from "node:crypto";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import type { BlindingSource } from "../../domain/log/blinding.ts";
import { partitionDigest } from "../../domain/log/leaves.ts";
import type { Plan } from "../../schemas/avro/index.ts";
import type { MatchedPerson } from "./match.ts";

/** People in one part: with sixteen datasets a part takes 1.5 MB at most. */
const PART_SIZE = 5_000;
/** Digits of a row's number in its batch, and of a category's. */
const ROW_DIGITS = 4;
const CATEGORY_DIGITS = 2;

export interface MatchedList {
  /** Canonical JSON each. */
  readonly parts: readonly string[];
  /** What the partial aggregate names. */
  readonly digest: string;
}

/** `bound` is how many records the smallest dataset has here; `digest` is the request's. */
export async function listOf(
  people: readonly MatchedPerson[],
  plan: Plan,
  bound: number,
  { digest, partition }: { readonly digest: string; readonly partition: number },
  blinding: BlindingSource,
): Promise<MatchedList> {
  const parts: string[] = [];
  for (let part = 0; part === 0 || part * PART_SIZE < bound; part++) {
    const start = part * PART_SIZE;
    const room = Math.min(PART_SIZE, bound - start) * entryLength(plan);
    const salt = await blinding(canonicalBytes(["pavilion/match-salt/v1", digest, partition, part]));
    const listed = people
      .slice(start, start + PART_SIZE)
      .map(({ categories, leaves }) => ({ categories, leaves }));
    const padding = "0".repeat(room - (JSON.stringify(listed).length - "[]".length));
    const about = { type: "pavilion/matched-leaves", request: digest, partition, part };
    const bytes = canonicalBytes({
      ...about,
      salt: Buffer.from(salt).toString("hex"),
      people: listed,
      padding,
    });
    parts.push(new TextDecoder().decode(bytes));
  }
  return { parts, digest: partitionDigest(parts.map(sha256)) };
}

/** The longest that a person's entry can be, its comma included. */
function entryLength({ datasets, groupings }: Plan): number {
  const leaves = datasets.map(({ sequence }) => `[${String(sequence)},${"0".repeat(ROW_DIGITS)}]`);
  const categories = groupings.map(() => "0".repeat(CATEGORY_DIGITS));
  return `{"categories":[${categories.join(",")}],"leaves":[${leaves.join(",")}]},`.length;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
