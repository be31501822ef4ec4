/**
 * A Core Broker's client: publishes signed requests and waits for the one result of each, and for its evidence.
 *
 * Results are followed from the moment the client is opened, so none is missed, and matched by the digest of the very
 * document that was asked: an answer to another document under the same id is none. What the region could not tell to be
 * the broker's it answers in the name of the record: that counts where it is the record that this client published, at
 * its place, and a copy of it counts for nothing. Does not verify the result's credential or its evidence; the verifier
 * does.
 */
import { readRequest } from "../../../domain/terms/request.ts";
import { Seeds } from "../../../domain/log/seeds.ts";
import { PavilionError } from "../../../errors/errors.ts";
import { connectKafka, type KafkaAccess } from "../../../runtime/kafka/client.ts";
import { followEvents, type Source } from "../../../runtime/kafka/events.ts";
import { openPublisher, type Publisher } from "../../../runtime/kafka/publisher.ts";
import { recordDigest } from "../../../runtime/record-digest.ts";
import type { Log } from "../../../runtime/log.ts";
import { openCodec } from "../../../runtime/registry/codec.ts";
import type { Result, SignedRequest } from "../../../schemas/avro/index.ts";
import { Topics } from "../../../schemas/topics.ts";
import { Pending } from "./pending.ts";
import { logTopics } from "../../../pipelines/log/topics.ts";
import { privateComputationTopics } from "../../../pipelines/private-computation/topics.ts";

export interface BrokerClientPlan {
  /** Broker id. */
  readonly broker: string;
  readonly region: string;
  readonly kafka: KafkaAccess;
  readonly registryUrl: string;
  readonly log: Log;
}

export interface BrokerClient {
  /** Commitment of the region's newest open noise seed, which a request names. Throws TIMED_OUT where none opens in time. */
  newestSeed(withinMs?: number): Promise<string>;
  /**
   * Publishes a request that `signRequest` made and resolves with its result, a refusal too. Throws TIMED_OUT ten
   * seconds after the request's deadline, DOCUMENT_INVALID for a text that is no request.
   */
  ask(request: SignedRequest): Promise<Result>;
  /** The result of a request's digest, or of a record's, whoever publishes it. Throws TIMED_OUT. */
  resultOf(digest: string, withinMs: number): Promise<Result>;
  /**
   * The evidence bundle for a request's digest, a result's `evidenceFor`, as JSON text: published once the proofs are
   * made and the spend is anchored. Throws TIMED_OUT where it does not come in time.
   */
  evidence(digest: string, withinMs?: number): Promise<string>;
  close(): Promise<void>;
}

/** The region answers by the deadline; its answer needs some time to get here, and clocks differ. */
const graceMs = 10_000;
const seedLimitMs = 30_000;
const evidenceLimitMs = 120_000;

export async function openBrokerClient(plan: BrokerClientPlan): Promise<BrokerClient> {
  const { broker, region, log } = plan;
  const kafka = connectKafka(plan.kafka, `broker.${broker}`, log);
  const codec = await openCodec(plan.registryUrl, new Topics(privateComputationTopics, logTopics));
  const results = new Pending<Result>(
    "No result came by the request's deadline.",
    ({ unsigned }) => unsigned,
  );
  const seeds = new Pending<string>("The region has no open noise seed.");
  const table = new Seeds();
  const source = { kafka, codec, region, groups: `${region}.broker.${broker}`, log };
  const readers = await Promise.all([
    followEvents(
      source,
      {
        ...{ topic: "broker.results.<broker>", owner: broker, types: ["Result"], from: "end" },
        take: ({ value }) => {
          results.take(value.requestDigest, value);
        },
      },
      results.fail,
    ),
    followEvents(
      source,
      {
        ...{ topic: "config.seeds", types: ["SeedEntry"], from: "beginning" },
        take: ({ value }) => {
          table.add(value);
          const newest = table.newest();
          if (newest !== undefined) seeds.take(newestKey, newest.commitment);
        },
      },
      seeds.fail,
    ),
  ]);
  await readers[1].caughtUp;
  const publisher = await openPublisher(kafka, codec, region, `/broker/${broker}`);
  return {
    newestSeed: async (withinMs = seedLimitMs) =>
      table.newest()?.commitment ?? (await seeds.await(newestKey, withinMs)),
    ask: (request) => ask(request, publisher, results),
    resultOf: (digest, withinMs) => results.await(digest, withinMs),
    evidence: (digest, withinMs = evidenceLimitMs) => findBundle(source, digest, withinMs),
    async close() {
      results.fail(new PavilionError("TIMED_OUT", "The client was closed before the result came."));
      await publisher.close();
      await Promise.all(readers.map((reader) => reader.close()));
    },
  };
}

const newestKey = "newest";

/** The request's result; or, where the region knows nobody who signed it, what it answers the record with. */
async function ask(request: SignedRequest, publisher: Publisher, results: Pending<Result>): Promise<Result> {
  const { digest, deadline } = readRequest(request.document);
  const withinMs = (): number => deadline + graceMs - Date.now();
  const result = results.await(digest, withinMs());
  // It is handed to the caller only once the request is out; should it fail before, nobody is lost.
  result.catch(() => undefined);
  try {
    const record = await publisher.publish("broker.requests", "SignedRequest", request, {
      key: request.requestId,
    });
    const declined = recordDigest(record);
    try {
      return await Promise.race([result, results.await(declined, withinMs())]);
    } finally {
      const over = new PavilionError("TIMED_OUT", "The request has ended.");
      for (const key of [digest, declined]) results.drop(key, over);
    }
  } catch (error) {
    results.drop(digest, error);
    throw error;
  }
}

/** From the topic's beginning: the first bundle of a repeated question may be old. */
async function findBundle(source: Source, digest: string, withinMs: number): Promise<string> {
  const bundles = new Pending<string>("The evidence was not published in time.");
  const found = bundles.await(digest, withinMs);
  found.catch(() => undefined);
  const reader = await followEvents(
    source,
    {
      ...{ topic: "evidence.bundles", types: ["EvidenceBundle"], from: "beginning" },
      take: ({ value }) => {
        bundles.take(value.requestDigest, value.text);
      },
    },
    bundles.fail,
  );
  try {
    return await found;
  } finally {
    await reader.close();
  }
}
