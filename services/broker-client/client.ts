/**
 * A Core Broker's client: publishes signed requests and waits for the one result of each.
 *
 * Results are followed from the moment the client is opened, so none is missed, and matched by the digest of the very
 * document that was asked: an answer to another document under the same id is none. Does not verify the result's
 * credential.
 */
import { randomUUID } from "node:crypto";
import { readRequest } from "../../documents/request.ts";
import { PavilionError } from "../../runtime/errors.ts";
import { connectKafka, type KafkaAccess } from "../../runtime/kafka/client.ts";
import { eventTypeOf } from "../../runtime/kafka/cloudevents.ts";
import type { Log } from "../../runtime/log.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import type { Result, SignedRequest } from "../../schemas/avro/index.ts";
import { topicFor } from "../../schemas/topics.ts";
import { openPublisher, type Publisher } from "../../runtime/kafka/publisher.ts";
import { openReader, type Reader } from "../../runtime/kafka/reader.ts";

export interface BrokerClientPlan {
  /** Broker id. */
  readonly broker: string;
  readonly region: string;
  readonly kafka: KafkaAccess;
  readonly registryUrl: string;
  readonly log: Log;
}

export interface BrokerClient {
  /**
   * Publishes a request that `signRequest` made and resolves with its result, a refusal too. Throws TIMED_OUT ten
   * seconds after the request's deadline, DOCUMENT_INVALID for a text that is no request.
   */
  ask(request: SignedRequest): Promise<Result>;
  close(): Promise<void>;
}

/** The region answers by the deadline; its answer needs some time to get here, and clocks differ. */
const graceMs = 10_000;

export async function openBrokerClient(plan: BrokerClientPlan): Promise<BrokerClient> {
  const { broker, region, log } = plan;
  const kafka = connectKafka(plan.kafka, `broker.${broker}`, log);
  const codec = await openCodec(plan.registryUrl);
  const waiting = new PendingResults();
  const reader = await openReader(kafka, {
    topic: topicFor(region, "broker.results"),
    group: `${region}.broker.${broker}.${randomUUID()}`,
    from: "end",
    fail: (error) => {
      waiting.fail(error);
    },
    handle: async ({ value, headers }) => {
      if (value === null || eventTypeOf(headers) !== "Result") return;
      try {
        waiting.take(await codec.decode("broker.results", "Result", value));
      } catch (error) {
        if (!(error instanceof PavilionError)) throw error;
        log.warn({ error }, "result is not read");
      }
    },
  });
  const publisher = await openPublisher(kafka, codec, region, `/broker/${broker}`);
  return clientOver(publisher, reader, waiting);
}

function clientOver(publisher: Publisher, reader: Reader, waiting: PendingResults): BrokerClient {
  return {
    async ask(request) {
      const { digest, deadline } = readRequest(request.document);
      const result = waiting.await(digest, deadline + graceMs - Date.now());
      // It is handed to the caller only once the request is out; should it fail before, nobody is lost.
      result.catch(() => undefined);
      try {
        await publisher.publish("broker.requests", "SignedRequest", request, { key: request.requestId });
      } catch (error) {
        waiting.drop(digest, error);
      }
      return result;
    },
    async close() {
      waiting.fail(new PavilionError("TIMED_OUT", "The client was closed before the result came."));
      await publisher.close();
      await reader.close();
    },
  };
}

interface Waiter {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Who waits for which result, by the request's digest. */
export class PendingResults {
  readonly #waiters = new Map<string, Waiter>();
  #failure: { readonly error: unknown } | undefined;

  /** The result of a request. Rejects with TIMED_OUT after `withinMs`. One wait a digest. */
  async await(digest: string, withinMs: number): Promise<Result> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#waiters.has(digest)) throw new Error("the request has been asked already");
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#waiters.set(digest, { resolve, reject });
    const timer = setTimeout(
      () => {
        reject(new PavilionError("TIMED_OUT", "No result came by the request's deadline."));
      },
      Math.max(withinMs, 0),
    );
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(digest);
    }
  }

  take(result: Result): void {
    this.#waiters.get(result.requestDigest)?.resolve(result);
  }

  drop(digest: string, error: unknown): void {
    this.#waiters.get(digest)?.reject(error);
  }

  /** Every wait, this one and later ones, ends with the error. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    for (const { reject } of this.#waiters.values()) reject(error);
  }
}
