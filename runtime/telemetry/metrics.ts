/**
 * What a connector counts and times, for Prometheus. Labels are names of the deployment: stages, declared topics,
 * partitions, ports, error codes. No label or sample holds a tenant, a provider, a request, or a count of matched people.
 *
 * Samples that say how things stand are taken when somebody asks; what is handled only adds to counters.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { TopicName } from "../../schemas/topics.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Fill } from "../contract/stage.ts";
import type { BreakerState } from "../failures/breaker.ts";
import { portAwayBy, ports, type Port } from "../failures/passing.ts";

/** How a partition stands, told by its worker when it is asked. */
export interface PartitionView {
  /** Records not handled yet, by declared topic. */
  readonly lags: () => ReadonlyMap<TopicName, number>;
  /** Records fetched and waiting. */
  readonly queued: () => number;
  readonly stateEntries: () => number;
  /** How long the last restore took; undefined before the first. */
  readonly restoreSeconds: () => number | undefined;
  /** The port that the input in hand waits for. */
  readonly waitsFor: () => Port | undefined;
  /** How full is what the stage takes only so much of. */
  readonly fills: () => readonly Fill[];
}

/** Of a partition of a stage. */
export interface PartitionFill extends Fill {
  readonly stage: string;
  readonly partition: string;
}

/** What a stage keeps in Kafka for itself. */
export type OwnTopic = "changelog" | "dead-letter";

/** From a tenth of a millisecond to a minute: an idle handler and ten proofs. */
const handlerBuckets = [
  0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60,
];
/** From ten milliseconds, below which it cannot be told. */
const loopBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const endToEndBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

const breakerValues: Readonly<Record<BreakerState, number>> = { closed: 0, "half-open": 1, open: 2 };

interface Watch {
  readonly stage: string;
  readonly partition: string;
  readonly view: PartitionView;
}

export class Metrics {
  readonly registry = new Registry();
  readonly #watches = new Set<Watch>();
  readonly #inputs = this.#counter("inputs_total", "Inputs handled, idle ticks left out.", ["stage"]);
  readonly #handler = this.#histogram(
    "handler_seconds",
    "Handling of one input, retries included.",
    handlerBuckets,
    ["stage"],
  );
  readonly #endToEnd = this.#histogram(
    "end_to_end_seconds",
    "From Kafka's timestamp of an input to the commit of what it led to.",
    endToEndBuckets,
    ["stage"],
  );
  readonly #loop = this.#histogram(
    "event_loop_held_seconds",
    "Each second, how long the event loop was held at its longest stretch.",
    loopBuckets,
    [],
  );
  readonly #retries = this.#counter("retries_total", "Attempts that failed.", ["stage", "code"]);
  readonly #deadLetters = this.#counter("dead_letters_total", "Inputs sent to the dead letters.", [
    "stage",
    "code",
  ]);
  readonly #transactions = this.#counter("transactions_total", "Transactions of Kafka, by how they ended.", [
    "stage",
    "outcome",
  ]);
  readonly #breakerState = this.#gauge("breaker_state", "0 closed, 1 half open, 2 open.", ["port"]);
  readonly #breakerOpened = this.#counter("breaker_opened_total", "How often a breaker opened.", ["port"]);

  readonly #keptRecords = this.#gauge("kept_records", "Records of a stage's changelog and dead letters.", [
    "stage",
    "topic",
  ]);
  readonly #folder = this.#gauge("state_folder_bytes", "What the states on disk take.", []);
  readonly #free = this.#gauge("state_folder_free_bytes", "Disk that is free where they lie.", []);

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    for (const port of ports) this.breaker(port, "closed");
    this.#standing(
      "lag_records",
      "Records of an input topic that a stage has not handled.",
      ["topic"],
      (view) => [...view.lags()].map(([topic, lag]) => [{ topic }, lag]),
    );
    this.#standing("queue_records", "Records fetched and waiting for their handler.", [], (view) => [
      [{}, view.queued()],
    ]);
    // Some state grows with who is in the data: it is told to a power of two.
    this.#standing(
      "state_entries",
      "Entries of a stage's state, rounded up to a power of two.",
      [],
      (view) => [[{}, roundedUp(view.stateEntries())]],
    );
    this.#standing("state_restore_seconds", "How long the last restore of a state took.", [], (view) => {
      const seconds = view.restoreSeconds();
      return seconds === undefined ? [] : [[{}, seconds]];
    });
    this.#standing(
      "waiting",
      "1 where a partition's input waits for a port that is away.",
      ["port"],
      (view) => {
        const port = view.waitsFor();
        return port === undefined ? [] : [[{ port }, 1]];
      },
    );
    this.#standing(
      "fill_ratio",
      "What is held of what a stage takes only so much of, of the most.",
      ["of"],
      (view) => view.fills().map(({ of, held, most }) => [{ of }, held / most]),
    );
  }

  /** How full is what has a limit, in all partitions of this process. */
  fills(): PartitionFill[] {
    return [...this.#watches].flatMap(({ stage, partition, view }) =>
      view.fills().map((fill) => ({ stage, partition, ...fill })),
    );
  }

  keptRecords(stage: string, topic: OwnTopic, records: number): void {
    this.#keptRecords.set({ stage, topic }, records);
  }

  stateFolder(bytes: number, free: number): void {
    this.#folder.set(bytes);
    this.#free.set(free);
  }

  stage(stage: string): StageMetrics {
    // Made now, so that a rate is known from the first sample on.
    this.#inputs.inc({ stage }, 0);
    for (const outcome of ["committed", "aborted"]) this.#transactions.inc({ stage, outcome }, 0);
    return {
      handled: (seconds) => {
        this.#inputs.inc({ stage });
        this.#handler.observe({ stage }, seconds);
      },
      ended: (seconds) => {
        this.#endToEnd.observe({ stage }, Math.max(0, seconds));
      },
      failed: (error) => {
        this.#retries.inc({ stage, code: labelOf(error) });
      },
      deadLetter: (code) => {
        this.#deadLetters.inc({ stage, code });
      },
      transaction: (outcome) => {
        this.#transactions.inc({ stage, outcome });
      },
      watch: (partition, view) => {
        const watch = { stage, partition: String(partition), view };
        this.#watches.add(watch);
        return () => void this.#watches.delete(watch);
      },
    };
  }

  /** The longest stretch of a second. */
  loopHeld(seconds: number): void {
    this.#loop.observe(seconds);
  }

  breaker(port: Port, state: BreakerState): void {
    this.#breakerState.set({ port }, breakerValues[state]);
    this.#breakerOpened.inc({ port }, state === "open" ? 1 : 0);
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name: `pavilion_${name}`, help, labelNames, registers: [this.registry] });
  }

  #gauge<L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> {
    return new Gauge({ name: `pavilion_${name}`, help, labelNames, registers: [this.registry] });
  }

  #histogram<L extends string>(name: string, help: string, buckets: number[], labelNames: L[]): Histogram<L> {
    const registers = [this.registry];
    return new Histogram({ name: `pavilion_${name}`, help, labelNames, buckets, registers });
  }

  /** A gauge over all partitions of this process, asked for at each scrape. */
  #standing(
    name: string,
    help: string,
    labels: string[],
    samples: (view: PartitionView) => [labels: Record<string, string>, value: number][],
  ): void {
    const watches = this.#watches;
    new Gauge({
      name: `pavilion_${name}`,
      help,
      labelNames: ["stage", "partition", ...labels],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const { stage, partition, view } of watches) {
          for (const [own, value] of samples(view)) this.set({ stage, partition, ...own }, value);
        }
      },
    });
  }
}

export interface StageMetrics {
  /** An input was handled; seconds with all its attempts. */
  readonly handled: (seconds: number) => void;
  /** What an input led to is committed; seconds since the broker took the input. */
  readonly ended: (seconds: number) => void;
  readonly failed: (error: unknown) => void;
  readonly deadLetter: (code: string) => void;
  readonly transaction: (outcome: "committed" | "aborted") => void;
  /** Counts a partition among those that are asked; the returned function ends it. */
  readonly watch: (partition: number, view: PartitionView) => () => void;
}

/** A code of the catalogue, of which there are few; whatever else is thrown has one name. */
function labelOf(error: unknown): string {
  if (error instanceof PavilionError) return error.code;
  return portAwayBy(error) ?? "DEFECT";
}

/** The least power of two that is not less; 0 for none. */
const roundedUp = (count: number): number => (count === 0 ? 0 : 2 ** Math.ceil(Math.log2(count)));
