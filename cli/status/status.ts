/**
 * `status [--config CONNECTOR.json] [--region R] [--watch] [--json]`: how the stages of a running connector stand: the one
 * that a configuration is of, or a region's of the running stack, with how the stack's processes stand.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { readConfig, readSecret } from "../../runtime/config.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { readStandings } from "../../services/stack/standings.ts";
import type { NamedStanding } from "../../services/stack/stack.ts";
import { stageNames } from "../dead-letters/letters.ts";
import { stackFolder } from "../home.ts";
import { connectorConfigOf } from "../stack/running.ts";
import { LetterCounts, type LetterCount } from "./letter-counts.ts";
import { overviewLines, overviewOf, type Overview } from "./overview.ts";
import { fetchSamples, type Samples } from "./samples.ts";

const firstPauseMs = 1_000;
const watchPauseMs = 2_000;
const kafkaLimitMs = 15_000;
const exitGraceMs = 1_000;
const clearScreen = "\u001b[H\u001b[2J";

interface Given {
  readonly config: string | undefined;
  readonly region: string | undefined;
  readonly watch: boolean;
  readonly json: boolean;
}

/** With `watch` it goes on until it is interrupted. The exit code is 1 where the connector does not answer. */
export async function status(given: Given): Promise<number> {
  const config = readConfig("connector-config", given.config ?? connectorConfigOf(given.region));
  const processes = given.config === undefined ? () => readStandings(stackFolder()) : () => [];
  const watch = new Watch(config, processes);
  try {
    for (;;) {
      const { overview, failure } = await watch.take(given.watch ? watchPauseMs : firstPauseMs);
      // Where nobody keeps the connector running, there is nothing else to tell.
      if (failure !== undefined && overview.processes.length === 0) throw failure;
      if (given.json) console.log(JSON.stringify({ ...overview, ...(failure && { error: told(failure) }) }));
      else {
        if (given.watch && process.stdout.isTTY) process.stdout.write(clearScreen);
        console.log(overviewLines(overview).join("\n"));
        if (failure !== undefined) console.error(`pavilion: ${failure.code}: ${failure.message}`);
      }
      if (!given.watch) return failure === undefined ? 0 : 1;
    }
  } finally {
    await watch.close();
    // What never came would keep the process alive.
    if (watch.isStuck) setTimeout(() => process.exit(), exitGraceMs).unref();
  }
}

const told = ({ code, message, remedy }: PavilionError) => ({ code, message, remedy });

interface Taken {
  readonly overview: Overview;
  /** Why the connector's metrics are not there. */
  readonly failure?: PavilionError;
}

class Watch {
  readonly #config: ConnectorConfig;
  readonly #processes: () => readonly NamedStanding[];
  #earlier: { readonly samples: Samples; readonly at: number } | undefined;
  #counts: LetterCounts | undefined;
  #isStuck = false;

  constructor(config: ConnectorConfig, processes: () => readonly NamedStanding[]) {
    this.#config = config;
    this.#processes = processes;
  }

  /** What happened within so many milliseconds, or since the last time. */
  async take(pauseMs: number): Promise<Taken> {
    const { host, port } = endpointOf(this.#config);
    try {
      this.#earlier ??= { samples: await fetchSamples(host, port), at: performance.now() };
      await sleep(pauseMs);
      const earlier = this.#earlier;
      this.#earlier = undefined;
      const now = { samples: await fetchSamples(host, port), at: performance.now() };
      const counts = await this.#inTime(this.#letters());
      this.#earlier = now;
      const seconds = (now.at - earlier.at) / 1000;
      return { overview: overviewOf(earlier.samples, now.samples, seconds, counts, this.#processes()) };
    } catch (error) {
      if (!(error instanceof PavilionError)) throw error;
      await sleep(pauseMs);
      return { overview: { processes: this.#processes(), stages: [], breakers: {} }, failure: error };
    }
  }

  async close(): Promise<void> {
    await this.#inTime(this.#counts?.close().catch(() => undefined));
  }

  /** Whether something never came: Kafka's client may wait for good for what was under way while its broker was killed. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** Undefined where it does not come in time. */
  async #inTime<T>(work: Promise<T> | undefined): Promise<T | undefined> {
    const timer = new AbortController();
    const late = sleep(kafkaLimitMs, true, { signal: timer.signal }).catch(() => false);
    const done = Promise.resolve(work).finally(() => {
      timer.abort();
    });
    const isLate = await Promise.race([done.then(() => false), late]);
    if (!isLate) return done;
    this.#isStuck = true;
    this.#counts = undefined;
    return undefined;
  }

  /** Undefined where Kafka does not answer. */
  async #letters(): Promise<ReadonlyMap<string, LetterCount> | undefined> {
    const { kafka, region } = this.#config;
    try {
      if (this.#counts?.lasts === false) {
        await this.close();
        this.#counts = undefined;
      }
      const access = { ...kafka, password: readSecret(kafka.passwordFile) };
      this.#counts ??= await LetterCounts.open(access, region, stageNames);
      return await this.#counts?.take();
    } catch (error) {
      if (error instanceof PavilionError) throw error;
      return undefined;
    }
  }
}

function endpointOf({ metrics }: ConnectorConfig): { host: string; port: number } {
  if (metrics === undefined) {
    throw new PavilionError("METRICS_UNAVAILABLE", "The configuration names no metrics port.");
  }
  // What listens on every address is asked on this machine's own.
  const isAny = metrics.host === "0.0.0.0" || metrics.host === "::";
  return { host: metrics.host === undefined || isAny ? "127.0.0.1" : metrics.host, port: metrics.port };
}
