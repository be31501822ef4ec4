/**
 * A push: reads the provider's file, makes the tokens of its people, seals tokens and values to the region, and hands
 * them over. What the connector sees is sealed batches in an order that is not the file's.
 *
 * Run again after it was cut off, it first finishes what it had sealed; a push that had got less far begins anew.
 */
import { createHash, randomBytes, randomInt } from "node:crypto";
import { createReadStream } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { readTerms } from "../../runtime/kafka/terms.ts";
import { PavilionError } from "../../runtime/errors.ts";
import { topicFor } from "../../schemas/topics.ts";
import type { Participant } from "../../schemas/json/collaboration.ts";
import type { Agent } from "./agent.ts";
import { inBatches, shuffle } from "./batches.ts";
import { requireMembership, type Membership } from "./membership.ts";
import { readRows } from "./csv.ts";
import { deliver } from "./delivery.ts";
import { requestTokens } from "./matching.ts";
import { ownTokens } from "./oprf-sender.ts";
import type { Progress } from "./progress.ts";
import { freshTraceparent } from "../../runtime/kafka/publisher.ts";
import { endOf } from "../../runtime/kafka/reader.ts";
import { writeReport } from "./report.ts";
import {
  prepareRows,
  sourcesOf,
  summarise,
  type Prepared,
  type PreparedRow,
  type RowSummary,
} from "./rows.ts";
import { sealBatch } from "./sealing.ts";
import type { DatasetPlace, PendingBatch, PendingPush } from "./state-folder.ts";

export interface PushOrder {
  readonly collaboration: string;
  readonly file: string;
  /** Longest wait for an answer, in milliseconds. */
  readonly timeoutMs: number;
  readonly progress: Progress;
}

/** For the provider itself. */
export interface PushSummary extends RowSummary {
  readonly collaboration: string;
  readonly dataset: string;
  readonly push: string;
  /** The file that names each row at fault. */
  readonly report: string;
}

interface Push {
  readonly agent: Agent;
  readonly order: PushOrder;
  readonly membership: Membership;
  readonly place: DatasetPlace;
  /** Random, 32 hex digits. */
  readonly id: string;
  readonly traceparent: string;
}

interface TokenRow {
  readonly row: PreparedRow;
  readonly token: Uint8Array;
}

/**
 * Resolves when ingest has accepted every batch. Throws INPUT_UNREADABLE, UNKNOWN_COLLABORATION, NOT_HOME_REGION,
 * NOT_A_MEMBER, DATASET_TOO_LARGE, CHURN_LIMIT, TIMED_OUT, PUSH_REJECTED, and what `requestTokens` throws.
 */
export async function pushFile(agent: Agent, order: PushOrder): Promise<PushSummary> {
  const fileDigest = await digestFile(order.file);
  const membership = await findMembership(agent, order.collaboration);
  const { collaboration, participant } = membership;
  const place = {
    collaboration: collaboration.id,
    epoch: collaboration.matching.epoch,
    dataset: participant.dataset,
  };
  const push: Push = {
    agent,
    order,
    membership,
    place,
    id: randomBytes(16).toString("hex"),
    traceparent: freshTraceparent(),
  };
  const finished = await finishPending(push);
  if (finished?.fileDigest === fileDigest) return summaryOf(place, finished);
  const prepared = await prepareFile(push);
  const report = await writeReport(agent.state.path, place.dataset, push.id, prepared.faults);
  requireWithinLimits(prepared, participant);
  const pending = await sealPush(push, prepared, { fileDigest, report });
  const { timeoutMs, progress } = order;
  const { traceparent } = push;
  await deliver(agent, { place, pending, traceparent, timeoutMs, progress, send: true, resumed: false });
  return summaryOf(place, pending);
}

const summaryOf = (
  { collaboration, dataset }: DatasetPlace,
  { push, report, summary }: PendingPush,
): PushSummary => ({
  collaboration,
  dataset,
  push,
  report,
  ...summary,
});

async function findMembership(
  { self, kafka, codec, log }: Agent,
  collaboration: string,
): Promise<Membership> {
  const { collaborations } = await readTerms({
    ...{ kafka, codec, region: self.region, log },
    reader: { role: "provider", id: self.provider },
  });
  return requireMembership(collaborations, collaboration, self);
}

/** The push that an earlier run sealed and did not settle, once it is settled; undefined where there is none. */
async function finishPending({ agent, order, membership, place }: Push): Promise<PendingPush | undefined> {
  const pending = await agent.state.readPending(place);
  if (pending === undefined) return undefined;
  const isCurrent =
    pending.version === membership.collaboration.version && pending.regionKey === keyText(agent.regionKey);
  agent.log.info({ push: pending.push, send: isCurrent }, "an earlier push is finished first");
  const { timeoutMs, progress } = order;
  await deliver(agent, { place, pending, timeoutMs, progress, send: isCurrent, resumed: true });
  return isCurrent ? pending : undefined;
}

async function prepareFile({ order, membership }: Push): Promise<Prepared> {
  const { collaboration, participant } = membership;
  const { progress, file } = order;
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

/** Makes the tokens and leaves the sealed push in the state folder. */
async function sealPush(
  push: Push,
  prepared: Prepared,
  told: { fileDigest: string; report: string },
): Promise<PendingPush> {
  const { agent, membership, place } = push;
  const tokens = await tokensOf(push, prepared);
  const records = prepared.rows.map((row, index) => ({ row, token: tokens[index] ?? missingToken() }));
  const pending = {
    push: push.id,
    version: membership.collaboration.version,
    regionKey: keyText(agent.regionKey),
    noticesFrom: String(await endOf(agent.kafka, noticesTopic(agent))),
    summary: summarise(prepared),
    ...told,
  };
  await agent.state.writePending(place, pending, sealBatches(push, shuffle(records, randomInt)));
  return pending;
}

async function tokensOf(push: Push, { rows }: Prepared): Promise<Uint8Array[]> {
  const { agent, order, membership, place, id, traceparent } = push;
  const identifiers = rows.map(({ identifier }) => identifier);
  if (membership.collaboration.matching.sender !== agent.self.provider) {
    const { timeoutMs, progress } = order;
    const matching = { membership, place, push: id, traceparent, timeoutMs, progress };
    return requestTokens(agent, matching, identifiers);
  }
  const key = agent.keys.epochKey(place.collaboration, place.epoch);
  order.progress.begin("evaluate");
  const tokens: Uint8Array[] = [];
  for (const batch of inBatches(identifiers)) {
    tokens.push(...ownTokens(key, batch));
    order.progress.update("evaluate", tokens.length, identifiers.length);
    await turn();
  }
  return tokens;
}

async function* sealBatches(push: Push, records: readonly TokenRow[]): AsyncGenerator<PendingBatch> {
  const { agent, order, membership, place, id } = push;
  const context = {
    regionKey: agent.regionKey,
    sign: agent.keys.identity.sign,
    slot: membership.collaboration.providers.indexOf(membership.participant),
    columns: membership.participant.columns,
    randomBytes,
    place: { ...place, version: membership.collaboration.version, provider: agent.self.provider, push: id },
  };
  let previous = await agent.state.readHead(place);
  let done = 0;
  order.progress.begin("seal");
  for (const batch of inBatches(records)) {
    const sealing = batch.map(({ row, token }) => ({ token, values: row.values }));
    done += batch.length;
    const sealed = await sealBatch(context, sealing, previous, done === records.length);
    previous = sealed.head;
    order.progress.update("seal", done, records.length);
    yield { ...sealed, rows: batch.map(({ row }) => row.row) };
  }
}

async function digestFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new PavilionError("INPUT_UNREADABLE", `File ${file} cannot be read (${code}).`);
  }
  return hash.digest("hex");
}

const keyText = (key: Uint8Array): string => Buffer.from(key).toString("base64url");

const noticesTopic = ({ self }: Agent): string =>
  topicFor(self.region, "provider.notices.<provider>", self.provider);

function missingToken(): never {
  throw new Error("fewer tokens than rows");
}
