/**
 * The agent's view of the collaborations: those published in its region whose every signature holds, and of these the
 * ones that pin this provider's own key. A version that is known never changes.
 */
import { timingSafeEqual } from "node:crypto";
import type { Kafka } from "kafkajs";
import { CollaborationVersions } from "../../documents/collaboration-versions.ts";
import { participantOf, publicKeyIn, type CollaborationTable } from "../../documents/collaboration.ts";
import { PavilionError } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import type { Collaboration, Participant } from "../../schemas/json/collaboration.ts";
import { topicFor } from "../../schemas/topics.ts";
import { openReader } from "../../runtime/kafka/reader.ts";

/** Who this agent is, as far as collaborations are concerned. */
export interface Self {
  readonly provider: string;
  readonly region: string;
  /** The Ed25519 identity key in its keystore. */
  readonly publicKey: Uint8Array;
}

export interface Membership {
  readonly collaboration: Collaboration;
  readonly participant: Participant;
}

/**
 * The latest version, once it is certain that the collaboration lies in this region and is about this provider under
 * its own key. Throws UNKNOWN_COLLABORATION, NOT_HOME_REGION or NOT_A_MEMBER.
 */
export function requireMembership(collaborations: CollaborationTable, id: string, self: Self): Membership {
  const collaboration = collaborations.latest(id);
  if (collaboration === undefined) {
    throw new PavilionError("UNKNOWN_COLLABORATION", `Collaboration ${id} is not published in this region.`);
  }
  if (collaboration.region !== self.region) {
    throw new PavilionError("NOT_HOME_REGION", `Collaboration ${id} is at home in ${collaboration.region}.`);
  }
  const participant = participantOf(collaboration, self.provider);
  if (participant === undefined) {
    throw new PavilionError(
      "NOT_A_MEMBER",
      `Provider ${self.provider} takes no part in collaboration ${id}.`,
    );
  }
  if (!timingSafeEqual(publicKeyIn(participant.key), self.publicKey)) {
    throw new PavilionError(
      "NOT_A_MEMBER",
      `Collaboration ${id} pins another key for provider ${self.provider}.`,
      "Use the keystore whose key was pinned, or have the providers pin this one in a new version.",
    );
  }
  return { collaboration, participant };
}

export interface CollaborationView {
  readonly table: CollaborationVersions;
  close(): Promise<void>;
}

/**
 * Follows the region's table; resolves when it has been read. `onChange` is told the id of every collaboration with a
 * new version. An entry that does not hold is logged and left out.
 */
export async function openCollaborations(context: {
  readonly kafka: Kafka;
  readonly codec: Codec;
  readonly region: string;
  readonly group: string;
  readonly log: Log;
  readonly onChange: (id: string) => void;
  readonly fail: (error: unknown) => void;
}): Promise<CollaborationView> {
  const { kafka, codec, region, group, log, onChange, fail } = context;
  const table = new CollaborationVersions();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const reader = await openReader(kafka, {
    topic: topicFor(region, "config.collaborations"),
    group,
    from: "beginning",
    fail: (error) => {
      failed.reject(error);
      fail(error);
    },
    handle: async ({ value }) => {
      if (value === null) return;
      try {
        const entry = await codec.decode("config.collaborations", "CollaborationEntry", value);
        const collaboration = table.add(entry);
        if (collaboration !== undefined) onChange(collaboration.id);
      } catch (error) {
        if (!(error instanceof PavilionError)) throw error;
        log.warn({ error }, "table entry is refused");
      }
    },
  });
  await Promise.race([reader.caughtUp, failed.promise]);
  return { table, close: () => reader.close() };
}
