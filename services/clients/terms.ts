/**
 * A region's terms, as one party reads them: the operator from the region's tables, a provider or broker from a topic of
 * its own, into which the operator copies what names it. Every reader checks each entry again, signatures included.
 */
import { randomUUID } from "node:crypto";
import type { Kafka } from "kafkajs";
import { CollaborationVersions } from "../../domain/terms/collaboration-versions.ts";
import { PopulationVersions } from "../../domain/terms/population-versions.ts";
import { topicFor, type TopicName } from "../../schemas/topics.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import { eventTypeOf } from "../../runtime/kafka/cloudevents.ts";
import { endOf, openReader } from "../../runtime/kafka/reader.ts";
import type { KafkaRecord } from "../../runtime/kafka/wire/record.ts";

/** Who reads. */
export type TermsReader =
  { readonly role: "operator" } | { readonly role: "provider" | "broker"; readonly id: string };

export interface TermsContext {
  readonly kafka: Kafka;
  readonly codec: Codec;
  readonly region: string;
  readonly reader: TermsReader;
  readonly log: Log;
}

export interface Terms {
  readonly collaborations: CollaborationVersions;
  readonly populations: PopulationVersions;
}

const noTerms = (): Terms => ({
  collaborations: new CollaborationVersions(),
  populations: new PopulationVersions(),
});

export interface TermsView extends Terms {
  close(): Promise<void>;
}

/** The topics that a reader's terms lie in. */
const sources: Readonly<Record<TermsReader["role"], readonly TopicName[]>> = {
  operator: ["config.populations", "config.collaborations"],
  provider: ["provider.terms.<provider>"],
  broker: ["broker.terms.<broker>"],
};

/**
 * Follows the terms for as long as the view is open; resolves when what stood there has been read. `onChange` is told the
 * id of every collaboration with a new version. An entry that does not hold is logged and left out.
 */
export async function openTerms(
  context: TermsContext & {
    readonly onChange: (collaboration: string) => void;
    readonly fail: (error: unknown) => void;
  },
): Promise<TermsView> {
  const { kafka, codec, region, reader, log, onChange, fail } = context;
  const terms = noTerms();
  const take = async (topic: TopicName, { headers, value }: KafkaRecord): Promise<void> => {
    if (value === null) return;
    try {
      const type = eventTypeOf(headers);
      if (type === "PopulationEntry") {
        terms.populations.add(await codec.decode(topic, type, value));
        return;
      }
      if (type !== "CollaborationEntry") throw unknownEntry();
      const collaboration = terms.collaborations.add(await codec.decode(topic, "CollaborationEntry", value));
      if (collaboration !== undefined) onChange(collaboration.id);
    } catch (error) {
      if (!(error instanceof PavilionError)) throw error;
      log.warn({ topic, error }, "an entry of the terms is refused");
    }
  };
  const readers = await Promise.all(
    sources[reader.role].map((topic) =>
      openReader(kafka, {
        topic: addressOf(region, topic, reader),
        group: `${region}.${ownOf(reader)}.terms.${randomUUID()}`,
        from: "beginning",
        fail,
        handle: (message) => take(topic, message),
      }),
    ),
  );
  const close = async (): Promise<void> => {
    await Promise.all(readers.map((one) => one.close()));
  };
  try {
    await Promise.all(readers.map(({ caughtUp }) => caughtUp));
  } catch (error) {
    await close();
    throw error;
  }
  return { ...terms, close };
}

/** The terms as they stand. */
export async function readTerms(context: TermsContext): Promise<Terms> {
  const { kafka, region, reader } = context;
  const ends = sources[reader.role].map((topic) => endOf(kafka, addressOf(region, topic, reader)));
  // A region's first parties wait for no consumer group over nothing.
  if ((await Promise.all(ends)).every((end) => end === 0n)) return noTerms();
  // Whatever fails, the opening itself fails of.
  const ignore = (): void => undefined;
  const view = await openTerms({ ...context, onChange: ignore, fail: ignore });
  await view.close();
  return view;
}

const addressOf = (region: string, topic: TopicName, reader: TermsReader): string =>
  topicFor(region, topic, reader.role === "operator" ? undefined : reader.id);

/** What the names of a reader's groups begin with, after the region's. */
const ownOf = (reader: TermsReader): string =>
  reader.role === "operator" ? reader.role : `${reader.role}.${reader.id}`;

const unknownEntry = (): PavilionError =>
  new PavilionError("EVENT_UNREADABLE", "The record is no entry of the terms.");
