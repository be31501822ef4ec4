/**
 * The count of the counting pipeline, to the last record, from what stands committed in its topics: every item through
 * every hop once, each hop's counts and sums without gap or repetition, both tellings of an input alike, and state,
 * positions where the outputs say they must be, and the group's offsets not beyond them.
 */
import { isDeepStrictEqual } from "node:util";
import type { Kafka } from "kafkajs";
import type { KafkaAccess } from "../../runtime/kafka/client.ts";
import { groupOf } from "../../runtime/kafka/partition-worker.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import type { EventName, EventTypes } from "../../schemas/avro/index.ts";
import { changelogTopic, deadLetterTopic, topicFor, type TopicName } from "../../schemas/topics.ts";
import { committedOf, readStored, type Committed, type StoredRecord } from "./committed-log.ts";
import { countingKeys } from "./counting-keys.ts";
import { hops, region, tally, type Hop, type Item, type Told } from "./counting-stages.ts";

export interface Count {
  /** Items that stand in the pipeline's first topic. */
  readonly items: number;
  /** Data records that stand in the topics and do not count, since their transactions were aborted. */
  readonly aborted: number;
  /** What is not as it must be; empty where everything is. */
  readonly problems: readonly string[];
}

export interface Counted {
  /** The operator's, past the faults. */
  readonly access: KafkaAccess;
  readonly kafka: Kafka;
  /** Holds the region's keys. */
  readonly codec: Codec;
  readonly sent: readonly Item[];
  readonly unsure: readonly Item[];
}

const problemsMax = 20;

export async function countAll(counted: Counted): Promise<Count> {
  const { codec, access, sent, unsure } = counted;
  const problems: string[] = [];
  let aborted = 0;
  const readCommitted = async (topic: string): Promise<readonly StoredRecord[]> => {
    const committed = committedOf(await readStored(access, [topic]));
    aborted += committed.aborted;
    problems.push(...openIn(topic, committed));
    return committed.records;
  };
  const heads = await readCommitted(topicFor(region, hops.first.input));
  const items = await Promise.all(
    heads.map(async (record) => itemOf(await valueOf(codec, hops.first.input, "DatasetHead", record))),
  );
  problems.push(...askewIn("the load", items, sent, unsure));
  const audits = await toldInAudit(codec, await readCommitted(topicFor(region, "audit.events")));
  let inputs = heads;
  for (const [hop, type] of outputTypes) {
    const outputs = await readCommitted(topicFor(region, hop.output));
    const told = await Promise.all(
      outputs.map(async (record) => toldIn((await valueOf(codec, hop.output, type, record)).text)),
    );
    problems.push(...wrongIn(hop, items, told, audits.get(hop.stage) ?? []));
    const changelog = await readCommitted(changelogTopic(region, hop.stage));
    problems.push(...(await staleIn(hop, counted.kafka, inputs, told, changelog)));
    const letters = await readCommitted(deadLetterTopic(region, hop.stage));
    if (letters.length > 0) problems.push(`${hop.stage}: ${String(letters.length)} inputs were given up`);
    inputs = outputs;
  }
  return { items: items.length, aborted, problems: problems.slice(0, problemsMax) };
}

const outputTypes = [
  [hops.first, "MatchPreimage"],
  [hops.second, "AnchorReceipt"],
  [hops.third, "EvidenceBundle"],
] as const satisfies readonly (readonly [Hop, EventName])[];

function openIn(topic: string, { open }: Committed): string[] {
  return open === 0 ? [] : [`${topic}: ${String(open)} records of transactions that have not ended`];
}

const valueOf = <N extends EventName>(
  codec: Codec,
  topic: TopicName,
  type: N,
  { value }: StoredRecord,
): Promise<EventTypes[N]> => codec.decode(topic, type, value ?? Buffer.alloc(0));

const itemOf = ({ head, dataset, sequence }: EventTypes["DatasetHead"]): Item => ({
  ...{ id: head, key: dataset, value: sequence },
});

const toldIn = (text: string): Told => JSON.parse(text) as Told;

/** By stage. What else stands there, of inputs that were given up, the dead letters tell. */
async function toldInAudit(codec: Codec, records: readonly StoredRecord[]): Promise<Map<string, Told[]>> {
  const told = new Map<string, Told[]>();
  for (const record of records) {
    const { stage, action, details } = await valueOf(codec, "audit.events", "AuditEvent", record);
    if (action !== "counted") continue;
    const own = told.get(stage) ?? [];
    told.set(stage, own);
    own.push(toldIn(details.told ?? ""));
  }
  return told;
}

/** What was published for sure stands there once; what was published perhaps, once at most; and nothing else. */
function askewIn(
  where: string,
  found: readonly Item[],
  must: readonly Item[],
  may: readonly Item[] = [],
): string[] {
  const times = new Map<string, number>();
  for (const { id } of found) times.set(id, (times.get(id) ?? 0) + 1);
  const known = new Set([...must, ...may].map(({ id }) => id));
  return [
    ...must.filter(({ id }) => !times.has(id)).map(({ id }) => `${where}: ${id} is lost`),
    ...[...times]
      .filter(([, count]) => count > 1)
      .map(([id, count]) => `${where}: ${id} stands ${String(count)} times`),
    ...[...times.keys()].filter((id) => !known.has(id)).map((id) => `${where}: ${id} came from nowhere`),
  ];
}

function wrongIn(
  hop: Hop,
  items: readonly Item[],
  outputs: readonly Told[],
  audits: readonly Told[],
): string[] {
  const audited = new Map(audits.map((told) => [told.id, told]));
  const values = new Map(items.map(({ id, value }) => [id, value]));
  return [
    ...askewIn(`${hop.stage}'s outputs`, outputs, items),
    ...askewIn(`${hop.stage}'s audit`, audits, items),
    ...outputs
      .filter((told) => audited.has(told.id) && !isDeepStrictEqual(audited.get(told.id), told))
      .map(({ id }) => `${hop.stage}: output and audit of ${id} differ`),
    ...outputs
      .filter(({ id, value }) => values.has(id) && values.get(id) !== value)
      .map(({ id }) => `${hop.stage}: ${id} has another value`),
    ...[...Map.groupBy(outputs, ({ by }) => by)].flatMap(([by, told]) => unevenIn(hop, by, told)),
  ];
}

/** One key's counts must be 1, 2, 3 and so on, and its sums those of the values so far. */
function unevenIn(hop: Hop, by: string, told: readonly Told[]): string[] {
  let sum = 0;
  for (const [index, one] of told.toSorted((a, b) => a.count - b.count).entries()) {
    sum += one.value;
    if (one.count !== index + 1)
      return [`${hop.stage}: ${by} counts ${String(one.count)} for ${String(index + 1)}`];
    if (one.sum !== sum) return [`${hop.stage}: ${by} sums ${String(one.sum)} for ${String(sum)}`];
  }
  return [];
}

/**
 * The committed state: what was counted, and every position behind the last input; the group's offsets, which follow some seconds
 * later, not beyond it.
 */
async function staleIn(
  hop: Hop,
  kafka: Kafka,
  inputs: readonly StoredRecord[],
  told: readonly Told[],
  changelog: readonly StoredRecord[],
): Promise<string[]> {
  const states = statesIn(hop, changelog);
  const address = topicFor(region, hop.input);
  const counts = new Map<string, [number, number]>();
  for (const { by, count, sum } of told) {
    if (count > (counts.get(by)?.[0] ?? 0)) counts.set(by, [count, sum]);
  }
  const kept = new Map([...states.values()].flatMap((tables) => [...(tables.get(tally) ?? new Map())]));
  const problems = isDeepStrictEqual(kept, counts) ? [] : [`${hop.stage}: the state is not what was told`];
  const ends = Map.groupBy(inputs, ({ partition }) => partition);
  const offsets = await offsetsOf(kafka, groupOf(region, hop.stage), address);
  for (const [partition, records] of ends) {
    const position = BigInt(
      (states.get(partition)?.get("@positions")?.get(address) as string | undefined) ?? 0,
    );
    const behind = (records.at(-1)?.offset ?? 0n) + 1n;
    const place = `${hop.stage}/${String(partition)}`;
    if (position < behind)
      problems.push(`${place}: the position is ${String(position)} of ${String(behind)}`);
    if ((offsets.get(partition) ?? 0n) > position)
      problems.push(`${place}: the offset is beyond the position`);
  }
  return problems;
}

type Tables = Map<string, Map<string, unknown>>;

/** Each partition's tables, as the changelog's last record of each key leaves them. */
function statesIn(hop: Hop, changelog: readonly StoredRecord[]): Map<number, Tables> {
  const states = new Map<number, Tables>();
  for (const { partition, value } of changelog) {
    // The stages here delete nothing.
    if (value === null) continue;
    const place = `${changelogTopic(region, hop.stage)}/${String(partition)}`;
    const text = countingKeys.open(value, place).toString();
    const [table, key, entry] = JSON.parse(text) as [string, string, unknown];
    const tables: Tables = states.get(partition) ?? new Map<string, Map<string, unknown>>();
    states.set(
      partition,
      tables.set(table, (tables.get(table) ?? new Map<string, unknown>()).set(key, entry)),
    );
  }
  return states;
}

async function offsetsOf(kafka: Kafka, groupId: string, topic: string): Promise<Map<number, bigint>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const [answer] = await admin.fetchOffsets({ groupId, topics: [topic] });
    return new Map(answer?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
  } finally {
    await admin.disconnect();
  }
}
