/**
 * Digests that were decided, so that a request has one end however often it is published. An entry lives for a day beyond
 * its deadline. What is older than the memory is neither decided nor remembered: whether it was answered cannot be known
 * any more. Nor is what was issued more than a day ahead, which the memory would have to hold for as long.
 */
import { Memory } from "../../runtime/contract/memory.ts";
import type { Change, StateView } from "../../runtime/contract/state.ts";

const KEEP_MS = 24 * 3_600_000;

/** By digest: the deadline. */
export const SEEN = new Memory<number>("seen", (deadline) => deadline, KEEP_MS);

/** `decided`: it has its end, or gets it; `beyond`: of another time than the memory's; `new`: to be decided now. */
export type Decided = "decided" | "beyond" | "new";

interface Timed {
  readonly digest: string;
  readonly issuedAt: number;
  readonly deadline: number;
}

/** `time` is the event's. */
export function memoryOf({ digest, issuedAt, deadline }: Timed, state: StateView, time: number): Decided {
  if (SEEN.entries.get(state, digest) !== undefined) return "decided";
  return SEEN.isForgotten(deadline, state) || issuedAt - KEEP_MS > time ? "beyond" : "new";
}

export const noteDigest = (digest: string, deadline: number): Change => SEEN.entries.put(digest, deadline);
