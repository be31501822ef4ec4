/**
 * A party's view of a region's table of collaborations, followed for as long as it is open.
 */
import type { Kafka } from "kafkajs";
import { CollaborationVersions } from "../../documents/collaboration-versions.ts";
import { topicFor } from "../../schemas/topics.ts";
import { PavilionError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Codec } from "../registry/codec.ts";
import { openReader } from "./reader.ts";

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
  const reader = await openReader(kafka, {
    topic: topicFor(region, "config.collaborations"),
    group,
    from: "beginning",
    fail,
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
  try {
    await reader.caughtUp;
  } catch (error) {
    await reader.close();
    throw error;
  }
  return { table, close: () => reader.close() };
}
