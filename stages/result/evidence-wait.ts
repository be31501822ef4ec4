/**
 * About how long it takes until an answer's proofs are made, by what the zkp stage told last of who waits for theirs. It tells
 * every second while somebody does: what is older says nothing of now, as where that stage is away.
 */
import { secondsOf, turnsUntil, waitingOf } from "../../domain/fairness/turns-left.ts";
import type { CollaborationTable } from "../../domain/terms/collaboration.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { EvidenceQueue, RequestRef } from "../../schemas/avro/index.ts";

const FRESH_MS = 60_000;

/** The last that was told of this partition, under one key. */
const QUEUE = new Table<{ readonly queue: EvidenceQueue; readonly time: number }>("evidence-queue");
const ONLY = "";

/** `time` is the event's. */
export const noteQueue = (queue: EvidenceQueue, time: number): Change => QUEUE.put(ONLY, { queue, time });

/** For a new answer to a request; null where it is not known. */
export function evidenceSeconds(
  { broker, collaboration, tenant }: RequestRef,
  collaborations: CollaborationTable,
  state: StateView,
  time: number,
): number | null {
  const noted = QUEUE.get(state, ONLY);
  if (noted === undefined) return null;
  const { shares, millisecondsEach } = noted.queue;
  if (shares.length > 0 && time - noted.time > FRESH_MS) return null;
  const brokers = collaborations.latest(collaboration)?.brokers;
  const signer = brokers?.find(({ id }) => id === broker)?.key ?? broker;
  const turns = turnsUntil(shares, { signer, tenant }, waitingOf(shares, signer, tenant) + 1);
  return secondsOf(turns, millisecondsEach);
}
