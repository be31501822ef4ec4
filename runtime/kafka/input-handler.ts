/**
 * One partition's inputs, one at a time: read, handled, tried again, given up; and all that can be seen of it. Whatever
 * waits here holds up its partition alone, and the feed pauses behind it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { EventName } from "../../schemas/avro/index.ts";
import { persist, type OnFailure } from "../failures/persistence.ts";
import { portAwayBy, type Port } from "../failures/passing.ts";
import type { Log } from "../log.ts";
import type { Codec } from "../registry/codec.ts";
import type { Stage } from "../contract/stage.ts";
import type { Emission, Input, StageTask } from "../task.ts";
import type { StageMetrics } from "../telemetry/metrics.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { readInput, type FetchedRecord } from "./fetched-record.ts";

export interface HandlerContext<E extends EventName, P> {
  readonly task: StageTask<E, P>;
  readonly stage: Stage<E, P>;
  readonly partition: number;
  /** The region's partition count. */
  readonly partitions: number;
  readonly codec: Codec;
  readonly telemetry: Telemetry;
  readonly metrics: StageMetrics;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface Handled {
  readonly emissions: readonly Emission[];
  /** Told once the transaction that carries it has ended, one way or the other; not where there is none. */
  readonly end: (outcome: "committed" | "aborted") => void;
}

export class InputHandler<E extends EventName, P> {
  readonly #context: HandlerContext<E, P>;
  #waitsFor: Port | undefined;

  constructor(context: HandlerContext<E, P>) {
    this.#context = context;
  }

  /** The port that the input in hand waits for. */
  get waitsFor(): Port | undefined {
    return this.#waitsFor;
  }

  /**
   * Reads a record and handles it; waits for as long as a port is away. Where `hopeless` is the failure that an earlier
   * attempt met for good, the input is given up. Throws once the signal is aborted.
   */
  async handle(record: FetchedRecord, hopeless?: unknown): Promise<Handled> {
    const input = await this.#read(record);
    const startedAt = Date.now();
    const start = performance.now();
    const emissions = hopeless === undefined ? await this.#take(input) : this.#abandon(input, 1, hopeless);
    const seconds = (performance.now() - start) / 1000;
    if ("skipped" in input.content) return { emissions, end: () => undefined };
    if (emissions.length === 0) {
      // Every stage hears every tick: those that lead to nothing would drown the rest.
      if (input.topic !== "clock.ticks") this.#context.metrics.handled(seconds);
      return { emissions, end: () => undefined };
    }
    this.#context.metrics.handled(seconds);
    return this.#led(input, emissions, startedAt);
  }

  /** The emissions join the trace of what they were derived from. */
  #led(input: Input, emissions: readonly Emission[], startedAt: number): Handled {
    const { task, stage, partition, telemetry, metrics } = this.#context;
    const code = this.#tell(input, emissions);
    const span = telemetry.tracing.start({
      stage: stage.name,
      topic: input.address,
      partition,
      offset: input.offset,
      requestId: task.about(input).requestId,
      traceparent: input.traceparent,
      startedAt,
    });
    const { traceparent } = span;
    return {
      emissions:
        traceparent === input.traceparent
          ? emissions
          : emissions.map((emission) => ({ ...emission, traceparent })),
      end: (outcome) => {
        span.end(outcome, code);
        if (outcome === "committed") metrics.ended((Date.now() - input.time) / 1000);
      },
    };
  }

  /** Logs and counts; answers the code where the input went to the dead letters. */
  #tell(input: Input, emissions: readonly Emission[]): string | undefined {
    const { log, metrics } = this.#context;
    const keys = this.#logKeysOf(input);
    const letter = emissions.find(({ topic }) => topic === "dead-letter")?.value;
    if (letter !== undefined && "attempts" in letter) {
      const { code, attempts, cause } = letter;
      metrics.deadLetter(code);
      log.warn({ ...keys, offset: String(input.offset), code, attempts, cause }, "input is rejected");
      return code;
    }
    const told = { ...keys, emitted: [...new Set(emissions.map(({ topic }) => topic))] };
    if (keys.requestId === undefined) log.debug(told, "input is handled");
    else log.info(told, "input is handled");
    return undefined;
  }

  async #read(record: FetchedRecord): Promise<Input> {
    const { telemetry, log } = this.#context;
    const read = (): Promise<Input> => telemetry.registry.run(() => readInput(record, this.#context));
    const outcome = await this.#persist(read, (error, attempts) => {
      log.warn({ error, topic: record.address, attempts }, "record cannot be read yet");
    });
    if ("value" in outcome) return outcome.value;
    throw outcome.error;
  }

  async #take(input: Input): Promise<Emission[]> {
    const { task } = this.#context;
    const outcome = await this.#persist(
      () => task.take(input),
      (error, attempts) => {
        this.#context.log.warn({ ...this.#logKeysOf(input), error, attempts }, "handler failed");
      },
    );
    return "value" in outcome ? outcome.value : this.#abandon(input, outcome.attempts, outcome.error);
  }

  #abandon(input: Input, attempts: number, error: unknown): Emission[] {
    return this.#context.task.abandon(input, attempts, error);
  }

  /** What an input is and whom it is about: the request and its tenant, or whoever owns the topic. */
  #logKeysOf(input: Input): { topic: string; requestId?: string; tenant?: string } {
    const { requestId, tenant = input.owner } = this.#context.task.about(input);
    return {
      topic: input.address,
      ...(requestId === undefined ? {} : { requestId }),
      ...(tenant === undefined ? {} : { tenant }),
    };
  }

  async #persist<T>(attempt: () => Promise<T>, onFailure: OnFailure): ReturnType<typeof persist<T>> {
    const { signal, metrics } = this.#context;
    try {
      return await persist(attempt, signal, (error, attempts) => {
        this.#waitsFor = portAwayBy(error);
        metrics.failed(error);
        onFailure(error, attempts);
      });
    } finally {
      this.#waitsFor = undefined;
    }
  }
}

/** Waits; ends early when the signal is aborted. */
export const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  sleep(milliseconds, undefined, { signal }).catch(() => undefined);
