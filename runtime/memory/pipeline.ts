/**
 * A whole pipeline in memory: the same tasks that run on Kafka, over logs in memory, driven by one seeded choice. Every
 * step may crash before it commits, and every record may be written twice, as a leaked aborted record would be.
 */
import { copyOf, type MemoryLog } from "./log.ts";
import type { EventName } from "../../schemas/avro/index.ts";
import { declarationOf, topicFor, type TopicName } from "../../schemas/topics.ts";
import type { Change, Stage } from "../stage.ts";
import { StageTask, type Emission, type Input } from "../task.ts";

export interface MemoryPipelineOptions<P> {
  readonly stages: readonly Stage<never, P>[];
  readonly region: string;
  readonly partitions: number;
  readonly providers: readonly string[];
  readonly ports: (partition: number) => P;
  /** A whole number from 0 to below n: the one source of order and faults. */
  readonly choose: (n: number) => number;
  /** One step in so many crashes before it commits; 0 for none. */
  readonly crashOneIn: number;
  /** One record in so many is written twice; 0 for none. */
  readonly doubleOneIn: number;
}

interface Worker<P> {
  readonly stage: Stage<never, P>;
  readonly partition: number;
  readonly inputs: readonly { topic: TopicName; provider?: string; address: string }[];
  task: StageTask<never, P>;
  readonly changelog: Change[];
}

export class MemoryPipeline<P> {
  readonly #options: MemoryPipelineOptions<P>;
  readonly #log: MemoryLog;
  readonly #workers: Worker<P>[];

  constructor(options: MemoryPipelineOptions<P>, log: MemoryLog) {
    this.#options = options;
    this.#log = log;
    const partitions = Array.from({ length: options.partitions }, (_, index) => index);
    this.#workers = options.stages.flatMap((stage) =>
      partitions.map((partition) => this.#worker(stage, partition)),
    );
  }

  /** Takes steps in chosen order until no input is left, except to the stages that are down. */
  async settle(down: readonly string[] = []): Promise<void> {
    const up = this.#workers.filter(({ stage }) => !down.includes(stage.name));
    for (;;) {
      const ready = up.flatMap((worker) =>
        worker.inputs.flatMap((input) =>
          this.#next(worker, input.address) === undefined ? [] : [{ worker, input }],
        ),
      );
      const step = ready[this.#options.choose(Math.max(ready.length, 1))];
      if (step === undefined) return;
      await this.#step(step.worker, step.input);
    }
  }

  #worker(stage: Stage<never, P>, partition: number): Worker<P> {
    const { region, providers } = this.#options;
    const inputs = stage.inputs.flatMap(({ topic }) =>
      topic.endsWith(".<provider>")
        ? providers.map((provider) => ({ topic, provider, address: topicFor(region, topic, provider) }))
        : [{ topic, address: topicFor(region, topic) }],
    );
    return { stage, partition, inputs, task: this.#task(stage, partition), changelog: [] };
  }

  #task(stage: Stage<never, P>, partition: number): StageTask<never, P> {
    const { region, ports } = this.#options;
    return new StageTask({ stage, region, partition, ports: ports(partition), sealOriginal: (raw) => raw });
  }

  #next(worker: Worker<P>, address: string): Emission | undefined {
    const position = Number(worker.task.position(address));
    return this.#log.partition(address, worker.partition)[position]?.emission;
  }

  async #step(worker: Worker<P>, input: Worker<P>["inputs"][number]): Promise<void> {
    const { task } = worker;
    const offset = task.position(input.address);
    const record = this.#log.partition(input.address, worker.partition)[Number(offset)];
    if (record === undefined) return;
    const emissions = await task.take(this.#inputOf(worker, input, offset, record));
    if (this.#strikes(this.#options.crashOneIn)) {
      worker.task = this.#task(worker.stage, worker.partition);
      worker.task.state.stage(worker.changelog);
      worker.task.state.commit();
      return;
    }
    worker.changelog.push(...copyOf(task.state.staged()));
    task.state.commit();
    for (const emission of emissions) {
      this.#write(emission);
      if (this.#strikes(this.#options.doubleOneIn)) this.#write(emission);
    }
  }

  #inputOf(
    worker: Worker<P>,
    input: Worker<P>["inputs"][number],
    offset: bigint,
    record: { emission: Emission; time: number },
  ): Input {
    const { type, value, key, id, source, traceparent } = copyOf(record.emission);
    const types: readonly EventName[] =
      worker.stage.inputs.find((declared) => declared.topic === input.topic)?.types ?? [];
    const content = types.includes(type) ? { type, value } : { skipped: true as const };
    return {
      ...input,
      offset,
      key,
      time: record.time,
      id,
      source,
      traceparent,
      raw: Buffer.alloc(0),
      content,
    };
  }

  #write(emission: Emission): void {
    const { region, partitions } = this.#options;
    const dead = emission.topic === "dead-letter";
    const address = dead ? `${region}.dead-letter` : topicFor(region, emission.topic, emission.provider);
    const spread = !dead && declarationOf(emission.topic).partitions === "spread" ? partitions : 1;
    this.#log.append(address, spread, emission);
  }

  #strikes(oneIn: number): boolean {
    return oneIn > 0 && this.#options.choose(oneIn) === 0;
  }
}
