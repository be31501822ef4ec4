/**
 * A stage at work on one partition, apart from Kafka: drops what it has seen, calls the handler, and turns outcomes
 * into emissions. The Kafka worker and the in-memory pipeline drive the same task.
 *
 * What was seen is known twice over, and both records are state that commits with the outputs:
 * - the position in each input topic, so that a stale committed offset (kafkajs fetches offsets before a zombie is
 *   fenced) never replays an input;
 * - the last event id of each upstream source, so that a record that an aborted transaction left visible (kafkajs's
 *   read_committed leaks) and its committed twin count once. An id names the input it was derived from,
 *   `topic/partition/offset/index`, and grows along each topic, so one id a source is all there is to remember.
 */
import type { AuditEvent, DeadLetter, EventName, EventTypes } from "../schemas/avro/index.ts";
import { isOutside, type TopicName, type Topics } from "../schemas/topics.ts";
import type { Asked, Asking } from "./contract/asking.ts";
import type { ErrorCode } from "../errors/errors.ts";
import { causeOf } from "./failures/passing.ts";
import { recordDigest } from "./record-digest.ts";
import {
  explain,
  type Effects,
  type Fill,
  type Outcome,
  type RefusedRequest,
  type Stage,
  type StageEvent,
} from "./contract/stage.ts";
import type { Change } from "./contract/state.ts";
import type { CommittedState } from "./state/committed.ts";
import { StateStore } from "./state/store.ts";

/**
 * A record as it was read from an input topic. `fault` stands in place of a value that could not be read; `skipped`
 * where the event is another stage's on a shared topic.
 */
export interface Input {
  readonly topic: TopicName;
  /** Whose topic, where each has one of its own. */
  readonly owner?: string;
  /** The topic's full name. */
  readonly address: string;
  /** Of a batch that could not be read, the last offset of it. */
  readonly offset: bigint;
  /** The first offset of a batch that could not be read: it is no record of anybody. */
  readonly firstOffset?: bigint;
  readonly key: string;
  /** The key as it was written, which need not be text. */
  readonly rawKey: Buffer;
  readonly time: number;
  readonly id: string;
  readonly source: string;
  readonly traceparent: string;
  /** What the record says it is, where that is an event at all. */
  readonly eventType?: EventName;
  readonly raw: Buffer;
  readonly content:
    | { readonly type: EventName; readonly value: EventTypes[EventName] }
    | { readonly fault: ErrorCode; readonly detail: string }
    | { readonly skipped: true };
}

/** A record to be written. Without a partition it goes by its key; `all` fans out. */
export interface Emission {
  readonly topic: TopicName | "dead-letter";
  /** Whose topic, where each has one of its own. */
  readonly owner?: string;
  readonly type: EventName;
  readonly value: EventTypes[EventName];
  readonly key: string;
  readonly partition?: number | "all";
  readonly id: string;
  readonly source: string;
  readonly subject: string;
  readonly traceparent: string;
}

export interface TaskContext<E extends EventName, P> {
  readonly stage: Stage<E, P>;
  readonly region: string;
  readonly partition: number;
  readonly ports: P;
  readonly topics: Topics;
  readonly asking: Asking;
  /** Where committed state is kept; in memory unless given. */
  readonly committed?: CommittedState;
  /** Seals a dead letter's original. */
  readonly sealOriginal: (raw: Buffer) => Buffer;
}

/** A dead letter keeps this much of its original: a compressed record may be far larger than any topic takes. */
const originalBytesMax = 256 * 1024;

const positions = "@positions";
const sources = "@sources";

export class StageTask<E extends EventName, P> {
  readonly state: StateStore;
  readonly #context: TaskContext<E, P>;
  readonly #source: string;

  constructor(context: TaskContext<E, P>) {
    this.#context = context;
    this.state = new StateStore(context.committed);
    this.#source = `/${context.region}/${context.stage.name}`;
  }

  /** How full is what the stage takes only so much of. */
  fills(): readonly Fill[] {
    return this.#context.stage.fills?.(this.state, this.#context.ports) ?? [];
  }

  /** Next offset to take of an input topic; 0 where nothing was taken. */
  position(address: string): bigint {
    return BigInt((this.state.get(positions, address) as string | undefined) ?? "0");
  }

  /**
   * Takes one input: its emissions, with the state changes staged beside them. Throws what the handler throws, with
   * nothing staged.
   */
  async take(input: Input): Promise<Emission[]> {
    if (input.offset < this.position(input.address)) return [];
    const fresh = this.#isFresh(input);
    const emissions = fresh ? await this.#handle(input) : [];
    this.state.stage([
      { table: positions, key: input.address, value: String(input.offset + 1n) },
      ...(fresh ? this.#seen(input) : []),
    ]);
    return emissions;
  }

  /** Gives an input up after its handler failed for good: to the dead letters, and an error to whoever waits. */
  abandon(input: Input, attempts: number, error: unknown): Emission[] {
    const failure = { attempts, cause: causeOf(error) };
    const emissions = this.#rejected(input, "INTERNAL_ERROR", "The stage failed on this input.", failure);
    this.state.stage([
      { table: positions, key: input.address, value: String(input.offset + 1n) },
      ...this.#seen(input),
    ]);
    return this.#stamp(input, emissions);
  }

  async #handle(input: Input): Promise<Emission[]> {
    if ("skipped" in input.content) return [];
    if ("fault" in input.content) {
      return this.#stamp(input, this.#rejected(input, input.content.fault, input.content.detail));
    }
    const { topic, key, owner, time } = input;
    const { type, value } = input.content;
    const event = { topic, key, type, value, time, ...(owner === undefined ? {} : { owner }) };
    // The worker only hands over types that the stage declares for the topic.
    const outcome = await this.#context.stage.handle(event as StageEvent<E>, this.state, this.#context.ports);
    const emissions = this.#emissions(input, outcome);
    for (const change of outcome.changes) this.#requireListed(change);
    this.state.stage(outcome.changes);
    return this.#stamp(input, emissions);
  }

  #emissions(input: Input, outcome: Outcome): Unstamped[] {
    for (const { topic } of outcome.outputs) this.#requireDeclared(topic);
    const emissions: Unstamped[] = outcome.outputs.map((output) => ({ ...output }));
    for (const audit of outcome.audit) emissions.push(this.#audit(audit));
    if (outcome.kind === "reject") {
      emissions.push(...this.#rejected(input, outcome.code, outcome.detail));
      return emissions;
    }
    if (outcome.kind === "decline") {
      const { code, detail } = outcome;
      const request = this.#recordOf(input);
      return request === undefined
        ? [...emissions, ...this.#rejected(input, code, detail)]
        : [...emissions, ...this.#refused({ request, code, detail }, true)];
    }
    for (const refused of outcome.refusals) emissions.push(...this.#refused(refused, false));
    return emissions;
  }

  /** Throws for a topic that the stage does not declare: a defect of the stage, whose input is given up. */
  #requireDeclared(topic: TopicName): void {
    const { name, outputs } = this.#context.stage;
    if (!outputs.includes(topic)) throw new Error(`the stage ${name} declares no output ${topic}`);
  }

  /** A rank that could not be told again, of what a changelog holds, would be lost with the next owner. */
  #requireListed({ table, rank }: Change): void {
    const { name, tables = [] } = this.#context.stage;
    if (rank !== undefined && !tables.some((listed) => listed.name === table))
      throw new Error(`the stage ${name} lists no table ${table} that has ranks`);
  }

  #refused(refused: RefusedRequest, unsigned: boolean): Unstamped[] {
    const { request, code } = refused;
    return [
      ...this.#refusal(refused, unsigned),
      this.#audit({ tenant: request.tenant, action: "request.refused", request, code }),
    ];
  }

  #rejected(
    input: Input,
    code: ErrorCode,
    detail: string,
    failure: { readonly attempts: number; readonly cause: string | null } = { attempts: 1, cause: null },
  ): Unstamped[] {
    const original = input.raw.subarray(0, originalBytesMax);
    const truncated = original.length < input.raw.length;
    const letter: DeadLetter = {
      stage: this.#context.stage.name,
      code,
      message: explain(code, truncated ? `${detail} Only its start is kept.` : detail),
      sourceTopic: input.address,
      sourcePartition: this.#context.partition,
      sourceOffset: Number(input.firstOffset ?? input.offset),
      sourceLastOffset: input.firstOffset === undefined ? null : Number(input.offset),
      eventType: input.eventType ?? ("type" in input.content ? input.content.type : null),
      sealed: this.#context.sealOriginal(original),
      truncated,
      traceparent: input.traceparent,
      ...failure,
    };
    const emissions: Unstamped[] = [
      { topic: "dead-letter", type: "DeadLetter", value: letter, key: input.key },
    ];
    // A batch that could not be read is no record of anybody: nobody waits for it.
    const isAnswered = this.#isAnswered(input) && input.firstOffset === undefined;
    const request = isAnswered ? this.#recordOf(input) : this.#requestOf(input);
    if (request !== undefined && !this.#isBesideAnswer(input)) {
      emissions.push(...this.#refusal({ request, code, detail }, isAnswered));
    }
    const tenant = request?.tenant ?? input.owner ?? "unknown";
    emissions.push(this.#audit({ tenant, action: "input.rejected", code, ...(request && { request }) }));
    return emissions;
  }

  #isAnswered({ topic }: Input): boolean {
    return this.#context.topics.of(topic).answered === true;
  }

  /** The request that an event of the region's own is about. */
  #requestOf({ content }: Input): Asked | undefined {
    return "value" in content ? this.#context.asking.requestOf(content.value) : undefined;
  }

  /** The request that an input is about, and its tenant, as far as anything says it: for logs and traces alone. */
  about(input: Input): { readonly requestId?: string | undefined; readonly tenant?: string | undefined } {
    if (this.#isAnswered(input)) return { requestId: idIn(input.key) };
    const request = this.#requestOf(input);
    return { requestId: request?.requestId, tenant: request?.tenant };
  }

  #isBesideAnswer({ topic }: Input): boolean {
    return this.#context.stage.inputs.some((input) => input.topic === topic && input.besideAnswer === true);
  }

  /**
   * How a record is answered whose signature nobody has checked, or which has none that counts: under its own digest. What
   * it claims stands nowhere in the answer, but for an id in the record's key.
   */
  #recordOf({ address, offset, rawKey, raw, time, key, source, owner }: Input): Asked | undefined {
    const place = { topic: address, partition: this.#context.partition, offset, key: rawKey, value: raw };
    return this.#context.asking.replies?.unsigned({
      requestId: idIn(key) ?? "",
      digest: recordDigest(place),
      ...(owner === undefined ? {} : { owner }),
      source,
      time,
    });
  }

  /** Nothing where the pipeline has nobody to tell. */
  #refusal(
    { request, code, detail, document = null }: RefusedRequest,
    unsigned: boolean,
  ): readonly Unstamped[] {
    const { replies } = this.#context.asking;
    if (replies === undefined) return [];
    const { topic, type } = replies;
    const stage = this.#context.stage.name;
    const value = replies.refusal({
      ...{ request, stage, code, unsigned, document },
      message: explain(code, detail),
    });
    return [{ topic, type, value, key: request.requestId }];
  }

  #audit(audit: Required<Effects>["audit"][number]): Unstamped {
    const value: AuditEvent = {
      tenant: audit.tenant,
      region: this.#context.region,
      stage: this.#context.stage.name,
      action: audit.action,
      requestId: audit.request?.requestId ?? null,
      requestDigest: audit.request?.digest ?? null,
      code: audit.code ?? null,
      details: { ...audit.details },
    };
    return { topic: "audit.events", type: "AuditEvent", value, key: audit.tenant };
  }

  #stamp(input: Input, emissions: Unstamped[]): Emission[] {
    return emissions.map((emission, index) => ({
      ...emission,
      id: `${input.address}/${String(this.#context.partition)}/${String(input.offset)}/${String(index)}`,
      source: this.#source,
      subject: emission.key,
      traceparent: input.traceparent,
    }));
  }

  #isFresh(input: Input): boolean {
    const place = this.#derivedFrom(input);
    if (place === undefined) return true;
    const last = this.state.get(sources, place.source) as [offset: string, index: number] | undefined;
    if (last === undefined) return true;
    const lastOffset = BigInt(last[0]);
    return place.offset > lastOffset || (place.offset === lastOffset && place.index > last[1]);
  }

  /** The upstream input that a stage derived this event from; undefined for what outsiders and clocks publish. */
  #derivedFrom(input: Input): { source: string; offset: bigint; index: number } | undefined {
    if (isOutside(this.#context.topics.of(input.topic))) return undefined;
    const match = /^(.+\/\d+)\/(\d+)\/(\d+)$/.exec(input.id);
    if (match === null) return undefined;
    const [, origin = "", offset = "", index = ""] = match;
    return {
      source: `${input.address} ${input.source} ${origin}`,
      offset: BigInt(offset),
      index: Number(index),
    };
  }

  #seen(input: Input): { table: string; key: string; value: unknown }[] {
    const place = this.#derivedFrom(input);
    return place === undefined
      ? []
      : [{ table: sources, key: place.source, value: [String(place.offset), place.index] }];
  }
}

type Unstamped = Omit<Emission, "id" | "source" | "subject" | "traceparent">;

/** A key that is a request's id, a UUID: nothing else of an outsider's key is said again. */
const idIn = (key: string): string | undefined =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key) ? key : undefined;
