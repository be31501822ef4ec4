/**
 * What an operator may set of private computation, in `pipelines` of a connector's configuration.
 */
import { compareFractions, fraction, parseFraction } from "../../crypto/fraction/fraction.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { TypeOf } from "../../runtime/contract/schema.ts";
import { usualLimits, type RoutingLimits } from "../../stages/routing/limits.ts";

const count = { type: "integer", minimum: 1, maximum: 100_000 } as const;

export const section = {
  type: "object",
  additionalProperties: false,
  properties: {
    waiting: {
      type: "object",
      description:
        "How many questions may wait for their turn in a partition, of one tenant of a broker and of one broker; and for how many answers of one broker the proofs may wait there before it may ask no more.",
      additionalProperties: false,
      properties: { tenant: count, broker: count, evidence: { ...count, maximum: 32_768 } },
    },
    rates: {
      type: "object",
      description:
        "How many questions may be asked a minute in a partition, for one tenant of a broker and by one broker; any number where it is not set.",
      additionalProperties: false,
      properties: { tenant: count, broker: count },
    },
    exposed: {
      type: "string",
      pattern: "^(1|[1-9][0-9]{0,5}/[1-9][0-9]{0,5})$",
      description:
        "How much of a population's share of its budget may be spent and not yet anchored, a fraction of at most 1, such as 1/20. Past it questions wait. A region that is put back from a backup counts it as spent.",
    },
  },
} as const;

/** The limits as they are set; the usual ones where they are not. */
export function limitsIn(given: unknown): RoutingLimits {
  const { waiting = {}, rates = {} } = (given ?? {}) as TypeOf<typeof section>;
  return { waiting: { ...usualLimits.waiting, ...waiting }, rates: { ...usualLimits.rates, ...rates } };
}

/** Of a share of a budget, a fraction of at most 1. Throws CONFIG_INVALID. */
export function exposedIn(given: unknown): string {
  const { exposed = "1/20" } = (given ?? {}) as TypeOf<typeof section>;
  if (compareFractions(parseFraction(exposed), fraction(1n)) <= 0) return exposed;
  throw new PavilionError(
    "CONFIG_INVALID",
    `In pipelines.private-computation, exposed is ${exposed}, and no more than the whole share can be spent.`,
    "Give a fraction of at most 1, such as 1/20.",
  );
}
