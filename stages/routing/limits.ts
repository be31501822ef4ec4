/**
 * How much may be asked, as an operator may set it. All of it counts in each partition by itself.
 */
import type { QueueLimits } from "../../runtime/contract/fair-queue.ts";

export interface RoutingLimits {
  /** How many requests may wait for their turn; and how many answers of a broker, for their proofs, before it may ask no more. */
  readonly waiting: QueueLimits & { readonly evidence: number };
  /** How many may be asked a minute, for a tenant of a broker and by a broker; as many as they like where absent. */
  readonly rates: { readonly tenant?: number; readonly broker?: number };
}

export const usualLimits: RoutingLimits = {
  waiting: { tenant: 1_024, broker: 8_192, evidence: 8_192 },
  rates: {},
};
