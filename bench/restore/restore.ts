/**
 * How long a stage with a large state takes from owning its partition to serving it: from its folder, beside a replay of
 * the whole changelog into memory. What is measured, and how, stands in bench/README.md.
 */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { createTopics } from "../../runtime/kafka/admin.ts";
import { headersOf } from "../../runtime/kafka/cloudevents.ts";
import { openLog } from "../../runtime/log.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import { changelogTopic, topicFor } from "../../schemas/topics.ts";
import { startSurroundings, type Surroundings } from "../hops/surroundings.ts";
import { quantile } from "../quantile.ts";
import type { Comparison } from "../report.ts";
import { entriesEach, filling } from "./stage.ts";
import { topics } from "../../pipelines/pipelines.ts";

const entries = 200_000;
const runs = 3;
const region = "restore";
const inputs = entries / entriesEach;
const log = openLog({ service: "bench" }, "silent");
const run = promisify(execFile);

interface Owned {
  readonly seconds: number;
  /** Resident, in MiB. */
  readonly memory: number;
}

export async function measureRestore(dir: string, tell: (line: string) => void): Promise<Comparison[]> {
  tell("starting Kafka and the schema registry …");
  const surroundings = await startSurroundings(dir, log);
  try {
    const config = join(dir, "config.json");
    const { access, registryUrl } = surroundings;
    writeFileSync(config, JSON.stringify({ access, registryUrl, region, partitions: 1 }), { mode: 0o600 });
    await fill(surroundings);
    const folder = join(dir, "state");
    tell(`a stage takes in ${String(entries)} entries …`);
    await own(config, inputs, folder);
    const [fromFolder, replayed]: [Owned[], Owned[]] = [[], []];
    for (let time = 0; time < runs; time++) {
      fromFolder.push(await own(config, 0, folder));
      replayed.push(await own(config, 0));
      const last = [fromFolder, replayed].map((owned) => `${(owned.at(-1)?.seconds ?? 0).toFixed(2)} s`);
      tell(`restored: from the folder ${last[0] ?? ""}, by a replay into memory ${last[1] ?? ""}`);
    }
    return rowsOf(fromFolder, replayed);
  } finally {
    await surroundings.stop();
  }
}

function rowsOf(fromFolder: readonly Owned[], replayed: readonly Owned[]): Comparison[] {
  const median = (owned: readonly Owned[], figure: keyof Owned): number =>
    quantile(
      owned.map((one) => one[figure]),
      0.5,
    );
  const referenceName = "a replay into memory";
  const state = `${String(entries)} entries`;
  return [
    {
      ...{ what: `restore of ${state}`, unit: "s", referenceName, goal: { atMost: 0.1 } },
      ...{ ours: median(fromFolder, "seconds"), reference: median(replayed, "seconds") },
    },
    {
      ...{ what: `memory after it`, unit: "MiB", referenceName, goal: { atMost: 0.7 } },
      ...{ ours: median(fromFolder, "memory"), reference: median(replayed, "memory") },
    },
  ];
}

/** One owner after another, each a process of its own. */
async function own(config: string, count: number, folder?: string): Promise<Owned> {
  const entry = join(import.meta.dirname, "owner.ts");
  const args = [entry, config, String(count)];
  const { stdout } = await run(process.execPath, folder === undefined ? args : [...args, folder]);
  return JSON.parse(stdout) as Owned;
}

/** Writes the inputs. */
async function fill({ access, registryUrl }: Surroundings): Promise<void> {
  const kafka = connectKafka(access, "bench", log);
  const admin = kafka.admin();
  await admin.connect();
  const address = topicFor(region, "dataset.heads");
  const plain = { partitions: 1, config: {} };
  await createTopics(admin, [
    { ...plain, name: address },
    { ...plain, name: topicFor(region, "audit.events") },
    { ...plain, name: changelogTopic(region, filling.name), config: { "cleanup.policy": "compact" } },
  ]);
  await admin.disconnect();
  const codec = await openCodec(registryUrl, topics);
  const producer = kafka.producer();
  await producer.connect();
  const rest = { collaboration: "c", epoch: 1, provider: "p", dataset: "d", sequence: 1 };
  for (let head = 0; head < inputs; head++) {
    const value = { ...rest, head: String(head), complete: true, signature: "" };
    const headers = headersOf({
      ...{ id: String(head), type: "DatasetHead" as const, source: "/bench", time: Date.now() },
      ...{ subject: "d", traceparent: "" },
    });
    const message = { key: "d", value: await codec.encode("dataset.heads", "DatasetHead", value), headers };
    await producer.send({ topic: address, messages: [message] });
  }
  await producer.disconnect();
}
