/**
 * Request and reply over Kafka, for a client of any pipeline. Replies are followed from the moment the asker is opened, so
 * none is missed, and matched by the digest of the very document that was asked: a reply to another document under the same
 * id is none. What the region could not tell to be the client's it answers in the name of the record: that counts where it
 * is the record that this client published, at its place, and a copy of it counts for nothing.
 */
import { PavilionError } from "../../errors/errors.ts";
import { followEvents, type Source } from "../../runtime/kafka/events.ts";
import type { Publisher } from "../../runtime/kafka/publisher.ts";
import type { Reader } from "../../runtime/kafka/reader.ts";
import { recordDigest } from "../../runtime/record-digest.ts";
import type { EventName, EventTypes } from "../../schemas/avro/index.ts";
import type { OwnerOn, TopicName } from "../../schemas/topics.ts";
import { Pending } from "./pending.ts";

/** Where replies come, and what each answers. */
export type Replies<T extends TopicName, N extends EventName> = OwnerOn<T> & {
  readonly topic: T;
  readonly type: N;
  /** The digest of the document that it answers, or of the record. */
  readonly digestOf: (reply: EventTypes[N]) => string;
  /** Whether it answers a record that nobody known signed. */
  readonly isUnsigned: (reply: EventTypes[N]) => boolean;
  /** What did not come, to those whose time is up. */
  readonly late: string;
};

/** What is asked, and where. */
export interface Asked<T extends TopicName, N extends EventName> {
  readonly topic: T;
  readonly type: N;
  readonly value: EventTypes[N];
  readonly to: { readonly key: string } & OwnerOn<T>;
  /** Digest of the document, as its reply will name it. */
  readonly digest: string;
  /** How long to wait for the reply, in milliseconds. */
  readonly withinMs: number;
}

export class Asker<Reply> {
  readonly #publisher: Publisher;
  readonly #reader: Reader;
  readonly #replies: Pending<Reply>;

  private constructor(publisher: Publisher, reader: Reader, replies: Pending<Reply>) {
    this.#publisher = publisher;
    this.#reader = reader;
    this.#replies = replies;
  }

  /** The publisher stays its opener's to close. */
  static async open<T extends TopicName, N extends EventName>(
    source: Source,
    publisher: Publisher,
    { type, digestOf, isUnsigned, late, ...at }: Replies<T, N>,
  ): Promise<Asker<EventTypes[N]>> {
    const replies = new Pending<EventTypes[N]>(late, isUnsigned);
    const reader = await followEvents<TopicName, N>(
      source,
      {
        ...(at as Pick<Replies<T, N>, "topic"> & OwnerOn<TopicName>),
        ...{ types: [type], from: "end" },
        take: ({ value }) => {
          replies.take(digestOf(value), value);
        },
      },
      replies.fail,
    );
    return new Asker(publisher, reader, replies);
  }

  /**
   * Publishes a request and resolves with the reply to its document; or, where the region knows nobody who signed it, with
   * what it answers the record with. Throws TIMED_OUT.
   */
  async ask<T extends TopicName, N extends EventName>(asked: Asked<T, N>): Promise<Reply> {
    const { topic, type, value, to, digest, withinMs } = asked;
    const until = performance.now() + withinMs;
    const reply = this.#replies.await(digest, withinMs);
    // It is handed to the caller only once the request is out; should it fail before, nobody is lost.
    reply.catch(() => undefined);
    const waiting = [digest];
    try {
      const record = await this.#publisher.publish(topic, type, value, to);
      const declined = recordDigest(record);
      waiting.push(declined);
      return await Promise.race([reply, this.#replies.await(declined, until - performance.now())]);
    } finally {
      for (const key of waiting)
        this.#replies.drop(key, new PavilionError("TIMED_OUT", "The request has ended."));
    }
  }

  /** The reply to a document or record, whoever publishes it. Throws TIMED_OUT. */
  replyTo(digest: string, withinMs: number): Promise<Reply> {
    return this.#replies.await(digest, withinMs);
  }

  /** Whoever still waits is told TIMED_OUT. */
  async close(): Promise<void> {
    this.#replies.fail(new PavilionError("TIMED_OUT", "The client was closed before the reply came."));
    await this.#reader.close();
  }
}
