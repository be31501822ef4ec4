/**
 * What a topic is: which events it carries, by which key, how it is kept, and who besides stages writes and reads it.
 * Pipelines declare their topics, without the `<region>.` prefix; a name that ends with `<provider>`, `<broker>` or another
 * owner stands for one topic a provider, broker or other owner. Names and keys of the topics that other people use are stable. Every topic's timestamps are the
 * broker's (LogAppendTime): they are the recorded time that stages go by.
 */
import type { EventName } from "./avro/index.ts";

/** Whoever has a part in a region besides its stages. The operator's rights need no declaration: it may do everything. */
export type Party = "operator" | "provider" | "broker" | "auditor";

export interface TopicDeclaration {
  readonly events: readonly EventName[];
  /** What the record key holds. */
  readonly key: string;
  /** `spread`: the region's partition count, co-partitioned by murmur2 of the key; `one`: a single partition. */
  readonly partitions: "spread" | "one";
  /** Others than stages who write it. Where it is one owner's, that owner alone. */
  readonly writers?: readonly Party[];
  /** Others than stages who read it. Where it is one owner's, that owner alone. */
  readonly readers?: readonly Party[];
  /** True where the event crosses the topic only sealed to the region's key. */
  readonly sealed?: true;
  /** Milliseconds that records are kept, -1 for ever; Kafka's own default where it is absent. */
  readonly retentionMs?: number;
  /** True where the topic is compacted: a table rather than a log. */
  readonly compacted?: true;
  /** True where somebody waits for an answer: what cannot be read here is answered with an error. */
  readonly answered?: true;
}

/** The declarations of one pipeline. */
export type TopicDeclarations = Readonly<Record<string, TopicDeclaration>>;

/** The topic names of declarations with the events that each carries. */
export type EventsOf<T extends TopicDeclarations> = { [N in keyof T]: T[N]["events"][number] };

/** What every stage may write, and the clock that drives them. */
export const commonTopics = {
  "clock.ticks": { events: ["Tick"], key: "worker", partitions: "spread", retentionMs: 3_600_000 },
  "audit.events": { events: ["AuditEvent"], key: "tenant", partitions: "spread", readers: ["auditor"] },
} as const satisfies TopicDeclarations;

/**
 * Every declared topic with its events. A pipeline adds its own by merging (`declare module`), so that a name which nobody
 * declares does not compile.
 *
 * @public
 */
export interface DeclaredTopics extends EventsOf<typeof commonTopics> {}

export type TopicName = keyof DeclaredTopics;

/** The events a topic carries. */
export type EventOn<T extends TopicName> = DeclaredTopics[T];

/** Whose topic is meant: said where each owner has one of its own, and only there. */
export type OwnerOn<T extends TopicName> = T extends `${string}.<${string}>`
  ? { readonly owner: string }
  : { readonly owner?: never };

/** The topics of some pipelines, with the common ones. */
export class Topics {
  readonly #declarations = new Map<string, TopicDeclaration>();

  /** Throws where two declare one name. */
  constructor(...sets: readonly TopicDeclarations[]) {
    for (const set of [commonTopics, ...sets]) {
      for (const [name, declaration] of Object.entries<TopicDeclaration>(set)) {
        const known = this.#declarations.get(name);
        if (known !== undefined && known !== declaration)
          throw new Error(`the topic ${name} is declared twice`);
        this.#declarations.set(name, declaration);
      }
    }
  }

  get names(): TopicName[] {
    return [...this.#declarations.keys()] as TopicName[];
  }

  /** Throws for a name that is not declared. */
  of(name: TopicName): TopicDeclaration {
    const declaration = this.#declarations.get(name);
    if (declaration === undefined) throw new Error(`the topic ${name} is not declared`);
    return declaration;
  }

  /** Every event that crosses a topic. */
  get events(): EventName[] {
    return [...new Set([...this.#declarations.values()].flatMap(({ events }) => events))];
  }
}

/**
 * True where others than stages and operators write: such a record must lie in the partition of its key, or one chain could
 * fork, and is held to the bounds of outsiders.
 */
export const isOutside = ({ writers = [] }: TopicDeclaration): boolean =>
  writers.some((writer) => writer !== "operator");

/** Whose own topic it is, one for each of them, such as `provider`; undefined for a topic that a region has once. */
export const ownerOf = (topic: TopicName): string | undefined => /\.<([a-z]+)>$/.exec(topic)?.[1];

/** `<region>.<topic>`, with the owner's id filled in where the topic is a party's own. */
export function topicFor(region: string, topic: TopicName, owner?: string): string {
  if (ownerOf(topic) === undefined) return `${region}.${topic}`;
  if (owner === undefined) throw new Error(`topic ${topic} needs its owner`);
  return `${region}.${topic.replace(/<[a-z]+>$/, owner)}`;
}

/** What the names of an owned topic begin with, whoever the owner is. Ends with a dot. */
export const topicPrefix = (region: string, topic: TopicName): string =>
  `${region}.${topic.replace(/<[a-z]+>$/, "")}`;

/** Ids that no party may have: its `ingest.<provider>`, say, would be a topic of the stage of that name, see below. */
export const reservedNames: readonly string[] = ["changelog", "dead-letter"];

/** A stage's dead letters and its state, one topic each. */
export const deadLetterTopic = (region: string, stage: string): string => `${region}.${stage}.dead-letter`;
export const changelogTopic = (region: string, stage: string): string => `${region}.${stage}.changelog`;
