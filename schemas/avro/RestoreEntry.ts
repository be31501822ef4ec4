// Generated from RestoreEntry.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

/** A region was put back from a backup: what it does not know is compared with what others hold before it answers again. */
export interface RestoreEntry {
  /** Of this restoring alone, 32 hex digits. */
  id: string;
  /** When, in milliseconds since the epoch. */
  restoredAt: number;
  /** When the operator last compared the region's log with every checkpoint of it that others hold, in milliseconds since the epoch; null before. */
  comparedAt: number | null;
  /** Leaves under the newest checkpoint that others hold; 0 where none is known. */
  size: number;
  /** That checkpoint's root, 64 hex digits; empty where none is known. */
  root: string;
  /** Why the region answers nothing any more, where its operator closed it; null otherwise. */
  closed: string | null;
}
