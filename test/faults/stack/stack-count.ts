/**
 * The count of a stack after faults, to the last record, from what stands in its topics and in its log: each request has
 * one result, each charged answer one spend and one bundle, what was spent is the sum of the answers' ε, each hostile
 * record has its own end and nobody else's, and evidence holds.
 */
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Kafka } from "kafkajs";
import { addFractions, formatFraction, parseFraction } from "../../../crypto/fraction/fraction.ts";
import { stages } from "../../../pipelines/pipelines.ts";
import { eventTypeOf } from "../../../runtime/kafka/cloudevents.ts";
import type { KafkaRecord } from "../../../runtime/kafka/wire/record.ts";
import { readWhole } from "../../../runtime/kafka/reader.ts";
import type { Codec } from "../../../runtime/registry/codec.ts";
import type { EventName, EventTypes, Result } from "../../../schemas/avro/index.ts";
import type { EvidenceBundleDocument } from "../../../schemas/json/evidence-bundle.ts";
import { deadLetterTopic, topicFor, type TopicName } from "../../../schemas/topics.ts";
import { limitMs } from "../fault-rig.ts";
import type { HostileLoad } from "./hostile-load.ts";
import type { RequestLoad } from "./request-load.ts";
import { region, type StackRig } from "./stack-rig.ts";

const verifiedMax = 5;
const shownMax = 3;
const againAfterMs = 3_000;
const recountsMax = 3;

export interface StackCount {
  readonly requests: number;
  readonly answers: number;
  readonly hostile: number;
  readonly letters: number;
  /** What is not as it must be; empty where everything is. */
  readonly problems: readonly string[];
}

interface Letter {
  readonly stage: string;
  /** `topic/partition/offset` of its input. */
  readonly place: string;
}

interface Standing {
  readonly results: readonly Result[];
  readonly bundles: readonly EventTypes["EvidenceBundle"][];
  readonly spends: readonly string[];
  readonly accepted: readonly string[];
  readonly letters: readonly Letter[];
  /** Digests of records that nobody signed: a reply has whoever they say that they are from, if anybody. */
  readonly declined: readonly string[];
  /** Requests that came again as they were. */
  readonly copies: number;
}

/** Waits until everything that was asked has come to its end, and counts. */
export async function countStack(
  rig: StackRig,
  requests: RequestLoad,
  hostile: HostileLoad,
): Promise<StackCount> {
  const codec = await rig.codec();
  let standing = await standingOf(rig, codec);
  // However much the faults left to do: what goes on is waited for.
  let open = unfinished(standing, requests);
  for (let deadline = performance.now() + limitMs; open > 0 && performance.now() < deadline;) {
    await sleep(againAfterMs);
    standing = await standingOf(rig, codec);
    const left = unfinished(standing, requests);
    if (left < open) deadline = performance.now() + limitMs;
    open = left;
  }
  // What was published last may still be on its way; what is wrong stays wrong.
  let problems = await problemsIn(standing, rig, requests, hostile);
  for (let left = recountsMax; problems.length > 0 && left > 0; left--) {
    await sleep(againAfterMs);
    standing = await standingOf(rig, codec);
    problems = await problemsIn(standing, rig, requests, hostile);
  }
  return {
    requests: requests.sure.length,
    answers: standing.results.filter(isCharged).length,
    hostile: hostile.published.length,
    letters: standing.letters.length,
    problems,
  };
}

async function problemsIn(
  standing: Standing,
  rig: StackRig,
  requests: RequestLoad,
  hostile: HostileLoad,
): Promise<string[]> {
  const charged = standing.results.filter(isCharged);
  return [
    ...brief(resultsOf(standing, requests)),
    ...chargesOf(standing, charged),
    ...hostileOf(standing, requests, hostile),
    ...brief(doubled(standing.accepted).map((batch) => `batch ${batch} was accepted twice`)),
    ...(await auditOf(rig, charged)),
    ...(await evidenceOf(rig, standing)),
  ];
}

/** The first of a kind, and how many there are. */
const brief = (problems: readonly string[]): string[] =>
  problems.length <= shownMax
    ? [...problems]
    : [...problems.slice(0, shownMax), `and ${String(problems.length - shownMax)} more of the same kind`];

const isCharged = ({ answer }: Result): boolean => answer !== null && answer.epsilonSpent !== "0";

function unfinished({ results, bundles }: Standing, { sure }: RequestLoad): number {
  const known = new Set(results.map(({ requestDigest }) => requestDigest));
  const proven = new Set(bundles.map(({ requestDigest }) => requestDigest));
  const open = sure.filter(({ digest }) => !known.has(digest)).length;
  return open + results.filter(isCharged).filter(({ requestDigest }) => !proven.has(requestDigest)).length;
}

async function standingOf(rig: StackRig, codec: Codec): Promise<Standing> {
  const kafka = rig.operatorKafka();
  const read = async <N extends EventName>(
    topic: TopicName,
    type: N,
    owner?: string,
  ): Promise<EventTypes[N][]> => {
    const records = await recordsIn(kafka, topicFor(region, topic, owner));
    const own = records.filter(({ headers }) => eventTypeOf(headers) === type);
    return Promise.all(own.map(({ value }) => codec.decode(topic, type, value ?? Buffer.alloc(0))));
  };
  const letterTopics = stages.map(({ name }) => deadLetterTopic(region, name));
  const letterRecords = await Promise.all(letterTopics.map((topic) => recordsIn(kafka, topic)));
  const letters = await Promise.all(
    letterRecords.flat().map(({ value }) => codec.decodePlain("DeadLetter", value ?? Buffer.alloc(0))),
  );
  const leaves = await read("proofs.anchored", "AnchoredLeaf");
  const audit = await read("audit.events", "AuditEvent");
  const refusals = await read("result.refusals", "Refusal");
  return {
    results: await read("broker.results.<broker>", "Result", "core"),
    bundles: await read("evidence.bundles", "EvidenceBundle"),
    spends: leaves.flatMap(({ kind, requestDigest }) => (kind === "spend" ? [requestDigest ?? ""] : [])),
    accepted: audit
      .filter(({ action }) => action === "batch.accepted")
      .map(({ tenant, details }) => `${tenant} ${details.sequence ?? ""}`),
    declined: refusals.flatMap(({ unsigned, request }) => (unsigned ? [request.digest] : [])),
    copies: audit.filter(({ action }) => action === "request.duplicate").length,
    letters: letters.map(({ stage, sourceTopic, sourcePartition, sourceOffset }) => ({
      stage,
      place: `${sourceTopic}/${String(sourcePartition)}/${String(sourceOffset)}`,
    })),
  };
}

/** All that stands committed in a topic, to its end as it is now. */
async function recordsIn(kafka: Kafka, topic: string): Promise<KafkaRecord[]> {
  const records: KafkaRecord[] = [];
  await readWhole(kafka, {
    ...{ topic, group: `count.${randomUUID()}`, from: "beginning" },
    handle: (record) => {
      records.push(record);
      return Promise.resolve();
    },
  });
  return records;
}

function resultsOf({ results }: Standing, { sure, unsure }: RequestLoad): string[] {
  const times = timesOf(results.map(({ requestDigest }) => requestDigest));
  return [
    ...sure
      .filter(({ digest }) => times.get(digest) !== 1)
      .map(
        ({ digest, request }) => `request ${request.requestId} has ${String(times.get(digest) ?? 0)} results`,
      ),
    ...unsure
      .filter(({ digest }) => (times.get(digest) ?? 0) > 1)
      .map(({ request }) => `request ${request.requestId}, published perhaps, has more than one result`),
  ];
}

function chargesOf({ spends, bundles }: Standing, charged: readonly Result[]): string[] {
  const digests = charged.map(({ requestDigest }) => requestDigest);
  const proven = bundles.map(({ requestDigest }) => requestDigest);
  return [
    ...brief(differing("spend leaves", spends, digests)),
    ...brief(differing("bundles", proven, digests)),
  ];
}

/** Each of these once, and nothing else. */
function differing(what: string, found: readonly string[], wanted: readonly string[]): string[] {
  const times = timesOf(found);
  const known = new Set(wanted);
  return [
    ...wanted
      .filter((digest) => times.get(digest) !== 1)
      .map((digest) => `${what}: ${String(times.get(digest) ?? 0)} of the answer to ${digest}`),
    ...[...times.keys()]
      .filter((digest) => !known.has(digest))
      .map((digest) => `${what}: one of ${digest}, which has no answer`),
  ];
}

/**
 * A hostile record ends in one letter of each stage that reads its topic, in one refusal of its own, or, where it is a copy,
 * in a note of that; no letter is a genuine record's.
 */
function hostileOf(
  { letters, copies, declined, results }: Standing,
  { sure, unsure }: RequestLoad,
  { published }: HostileLoad,
): string[] {
  const own = new Set([...sure, ...unsure].map(({ digest }) => digest));
  const strangers = results.filter(({ requestDigest }) => !own.has(requestDigest));
  const places = new Set(published.map(({ place }) => place));
  const perhaps = published.filter(({ place }) => place === undefined).length;
  const unknown = [...new Set(letters.map(({ place }) => place).filter((place) => !places.has(place)))];
  const lettered = new Set(letters.map(({ place }) => place));
  const silent = published.filter(({ place }) => place !== undefined && !lettered.has(place));
  return [
    ...doubled(letters.map(({ stage, place }) => `${place} has two dead letters of ${stage}`)),
    ...(unknown.length > perhaps
      ? [
          `${String(unknown.length)} letters are of records that nobody hostile published: ${unknown.slice(0, 3).join(", ")}`,
        ]
      : []),
    ...strangers
      .filter(({ answer }) => answer !== null)
      .map(({ requestId }) => `a stranger's record ${requestId} was answered`),
    ...doubled(strangers.map(({ requestDigest }) => requestDigest)).map(
      (digest) => `a stranger's ${digest} has two results`,
    ),
    ...doubled(declined).map((digest) => `the record ${digest} is declined twice`),
    ...(silent.length > declined.length + copies
      ? [
          `${String(silent.length)} hostile records have no letter, ${String(declined.length)} a refusal, ${String(copies)} are known as copies: ${[...new Set(silent.map(({ kind }) => kind))].join(", ")}`,
        ]
      : []),
  ];
}

/** What the log itself adds up to. */
async function auditOf({ stack }: StackRig, charged: readonly Result[]): Promise<string[]> {
  const access = join(stack.dir, "auditor.json");
  const trust = join(stack.dir, "trust.json");
  await stack.pavilion.done("auditor", "admit", "--auditor", "watchdog", "--out", access);
  await stack.pavilion.done("trust", "--out", trust);
  const { code, out, err } = await stack.pavilion.run(
    "audit",
    "--access",
    access,
    "--trust",
    trust,
    "--json",
  );
  if (code !== 0) return [`the audit fails: ${out}${err}`.slice(0, 1_000)];
  const { spent } = JSON.parse(out) as { spent: Record<string, { spends: number; epsilon: string }> };
  const sum = charged
    .map(({ answer }) => parseFraction(answer?.epsilonSpent ?? "0"))
    .reduce(addFractions, parseFraction("0"));
  const all = Object.values(spent);
  const epsilon = all.map((one) => parseFraction(one.epsilon)).reduce(addFractions, parseFraction("0"));
  const spends = all.reduce((total, one) => total + one.spends, 0);
  return spends === charged.length && formatFraction(epsilon) === formatFraction(sum)
    ? []
    : [
        `the log has ${String(spends)} spends of ${formatFraction(epsilon)}, the answers ${String(charged.length)} of ${formatFraction(sum)}`,
      ];
}

async function evidenceOf({ stack }: StackRig, { bundles }: Standing): Promise<string[]> {
  const problems: string[] = [];
  const step = Math.max(1, Math.floor(bundles.length / verifiedMax));
  for (const [index, { text }] of bundles.entries()) {
    if (index % step !== 0) continue;
    const file = join(stack.dir, `bundle-${String(index)}.json`);
    writeFileSync(file, text);
    const { blockHash } = (JSON.parse(text) as EvidenceBundleDocument).log.chain;
    const args = ["verify", file, "--trust", join(stack.dir, "trust.json"), "--block", blockHash];
    const { code, out } = await stack.pavilion.run(...args);
    if (code !== 0) problems.push(`bundle ${String(index)} does not verify: ${out.slice(-500)}`);
  }
  return problems;
}

function timesOf(items: readonly string[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const item of items) times.set(item, (times.get(item) ?? 0) + 1);
  return times;
}

const doubled = (items: readonly string[]): string[] =>
  [...timesOf(items)].filter(([, count]) => count > 1).map(([item]) => item);
