/**
 * What an operator may set of private computation, in `pipelines` of a connector's configuration.
 */
import type { TypeOf } from "../../runtime/contract/schema.ts";
import { usualLimits, type WaitingLimits } from "../../stages/routing/fair-queue.ts";

const count = { type: "integer", minimum: 1, maximum: 100_000 } as const;

export const section = {
  type: "object",
  additionalProperties: false,
  properties: {
    waiting: {
      type: "object",
      description:
        "How many questions may wait for their turn in a partition, of one tenant of a broker and of one broker.",
      additionalProperties: false,
      properties: { tenant: count, broker: count },
    },
  },
} as const;

/** The limits as they are set; the usual ones where they are not. */
export function waitingIn(given: unknown): WaitingLimits {
  const { waiting = {} } = (given ?? {}) as TypeOf<typeof section>;
  return { ...usualLimits, ...waiting };
}
