/**
 * Whether a broker may ask on although its answers wait for their proofs. The zkp stage tells who waits there, every second
 * while anybody does and once when nobody does any more; the last it told counts for as long as ticks name the stage.
 *
 * Where the stage is away its word counts for nothing: it is not told anew then, so it would shut the door for ever; and a
 * region answers also while nobody proves, since witnesses then wait in Kafka and not in a state. Once the stage is back its
 * last word counts again at once, for its queue is as it was. A stage that is there and tells nothing, since its prover is
 * away, makes no proofs: its last word holds.
 */
import { secondsOf, turnsOfSigner, waitingOf } from "../../domain/fairness/turns-left.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { EvidenceQueue } from "../../schemas/avro/index.ts";

/** The last that was told of this partition, under one key. */
const QUEUE = new Table<EvidenceQueue>("evidence-queue");
const ONLY = "";

export const noteQueue = (queue: EvidenceQueue): Change =>
  queue.shares.length === 0 ? QUEUE.remove(ONLY) : QUEUE.put(ONLY, queue);

/** In about how many seconds fewer of the signer's wait for proofs than may; undefined where fewer do. */
export function evidenceWait(signer: string, limit: number, state: StateView): number | undefined {
  const queue = QUEUE.get(state, ONLY);
  if (queue === undefined) return undefined;
  const tooMany = waitingOf(queue.shares, signer) - limit + 1;
  if (tooMany <= 0) return undefined;
  return secondsOf(turnsOfSigner(queue.shares, signer, tooMany), queue.millisecondsEach);
}
