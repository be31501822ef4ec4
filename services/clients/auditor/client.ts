/**
 * An auditor's client: reads a region's log and its evidence bundles, from their topics' beginnings to where they end now.
 * What it reads it believes nothing of and keeps nothing of; the verifier says what holds.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connectKafka, type KafkaAccess } from "../../../runtime/kafka/client.ts";
import { followEvents } from "../../../runtime/kafka/events.ts";
import type { Log } from "../../../runtime/log.ts";
import { openCodec } from "../../../runtime/registry/codec.ts";
import type { AnchoredLeaf, EventName, EventTypes, EvidenceBundle } from "../../../schemas/avro/index.ts";
import { Topics } from "../../../schemas/topics.ts";
import { logTopics } from "../../../pipelines/log/topics.ts";

export interface AuditorPlan {
  /** Auditor id. */
  readonly auditor: string;
  readonly region: string;
  readonly kafka: KafkaAccess;
  readonly registryUrl: string;
  readonly log: Log;
}

/** Where records go as they are read: none is kept here. */
interface Taker<T> {
  take(value: T): void;
  /** A record that is none of these, or cannot be read as one. */
  takeUnreadable(): void;
}

export interface AuditorClient {
  /** Every leaf, in the order in which it was published, and on to the end of the batch that `isWhole` waits for. */
  leaves(taker: Taker<AnchoredLeaf> & { readonly isWhole: boolean }): Promise<void>;
  bundles(taker: Taker<EvidenceBundle>): Promise<void>;
}

/** A batch's leaves are published together, so the rest of one is there: it has but to be fetched. */
const REST_LIMIT_MS = 15_000;
const REST_PAUSE_MS = 50;

export async function openAuditorClient(plan: AuditorPlan): Promise<AuditorClient> {
  const { auditor, region, log } = plan;
  const kafka = connectKafka(plan.kafka, `auditor.${auditor}`, log);
  const codec = await openCodec(plan.registryUrl, new Topics(logTopics));

  const source = { kafka, codec, region, groups: `${region}.auditor.${auditor}`, log };

  async function read<N extends EventName>(
    topic: "proofs.anchored" | "evidence.bundles",
    type: N,
    taker: Taker<EventTypes[N]>,
    isWhole: () => boolean,
  ): Promise<void> {
    const reader = await followEvents(
      source,
      {
        topic,
        types: [type],
        from: "beginning",
        take: ({ value }) => {
          taker.take(value);
        },
        passOver: () => {
          taker.takeUnreadable();
        },
      },
      () => undefined, // whoever waits for `caughtUp` hears of it
    );
    try {
      await reader.caughtUp;
      const deadline = performance.now() + REST_LIMIT_MS;
      while (!isWhole() && performance.now() < deadline) await sleep(REST_PAUSE_MS);
    } finally {
      await reader.close();
    }
  }

  return {
    leaves: (taker) => read("proofs.anchored", "AnchoredLeaf", taker, () => taker.isWhole),
    bundles: (taker) => read("evidence.bundles", "EvidenceBundle", taker, () => true),
  };
}
