/**
 * Global tables: compacted topics that every worker holds whole. A table has caught up when it has read what stood there
 * when it was opened.
 */
import { PavilionError } from "../../errors/errors.ts";
import type { EventOn, TopicName } from "../../schemas/topics.ts";
import { followEvents, type Source, type TypedEvent } from "./events.ts";
import type { Reader } from "./reader.ts";

/** An entry of any table, by the topic that it stands on. */
export type TableEntry = {
  [T in TopicName]: { readonly topic: T } & TypedEvent<EventOn<T>>;
}[TopicName];

export interface GlobalTables {
  close(): Promise<void>;
}

/** Who holds tables, and takes in their entries: a coded error says that one does not hold. */
export interface TableHolder {
  readonly tables: readonly TopicName[];
  readonly apply: (entry: TableEntry) => void;
}

/**
 * Follows the holders' tables from their start for as long as it is open; resolves when they have caught up. An entry that
 * cannot be read, or that a holder refuses, is logged and left out. `fail` is told when a table is followed no longer: old
 * rules must not go on.
 */
export async function openTables(
  source: Source,
  holders: readonly TableHolder[],
  fail: (error: unknown) => void,
): Promise<GlobalTables> {
  const topics = new Set(holders.flatMap(({ tables }) => tables));
  const readers = await Promise.all(
    [...topics].map((topic) => {
      const concerned = holders.filter(({ tables }) => tables.includes(topic));
      const refuse = (error: PavilionError): void => {
        source.log.error({ topic, error }, "table entry is refused");
      };
      return followTable(source, topic, { concerned, refuse, fail });
    }),
  );
  await Promise.all(readers.map((reader) => reader.caughtUp));
  return {
    async close() {
      await Promise.all(readers.map((reader) => reader.close()));
    },
  };
}

interface Following {
  readonly concerned: readonly TableHolder[];
  readonly refuse: (error: PavilionError) => void;
  readonly fail: (error: unknown) => void;
}

const followTable = (
  source: Source,
  topic: TopicName,
  { concerned, refuse, fail }: Following,
): Promise<Reader> =>
  followEvents(
    source,
    {
      topic,
      types: source.codec.topics.of(topic).events,
      from: "beginning",
      passOver: refuse,
      take({ type, value }) {
        const entry = { topic, type, value } as TableEntry;
        for (const { apply } of concerned) hand(entry, apply, refuse);
      },
    },
    fail,
  );

/** What one holder refuses another may take. */
function hand(entry: TableEntry, apply: TableHolder["apply"], refuse: (error: PavilionError) => void): void {
  try {
    apply(entry);
  } catch (error) {
    if (!(error instanceof PavilionError)) throw error;
    refuse(error);
  }
}
