/** Asks by HTTP whether somebody would be given a permit. */
import { PavilionError } from "../../errors/errors.ts";
import { route } from "../../runtime/contract/route.ts";
import type { PermitTable } from "./deciding.ts";
import "./errors.ts";

const name = { type: "string", pattern: "^[a-z]{2,20}$" } as const;

export const permitRoute = route({
  name: "permit",
  summary: "Whether a holder would be given a permit for a purpose.",
  method: "GET",
  path: "/permits/{holder}/{purpose}",
  parameters: { holder: name, purpose: name },
  answer: {
    status: 200,
    schema: {
      type: "object",
      additionalProperties: false,
      required: ["holder", "purpose"],
      properties: { holder: name, purpose: name },
    },
  },
  callers: ["clerk"],
  codes: ["PERMIT_UNKNOWN"],
  handle({ parameters: { holder, purpose } }, { permits }: { readonly permits: PermitTable }) {
    if (permits.allows(holder, purpose)) return Promise.resolve({ holder, purpose });
    return Promise.reject(new PavilionError("PERMIT_UNKNOWN", "There is no such permit."));
  },
});
