/**
 * A Core Broker's client: publishes signed requests and waits for the one result of each, and for its evidence. Does
 * not verify the result's credential or its evidence; the verifier does.
 */
import { readRequest } from "../../../domain/terms/request.ts";
import { Seeds } from "../../../domain/log/seeds.ts";
import { connectKafka, type KafkaAccess } from "../../../runtime/kafka/client.ts";
import { followEvents, type Source } from "../../../runtime/kafka/events.ts";
import { openPublisher } from "../../../runtime/kafka/publisher.ts";
import type { Log } from "../../../runtime/log.ts";
import { openCodec } from "../../../runtime/registry/codec.ts";
import type { Result, SignedRequest } from "../../../schemas/avro/index.ts";
import { Topics } from "../../../schemas/topics.ts";
import { Asker } from "../asker.ts";
import { Pending } from "../pending.ts";
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
  const source = { kafka, codec, region, groups: `${region}.broker.${broker}`, log };
  const publisher = await openPublisher(kafka, codec, region, `/broker/${broker}`);
  await using opening = new AsyncDisposableStack();
  opening.defer(() => publisher.close());
  const asker = await Asker.open(source, publisher, {
    ...{ topic: "broker.results.<broker>", owner: broker, type: "Result" },
    digestOf: ({ requestDigest }) => requestDigest,
    isUnsigned: ({ unsigned }) => unsigned,
    late: "No result came by the request's deadline.",
  });
  opening.defer(() => asker.close());
  const seeds = await followSeeds(source);
  opening.defer(() => seeds.close());
  const opened = opening.move();
  return {
    newestSeed: seeds.newest,
    ask(request) {
      const { digest, deadline } = readRequest(request.document);
      return asker.ask({
        ...{ topic: "broker.requests", type: "SignedRequest", value: request },
        ...{ to: { key: request.requestId }, digest, withinMs: deadline + graceMs - Date.now() },
      });
    },
    resultOf: (digest, withinMs) => asker.replyTo(digest, withinMs),
    evidence: (digest, withinMs = evidenceLimitMs) => findBundle(source, digest, withinMs),
    close: () => opened.disposeAsync(),
  };
}

/** Follows the table of noise seeds from its beginning; resolves once it has been read. */
async function followSeeds(source: Source) {
  const opening = new Pending<string>("The region has no open noise seed.");
  const table = new Seeds();
  const reader = await followEvents(
    source,
    {
      ...{ topic: "config.seeds", types: ["SeedEntry"], from: "beginning" },
      take: ({ value }) => {
        table.add(value);
        const newest = table.newest();
        if (newest !== undefined) opening.take(newestKey, newest.commitment);
      },
    },
    opening.fail,
  );
  try {
    await reader.caughtUp;
  } catch (error) {
    await reader.close();
    throw error;
  }
  let waiting: Promise<string> | undefined;
  return {
    newest: async (withinMs = seedLimitMs): Promise<string> => {
      const newest = table.newest();
      if (newest !== undefined) return newest.commitment;
      // Many may ask before the first seed opens: they wait together.
      waiting ??= opening.await(newestKey, withinMs).finally(() => (waiting = undefined));
      return waiting;
    },
    close: () => reader.close(),
  };
}

const newestKey = "newest";

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
  ).catch((error: unknown) => {
    // Whoever waits is told, and its timer ends.
    bundles.fail(error);
    throw error;
  });
  try {
    return await found;
  } finally {
    await reader.close();
  }
}
