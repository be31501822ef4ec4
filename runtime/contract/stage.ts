/**
 * The stage contract: all that a stage knows of the world.
 *
 * A stage declares what it reads, and one handler `(event, state, ports) -> Outcome`. The outcome says what to publish
 * and how the state changes; the runtime carries outputs, changes and input positions in one Kafka transaction, so each
 * input has its effect exactly once. A stage never calls another stage, a clock, a random source, a disk or Kafka.
 * The same handler runs in memory in tests.
 *
 * An outcome publishes (outputs, changes, audit), refuses (a decided no, published to the asker as a coded error),
 * declines (a record that no admitted party signed gets a coded error in its own name, and closes nobody's request), or
 * rejects (the input goes to the dead letters; a request also gets a coded error). There is no pass-through: a handler
 * that has nothing to do returns `publish({})` and that is its decision.
 */
import type { EventName, EventTypes } from "../../schemas/avro/index.ts";
import type { EventOn, OwnerOn, TopicName } from "../../schemas/topics.ts";
import type { Asked } from "./asking.ts";
import type { Change, RankedTable, StateView } from "./state.ts";
import { failureOf, type ErrorCode } from "../../errors/errors.ts";

/** An input event. `time` is the broker's timestamp in milliseconds: recorded, so a replay sees the same. */
export type StageEvent<E extends EventName> = {
  [N in E]: {
    readonly type: N;
    readonly value: EventTypes[N];
    readonly topic: TopicName;
    /** The record's key. */
    readonly key: string;
    /** Whose topic it came on, where each has one of its own: Kafka's ACL vouches for the writer. */
    readonly owner?: string;
    readonly time: number;
  };
}[E];

export interface Output {
  readonly topic: TopicName;
  /** Whose topic, where each has one of its own. */
  readonly owner?: string;
  readonly type: EventName;
  readonly value: EventTypes[EventName];
  readonly key: string;
  /** An explicit partition, `all` to fan out to every partition, or by the key where absent. */
  readonly partition?: number | "all";
}

export interface Audit {
  readonly tenant: string;
  readonly action: string;
  readonly request?: Asked;
  readonly code?: ErrorCode;
  readonly details?: Record<string, string>;
}

/** A decided no to one request. `detail` holds no value, identifier or count; the catalogue's remedy is added. */
export interface RefusedRequest {
  readonly request: Asked;
  readonly code: ErrorCode;
  readonly detail: string;
  /** The signed document, where no event before told of it. */
  readonly document?: string | null;
}

export interface Effects {
  readonly outputs?: readonly Output[];
  readonly changes?: readonly Change[];
  readonly audit?: readonly Audit[];
}

export type Outcome =
  | ({ readonly kind: "publish"; readonly refusals: readonly RefusedRequest[] } & Required<Effects>)
  | ({ readonly kind: "decline"; readonly code: ErrorCode; readonly detail: string } & Required<Effects>)
  | ({ readonly kind: "reject"; readonly code: ErrorCode; readonly detail: string } & Required<Effects>);

/** A topic that a stage reads, and which of its events. */
interface StageInput {
  readonly topic: TopicName;
  readonly types: readonly EventName[];
  /**
   * True where no answer waits for it. What the stage gives up of it is for operators, in its dead letters: an error to
   * whoever asked would take the place of the answer that is on its way, or was charged.
   */
  readonly besideAnswer?: true;
}

/** How much a stage holds of something of which it takes no more than so much. */
export interface Fill {
  /** What it is, as a metric's label: nobody's name. */
  readonly of: string;
  readonly held: number;
  readonly most: number;
}

export interface Stage<E extends EventName = EventName, P = unknown> {
  readonly name: string;
  /** Co-partitioned inputs: partition n of each is handled together, one event at a time. */
  readonly inputs: readonly StageInput[];
  /**
   * True where each input commits before the next is handled: what the handler does outside Kafka rests on what it wrote
   * down before, so that must not be lost in a crash. Otherwise many inputs share a transaction.
   */
  readonly commitsEach?: true;
  /** Its tables that have ranks: no other can be read in their order. */
  readonly tables?: readonly RankedTable[];
  /** Topics it writes, besides refusals, audit events and dead letters, which every stage may write. */
  readonly outputs: readonly TopicName[];
  /** How full is what has a limit, for the operator: told now and then, by few look-ups. */
  readonly fills?: (state: StateView, ports: P) => readonly Fill[];
  readonly handle: (event: StageEvent<E>, state: StateView, ports: P) => Outcome | Promise<Outcome>;
}

/** Publishes outputs, changes state, records audit events: any of them, or none. */
export function publish(effects: Effects, refusals: readonly RefusedRequest[] = []): Outcome {
  return { kind: "publish", outputs: [], changes: [], audit: [], ...effects, refusals };
}

/** Refuses one request: the result stage publishes the coded error, and the audit event stands beside it. */
export function refuse(refused: RefusedRequest, effects: Effects = {}): Outcome {
  return publish(effects, [refused]);
}

/**
 * Answers an outsider's record that no admitted party signed, under the record's own digest and in nobody's name,
 * whatever it claims or contains.
 */
export function decline(code: ErrorCode, detail: string): Outcome {
  return { kind: "decline", code, detail, outputs: [], changes: [], audit: [] };
}

/** Sends the input to the dead letters. Effects (a notice to a provider, say) are still published. */
export function reject(code: ErrorCode, detail: string, effects: Effects = {}): Outcome {
  return { kind: "reject", code, detail, outputs: [], changes: [], audit: [], ...effects };
}

/** An output whose event type and topic are checked against each other. */
export function output<T extends TopicName, N extends EventOn<T>>(
  topic: T,
  type: N,
  value: EventTypes[N],
  to: { key: string; partition?: number | "all" } & OwnerOn<T>,
): Output {
  return { topic, type, value, ...to };
}

/** What was wrong and what to do, as an asker or provider reads it. */
export function explain(code: ErrorCode, detail: string): string {
  return `${detail} ${failureOf(code).remedy}`;
}
