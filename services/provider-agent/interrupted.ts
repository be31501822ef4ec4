/**
 * A push that an earlier run sealed and did not see settled: what of it is live, and the two ways on. It is finished, byte
 * for byte as it was sealed, or what is not live of it is given up.
 */
import { PavilionError } from "../../errors/errors.ts";
import { deliver, settledOf, type Delivered } from "./delivery.ts";
import type { PushedDataset } from "./pushed-dataset.ts";
import { headToFollow } from "./live-head.ts";
import type { Progress } from "./progress.ts";
import { isCurrent, noticesEnd, sealEnd } from "./sealed-push.ts";
import type { Head } from "./sealing.ts";
import type { PendingBatch, PendingPush } from "./state-folder.ts";

export interface Interrupted {
  readonly pending: PendingPush;
  /** Records of it that are live. */
  readonly live: number;
  /** The dataset's head, where it is one of this push's: nobody pushed since. */
  readonly reached: Head | undefined;
  /** Why it cannot be finished; undefined where it can. */
  readonly lost: string | undefined;
}

/** How often another agent may come in between while a push is given up. */
const roundsMax = 8;

/** What an earlier run left; undefined where it left nothing. */
export async function findInterrupted(dataset: PushedDataset): Promise<Interrupted | undefined> {
  const { agent, place, live, membership } = dataset;
  const pending = await agent.state.readPending(place);
  if (pending === undefined) return undefined;
  const settlement = await settledOf(agent, pending);
  let rows = 0;
  let liveRows = 0;
  let first: Head | undefined;
  let reached: Head | undefined;
  for await (const { head, rows: itsRows } of agent.state.readPendingBatches(place)) {
    first ??= head;
    rows += itsRows.length;
    if (live?.head === head.head) reached = head;
    if (live?.head === head.head || settlement.isAccepted(head.head)) liveRows = rows;
  }
  // The head before its first batch: nothing of it has come in, nor anything else.
  const isUntouched = live === undefined || live.sequence === (first?.sequence ?? 0) - 1;
  const lost = !isCurrent(pending, membership)
    ? "the collaboration's version or the region's key has changed since it was sealed"
    : reached === undefined && !isUntouched
      ? "another agent of this provider has pushed to the dataset since"
      : undefined;
  return { pending, live: pending.live + liveRows, reached, lost };
}

/** In words for the provider: which push it is, how much of it is live and how much is not. */
export function tell({ pending, live, lost }: Interrupted): string {
  const { file, fileDigest, begun, summary } = pending;
  const end = lost === undefined ? "" : `; it cannot be finished, since ${lost}`;
  const digest = `SHA-256 ${fileDigest.slice(0, 12)}…`;
  const share =
    `of its ${String(summary.pushed)} records ${String(live)} are live and ` +
    `${String(summary.pushed - live)} are not${end}.`;
  return `The push of ${file} (${digest}), begun ${begun}, was interrupted: ${share}`;
}

/** Throws PUSH_INTERRUPTED, with what can be done about it. */
export function refuseOther(interrupted: Interrupted): never {
  const discard = `--discard gives up what is not live; what is live stays.`;
  throw new PavilionError(
    "PUSH_INTERRUPTED",
    tell(interrupted),
    interrupted.lost === undefined
      ? `Decide first: --resume finishes that push, ${discard}`
      : `Decide first: ${discard}`,
  );
}

/** Sends on what is not live. Throws PUSH_OVERTAKEN where that cannot be, and what `deliver` throws. */
export async function finish(
  { agent, place }: PushedDataset,
  { pending, reached, lost }: Interrupted,
  patience: { readonly timeoutMs: number; readonly progress: Progress },
): Promise<Delivered> {
  const overtaken = (why: string): PavilionError =>
    new PavilionError(
      "PUSH_OVERTAKEN",
      `The interrupted push cannot be finished, since ${why}.`,
      "Give up what is not live of it by --discard, then push again.",
    );
  if (lost !== undefined) throw overtaken(lost);
  await agent.state.beginSending(place);
  const batches = agent.state.readPendingBatches(place);
  const delivered = await deliver(agent, { place, pending, batches, live: reached, ...patience });
  if (!delivered.accepted) throw overtaken("another agent of this provider pushed to the dataset meanwhile");
  return delivered;
}

/**
 * Gives up what is not live; answers how many records are, and stay so. Where batches may still be under way an empty one
 * takes the place of the next: once it is accepted none of them can come in.
 */
export async function giveUp(
  dataset: PushedDataset,
  interrupted: Interrupted,
  patience: { readonly timeoutMs: number; readonly progress: Progress },
): Promise<number> {
  const { agent, place } = dataset;
  let current: Interrupted | undefined = interrupted;
  for (let round = 0; round < roundsMax && current !== undefined; round++) {
    const isWhole = current.live === current.pending.summary.pushed;
    // An end that is accepted follows the head as of which the live records were counted: none came in between.
    if (isWhole || agent.state.isUnsent(place) || (await end(dataset, current, patience))) {
      await agent.state.removePending(place);
      return current.live;
    }
    await dataset.refresh();
    current = await findInterrupted(dataset);
  }
  throw new PavilionError("PUSH_OVERTAKEN", "Other agents of this provider push to the dataset meanwhile.");
}

/** Whether an empty batch was accepted after the dataset's head. */
async function end(
  dataset: PushedDataset,
  { pending }: Interrupted,
  patience: { readonly timeoutMs: number; readonly progress: Progress },
): Promise<boolean> {
  const { agent, membership, place } = dataset;
  const after = headToFollow(dataset.live, await agent.state.readHead(place));
  const closing: PendingBatch = await sealEnd({ agent, membership, place, push: pending.push, after });
  const ending = { ...pending, noticesFrom: await noticesEnd(agent) };
  const order = { place, pending: ending, batches: [closing], live: undefined, ...patience };
  return (await deliver(agent, order)).accepted;
}
