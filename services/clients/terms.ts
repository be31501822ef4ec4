/**
 * A region's terms, as one party reads them: the operator from the region's tables, a provider or broker from a topic of
 * its own, into which the operator copies what names it. Every reader checks each entry again, signatures included.
 */
import type { Kafka } from "kafkajs";
import { CollaborationVersions } from "../../domain/terms/collaboration-versions.ts";
import { PopulationVersions } from "../../domain/terms/population-versions.ts";
import type { TopicName } from "../../schemas/topics.ts";
import type { Log } from "../../runtime/log.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import { followEvents, readEvents, type Source, type TypedEvent } from "../../runtime/kafka/events.ts";

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
  const terms = noTerms();
  const source = sourceOf(context);
  const readers = await Promise.all(
    plansOf(context.reader, terms, context.onChange).map((plan) => followEvents(source, plan, context.fail)),
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
  const terms = noTerms();
  const source = sourceOf(context);
  await Promise.all(plansOf(context.reader, terms).map((plan) => readEvents(source, plan)));
  return terms;
}

/** How each of the reader's topics is read into the terms. */
function plansOf(
  reader: TermsReader,
  terms: Terms,
  onChange: (collaboration: string) => void = () => undefined,
) {
  return sources[reader.role].map((topic) => ({
    topic,
    ...(reader.role === "operator" ? {} : { owner: reader.id }),
    types: ["PopulationEntry", "CollaborationEntry"] as const,
    from: "beginning" as const,
    take({ type, value }: TypedEvent<"PopulationEntry" | "CollaborationEntry">) {
      if (type === "PopulationEntry") {
        terms.populations.add(value);
        return;
      }
      const collaboration = terms.collaborations.add(value);
      if (collaboration !== undefined) onChange(collaboration.id);
    },
  }));
}

const sourceOf = ({ kafka, codec, region, reader, log }: TermsContext): Source => ({
  ...{ kafka, codec, region, log },
  groups: `${region}.${ownOf(reader)}.terms`,
});

/** What the names of a reader's groups begin with, after the region's. */
const ownOf = (reader: TermsReader): string =>
  reader.role === "operator" ? reader.role : `${reader.role}.${reader.id}`;
