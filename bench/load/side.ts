/**
 * `side.ts DIR PLAN`: a region over a thousand people under questions at a steady rate, one rate after the other. Progress goes to
 * standard error; standard output ends with one line of JSON, a list of `Load`. A program of its own, so that another version of
 * this project can be measured by it in the same run.
 */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectBroker, homeRegion, pushAll, setScene, signFresh, type Scene } from "../../cli/demo/scene.ts";
import { requestDraft } from "../../examples/example.ts";
import { openLog } from "../../runtime/log.ts";
import type { BrokerClient } from "../../services/clients/broker/client.ts";
import { smallFiles } from "../../test/integration/small-files.ts";
import { quantile } from "../quantile.ts";

export interface LoadPlan {
  /** Questions a second, one after the other, each for so many seconds. */
  readonly rates: readonly number[];
  readonly seconds: number;
}

export interface Load {
  readonly rate: number;
  readonly asked: number;
  /** Refused, by code, and what was never answered, as `TIMED_OUT`. */
  readonly unanswered: Readonly<Record<string, number>>;
  /** From just before it is published to its result, in milliseconds; 0 where nothing was answered. */
  readonly p50: number;
  readonly p99: number;
  /** Medians of the second minute and of the last; 0 where there are no two minutes. */
  readonly second: number;
  readonly last: number;
  /** The connector's processor time a question, without its proofs, in milliseconds. */
  readonly processor: number;
  /** The connector's resident memory at the end, in MiB. */
  readonly memory: number;
  /** Bundles that were missing when the last question was answered, and how long until none was, in seconds; null where that did not come. */
  readonly backlog: number;
  readonly drained: number | null;
}

const people = 1_000;
/** How long it is waited for evidence after each rate. */
const drainLimitMs = 90_000;
const deadlineSeconds = 60;
const log = openLog({ service: "bench" }, "silent");
const tell = (line: string): void => void process.stderr.write(`  ${line}\n`);

async function measure(folder: string, { rates, seconds }: LoadPlan): Promise<Load[]> {
  const much = { epsilon: "100000", delta: "1/1000" };
  const windows = [{ days: 30, epsilon: "100000", delta: "1/1000" }];
  const scene = await setScene(folder, log, {
    amendPopulation: (example) => ({
      ...example,
      homes: example.homes.map((home) => ({ ...home, share: { ...much, windows } })),
      budget: { ...much, windows },
    }),
  });
  try {
    const connector = await scene.stack.startConnector(homeRegion);
    await pushAll(scene, smallFiles(folder, people), () => undefined);
    const client = await connectBroker(scene, homeRegion, log);
    const evidence = await followEvidence(scene);
    const asking = new Asking(scene, client);
    await asking.at(1, 10);
    const loads: Load[] = [];
    for (const rate of rates) {
      const load = await loadAt({ rate, seconds }, asking, { pid: connector.pid, evidence });
      tell(
        `${String(rate)}/s for ${String(seconds)} s: p50 ${String(load.p50)} ms, p99 ${String(load.p99)} ms, ` +
          `${String(load.processor)} ms of processor a question, ${String(load.backlog)} bundles behind`,
      );
      loads.push(load);
    }
    await client.close();
    return loads;
  } finally {
    await scene.stack.stop();
  }
}

interface Answered {
  /** When it was asked, in milliseconds since the rate's start. */
  readonly at: number;
  readonly ms: number;
}

interface Asked {
  readonly asked: number;
  readonly answers: readonly Answered[];
  readonly unanswered: ReadonlyMap<string, number>;
}

class Asking {
  readonly #scene: Scene;
  readonly #client: BrokerClient;
  #number = 0;

  constructor(scene: Scene, client: BrokerClient) {
    this.#scene = scene;
    this.#client = client;
  }

  /** Resolves when every question has ended. */
  async at(rate: number, seconds: number): Promise<Asked> {
    const answers: Answered[] = [];
    const unanswered = new Map<string, number>();
    const under: Promise<void>[] = [];
    const begun = performance.now();
    for (let number = 0; number < rate * seconds; number++) {
      await sleep(Math.max(0, begun + (number * 1_000) / rate - performance.now()));
      const at = performance.now() - begun;
      under.push(
        this.#ask().then(
          ({ code, ms }) => {
            if (code === null) answers.push({ at, ms });
            else unanswered.set(code, (unanswered.get(code) ?? 0) + 1);
          },
          () => void unanswered.set("TIMED_OUT", (unanswered.get("TIMED_OUT") ?? 0) + 1),
        ),
      );
    }
    await Promise.all(under);
    return { asked: under.length, answers, unanswered };
  }

  /** Every one another question: the same one again would get its stored answer. */
  async #ask(): Promise<{ code: string | null; ms: number }> {
    const draft = requestDraft();
    const request = await signFresh(this.#scene, this.#client, {
      ...draft,
      question: { ...draft.question, groupings: [{ by: "total" as const }] },
      epsilon: `${String(10_000 + ++this.#number)}/1000000`,
      deadlineSeconds,
    });
    const begun = performance.now();
    const { code } = await this.#client.ask(request);
    return { code, ms: performance.now() - begun };
  }
}

async function loadAt(
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
  asking: Asking,
  { pid, evidence }: { readonly pid: number; readonly evidence: Evidence },
): Promise<Load> {
  const [before, bundles] = [processorOf(pid), evidence.count()];
  const { asked, answers, unanswered } = await asking.at(rate, seconds);
  const processor = processorOf(pid) - before;
  const missing = (): number => answers.length - (evidence.count() - bundles);
  const backlog = Math.max(0, missing());
  const begun = performance.now();
  while (missing() > 0 && performance.now() - begun < drainLimitMs) await sleep(500);
  const drained = missing() > 0 ? null : (performance.now() - begun) / 1_000;
  const times = answers.map(({ ms }) => ms);
  const minute = (from: number): number =>
    median(answers.filter(({ at }) => at >= from && at < from + 60_000).map(({ ms }) => ms));
  return {
    ...{ rate, asked, unanswered: Object.fromEntries(unanswered) },
    p50: median(times),
    p99: times.length === 0 ? 0 : Math.round(quantile(times, 0.99)),
    second: seconds >= 120 ? minute(60_000) : 0,
    last: seconds >= 120 ? minute((seconds - 60) * 1_000) : 0,
    processor: Number((processor / Math.max(1, answers.length)).toFixed(1)),
    memory: memoryOf(pid),
    ...{ backlog, drained },
  };
}

const median = (samples: readonly number[]): number =>
  samples.length === 0 ? 0 : Math.round(quantile(samples, 0.5));

interface Evidence {
  readonly count: () => number;
}

/** How many bundles stand on the topic, counted as they come. */
async function followEvidence({ stack }: Scene): Promise<Evidence> {
  let count = 0;
  const consumer = stack.kafka.consumer({ groupId: `bench.${randomUUID()}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [`${homeRegion}.evidence.bundles`], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: () => {
      count += 1;
      return Promise.resolve();
    },
  });
  return { count: () => count };
}

/** Milliseconds that a process's threads have used, but for those that make proofs: they run at the lowest priority. */
function processorOf(pid: number): number {
  const tasks = join("/proc", String(pid), "task");
  const ticks = readdirSync(tasks).map((task) => {
    const stat = readFileSync(join(tasks, task, "stat"), "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [user = 0, system = 0, nice = 0] = [fields[11], fields[12], fields[16]].map(Number);
    return nice >= 19 ? 0 : user + system;
  });
  return ticks.reduce((sum, each) => sum + each, 0) * 10;
}

function memoryOf(pid: number): number {
  const status = readFileSync(join("/proc", String(pid), "status"), "utf8");
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1_024);
}

const [dir = "", plan = ""] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(await measure(dir, JSON.parse(plan) as LoadPlan))}\n`);
process.exit(0);
