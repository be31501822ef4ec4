/**
 * The matches that a partition has made: questions over the same heads, groupings and columns share theirs, so that only the
 * first of them reads the records. What is asked of the sums, by whom and at what noise is no part of a match.
 *
 * Remembered beside the state that it is of, for as long as that is, in memory alone. Records
 * change with their dataset's head alone, which a match is remembered under; a match that is not remembered is made again, the same.
 */
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { StateView } from "../../runtime/contract/state.ts";
import type { Cell, Plan } from "../../schemas/avro/index.ts";
import { match, type DatasetRecords } from "./match.ts";
import { listed } from "./preimage.ts";

export interface KnownMatch {
  readonly cells: readonly Cell[];
  /** Who matched, as `listed` writes it. */
  readonly lists: readonly string[];
}

/** Bytes that a partition remembers, about: of lists some 50 a person, and eight for each sum. */
const REMEMBERED_MAX = 32 * 1024 * 1024;
/** What a match takes beside these, about. */
const MATCH_OVERHEAD = 16 * 1024;
/** What a group takes beside its sums, its blinding among it. */
const CELL_OVERHEAD = 256;

const known = new WeakMap<StateView, LRUCache<string, KnownMatch>>();

/** The match of the plan's records, which are the state's at the plan's heads. Throws as `match` does. */
export function matchIn(state: StateView, plan: Plan, records: readonly DatasetRecords[]): KnownMatch {
  const matches =
    known.get(state) ??
    new LRUCache<string, KnownMatch>({
      maxSize: REMEMBERED_MAX,
      sizeCalculation: sizeOf,
    });
  known.set(state, matches);
  const key = keyOf(plan);
  const remembered = matches.get(key);
  if (remembered !== undefined) return remembered;
  const { cells, people } = match(records, plan);
  const made = { cells, lists: listed(people) };
  matches.set(key, made);
  return made;
}

function sizeOf({ cells, lists }: KnownMatch): number {
  const listed = lists.reduce((sum, { length }) => sum + length, MATCH_OVERHEAD);
  return cells.reduce((sum, { sums }) => sum + CELL_OVERHEAD + 8 * sums.length, listed);
}

/** All that a match depends on. */
const keyOf = ({ collaboration, epoch, datasets, groupings }: Plan): string =>
  createHash("sha256")
    .update(JSON.stringify([collaboration, epoch, datasets, groupings]))
    .digest("base64");
