/**
 * A push: reads the provider's file, makes the tokens of its people, seals tokens and values to the region, and hands
 * them over. What the connector sees is sealed batches in an order that is not the file's.
 *
 * Promises: it is the only push of this folder to the collaboration; what it reports as pushed is live; where an earlier push was cut off,
 * nothing goes out before the person has said what becomes of that, unless it is of the same file. Where another agent of
 * the provider, with a folder of its own, pushes meanwhile, what was not taken is sealed anew after what that one pushed.
 */
import { createHash, randomBytes, randomInt } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { PavilionError } from "../../errors/errors.ts";
import { freshTraceparent } from "../../runtime/kafka/publisher.ts";
import type { Participant } from "../../schemas/json/collaboration.ts";
import type { Agent } from "./agent.ts";
import { inBatches, shuffle } from "./batches.ts";
import { readRows } from "./csv.ts";
import { deliver } from "./delivery.ts";
import { findInterrupted, finish, giveUp, refuseOther, tell } from "./interrupted.ts";
import { headToFollow } from "./live-head.ts";
import { requestTokens } from "./matching.ts";
import type { Membership } from "./membership.ts";
import { ownTokens } from "./oprf-sender.ts";
import type { Progress } from "./progress.ts";
import { findMembership, PushedDataset } from "./pushed-dataset.ts";
import { writeReport } from "./report.ts";
import { prepareRows, sourcesOf, summarise, type Prepared, type RowSummary } from "./rows.ts";
import { sealPush, type TokenRow } from "./sealed-push.ts";
import { reasonsOf } from "./row-faults.ts";
import { requireShares, type Shares } from "./shares.ts";
import type { DatasetPlace, PendingPush } from "./state-folder.ts";

/** What every command about a push needs. */
export interface PushContext {
  readonly collaboration: string;
  /** Longest wait for an answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Waits for another process that pushes to the collaboration. */
  readonly wait: boolean;
  readonly progress: Progress;
}

export interface FileOrder extends PushContext {
  readonly file: string;
  readonly shares: Shares;
}

/** For the provider itself. */
export interface PushSummary extends RowSummary {
  readonly collaboration: string;
  readonly dataset: string;
  readonly push: string;
  /** The file that names each row at fault. */
  readonly report: string;
}

/** What a file would push. */
export interface Trial extends RowSummary {
  readonly collaboration: string;
  readonly dataset: string;
  /** In words, with some row numbers. */
  readonly reasons: readonly string[];
}

/** What was given up. */
export interface Discarded {
  readonly collaboration: string;
  readonly dataset: string;
  /** The push that was given up, and its records that are live and stay so; both absent where there was none. */
  readonly push?: string;
  readonly live?: number;
  readonly dropped?: number;
}

/** How often another agent may push in between. */
const roundsMax = 8;

/**
 * Resolves when every record is live. Throws INPUT_UNREADABLE, UNKNOWN_COLLABORATION, NOT_HOME_REGION, NOT_A_MEMBER,
 * AGENT_BUSY, PUSH_INTERRUPTED, REGION_BEHIND, ROWS_LEFT_OUT, DATASET_TOO_LARGE, CHURN_LIMIT, TIMED_OUT, PUSH_REJECTED,
 * PUSH_OVERTAKEN, and what `requestTokens` throws.
 */
export async function pushFile(agent: Agent, order: FileOrder): Promise<PushSummary> {
  const fileDigest = await digestFile(order.file);
  using dataset = await PushedDataset.open(agent, order);
  const finished = await settleInterrupted(dataset, order, fileDigest);
  if (finished !== undefined) return finished;
  await tellRepeated(dataset, order, fileDigest);
  const { place, membership } = dataset;
  const prepared = await prepareFile(order, membership);
  requireShares(prepared, order.shares);
  requireWithinLimits(prepared, membership.participant);
  const push = randomBytes(16).toString("hex");
  const report = await writeReport(agent.state.path, place, push, prepared.faults);
  const begun = new Date().toISOString();
  const told = { file: basename(order.file), begun, fileDigest, report, summary: summarise(prepared) };
  return await pushPrepared(dataset, order, { push, prepared, told });
}

/** Finishes the push that was cut off. Throws CONFIG_INVALID where there is none, and what `pushFile` throws. */
export async function resumePush(agent: Agent, order: PushContext): Promise<PushSummary> {
  using dataset = await PushedDataset.open(agent, order);
  const interrupted = await findInterrupted(dataset);
  if (interrupted === undefined) {
    throw new PavilionError(
      "CONFIG_INVALID",
      `No push to ${order.collaboration} was interrupted: there is nothing to resume.`,
      "Push a file.",
    );
  }
  order.progress.note(tell(interrupted));
  await finish(dataset, interrupted, order);
  return await conclude(dataset, interrupted.pending);
}

/** Gives up what is not live of the push that was cut off; what is live stays. Throws what `pushFile` throws. */
export async function discardPush(agent: Agent, order: PushContext): Promise<Discarded> {
  using dataset = await PushedDataset.open(agent, order);
  const { collaboration, dataset: id } = dataset.place;
  const interrupted = await findInterrupted(dataset);
  if (interrupted === undefined) return { collaboration, dataset: id };
  order.progress.note(tell(interrupted));
  const live = await giveUp(dataset, interrupted, order);
  const { push, summary } = interrupted.pending;
  return { collaboration, dataset: id, push, live, dropped: summary.pushed - live };
}

/** What the file would push; sends nothing, and asks the region for the terms alone. */
export async function tryFile(agent: Agent, order: FileOrder): Promise<Trial> {
  const membership = await findMembership(agent, order.collaboration);
  const prepared = await prepareFile(order, membership);
  const { faults } = prepared;
  const reasons = [
    ...reasonsOf(faults, "rejected").map((reason) => `left out: ${reason}`),
    ...reasonsOf(faults, "defaulted").map((reason) => `kept without a value or as other: ${reason}`),
  ];
  for (const reason of reasons) order.progress.note(reason);
  requireShares(prepared, order.shares);
  requireWithinLimits(prepared, membership.participant);
  const { collaboration, participant } = membership;
  return { collaboration: collaboration.id, dataset: participant.dataset, reasons, ...summarise(prepared) };
}

/** A push that was cut off: of the same file it is finished, of another one the person decides. */
async function settleInterrupted(
  dataset: PushedDataset,
  order: FileOrder,
  fileDigest: string,
): Promise<PushSummary | undefined> {
  const interrupted = await findInterrupted(dataset);
  if (interrupted === undefined) return undefined;
  const { pending, lost } = interrupted;
  if (pending.fileDigest !== fileDigest) refuseOther(interrupted);
  order.progress.note(tell(interrupted));
  if (lost === undefined) {
    order.progress.note("it was of the same file, and is finished now");
    await finish(dataset, interrupted, order);
    return conclude(dataset, pending);
  }
  order.progress.note("it was of the same file, which is pushed anew");
  await giveUp(dataset, interrupted, order);
  await dataset.refresh();
  return undefined;
}

async function tellRepeated(
  { agent, place }: PushedDataset,
  { progress }: PushContext,
  fileDigest: string,
): Promise<void> {
  const last = await agent.state.readReceipt(place);
  if (last?.fileDigest !== fileDigest) return;
  progress.note(
    `this is the file that was pushed last, as ${last.file} at ${last.at}: pushing it again changes nothing, and uses up evaluations and changes`,
  );
}

async function prepareFile({ file, progress }: FileOrder, membership: Membership): Promise<Prepared> {
  const { collaboration, participant } = membership;
  progress.begin("read");
  const rows = readRows(file, sourcesOf(participant));
  const prepared = await prepareRows(rows, participant, collaboration.referenceDate, (read) => {
    progress.update("read", read, null);
  });
  progress.update("read", prepared.read, prepared.read);
  return prepared;
}

/** What ingest would refuse anyway is found out before the sender is asked for a single evaluation. */
function requireWithinLimits({ rows }: Prepared, { limits }: Participant): void {
  if (rows.length > limits.records) {
    throw new PavilionError("DATASET_TOO_LARGE", "The file holds more rows than the collaboration's limit.");
  }
  if (rows.length > limits.changesPerDay) {
    throw new PavilionError(
      "CHURN_LIMIT",
      "The file holds more rows than the collaboration lets change in a day.",
    );
  }
}

interface PreparedPush {
  /** Random, 32 hex digits. */
  readonly push: string;
  readonly prepared: Prepared;
  readonly told: Pick<PendingPush, "file" | "begun" | "fileDigest" | "report" | "summary">;
}

/** Seals and delivers until all is live. */
async function pushPrepared(
  dataset: PushedDataset,
  order: PushContext,
  { push, prepared, told }: PreparedPush,
): Promise<PushSummary> {
  const { agent, membership, place } = dataset;
  const { progress, timeoutMs } = order;
  const traceparent = freshTraceparent();
  // A head that nothing can follow is found out before the sender is asked.
  headToFollow(dataset.live, await agent.state.readHead(place));
  const tokens = await tokensOf(dataset, order, { push, prepared, traceparent });
  const records = prepared.rows.map((row, index) => ({ row, token: tokens[index] ?? missingToken() }));
  let left: readonly TokenRow[] = shuffle(records, randomInt);
  for (let round = 0; round < roundsMax; round++) {
    const after = headToFollow(dataset.live, await agent.state.readHead(place));
    const live = records.length - left.length;
    const pending = await sealPush(
      { agent, membership, place, push, after },
      left,
      { ...told, live },
      progress,
    );
    await agent.state.beginSending(place);
    const batches = agent.state.readPendingBatches(place);
    const { accepted, rows } = await deliver(agent, {
      place,
      pending,
      batches,
      live: after,
      traceparent,
      timeoutMs,
      progress,
    });
    if (accepted) return conclude(dataset, pending);
    left = left.filter(({ row }) => !rows.has(row.row));
    progress.note("another agent of this provider pushed meanwhile: what is left goes on after that");
    await dataset.refresh();
  }
  throw new PavilionError(
    "PUSH_OVERTAKEN",
    "Other agents of this provider pushed to the dataset again and again.",
  );
}

async function conclude({ agent, place }: PushedDataset, pending: PendingPush): Promise<PushSummary> {
  const { push, file, fileDigest, report, summary } = pending;
  const head = await agent.state.readHead(place);
  const { pushed } = summary;
  await agent.state.writeReceipt(place, {
    push,
    file,
    fileDigest,
    pushed,
    head,
    at: new Date().toISOString(),
  });
  await agent.state.removePending(place);
  return { collaboration: place.collaboration, dataset: place.dataset, push, report, ...summary };
}

async function tokensOf(
  { agent, membership, place }: PushedDataset,
  { timeoutMs, progress }: PushContext,
  { push, prepared, traceparent }: { push: string; prepared: Prepared; traceparent: string },
): Promise<Uint8Array[]> {
  const identifiers = prepared.rows.map(({ identifier }) => identifier);
  if (membership.collaboration.matching.sender !== agent.self.provider) {
    return requestTokens(agent, { membership, place, push, traceparent, timeoutMs, progress }, identifiers);
  }
  return evaluateOwn(agent, place, identifiers, progress);
}

async function evaluateOwn(
  agent: Agent,
  { collaboration, epoch }: DatasetPlace,
  identifiers: readonly Uint8Array[],
  progress: Progress,
): Promise<Uint8Array[]> {
  const key = agent.keys.epochKey(collaboration, epoch);
  progress.begin("evaluate");
  const tokens: Uint8Array[] = [];
  for (const batch of inBatches(identifiers)) {
    tokens.push(...ownTokens(key, batch));
    progress.update("evaluate", tokens.length, identifiers.length);
    await turn();
  }
  return tokens;
}

async function digestFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new PavilionError("INPUT_UNREADABLE", `The file ${file} cannot be read (${code}).`);
  }
  return hash.digest("hex");
}

function missingToken(): never {
  throw new Error("fewer tokens than rows");
}
