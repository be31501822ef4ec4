/**
 * Takes a batch's slice into the partition's tables: `records/…`, one a dataset and epoch, has its records by token.
 *
 * Promises: taking a slice in again changes nothing; batches go in without gaps, and a fork of a dataset is refused.
 */
import { PavilionError } from "../../errors/errors.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { RecordSlice } from "../../schemas/avro/index.ts";
import type { Head } from "./heads.ts";
import { EPOCHS, HEADS, placeOf, recordTable, storedRecord } from "./records.ts";

/** The changes that the slice makes: none for one that was taken in before, or of an epoch that is over. */
export function takeSlice(slice: RecordSlice, state: StateView): Change[] {
  const epoch = EPOCHS.get(state, slice.collaboration);
  if (epoch !== undefined && slice.epoch < epoch) return [];
  const headKey = placeOf(slice.collaboration, slice.epoch) + slice.dataset;
  const last = HEADS.get(state, headKey);
  if (!isNext(slice, last)) return [];
  const written = upsert(slice);
  const added = written.filter(({ table, key }) => state.get(table, key) === undefined).length;
  const { sequence, head } = slice;
  return [
    ...(epoch === slice.epoch ? [] : enterEpoch(slice, epoch, state)),
    ...written,
    HEADS.put(headKey, { sequence, head, records: (last?.records ?? 0) + added }),
  ];
}

/**
 * Ingest numbers batches without gaps and the topic keeps their order, so that a gap or a second batch of one number
 * means two writers of one dataset: INTERNAL_ERROR.
 */
function isNext({ sequence, head }: RecordSlice, last: Head | undefined): boolean {
  const done = last?.sequence ?? 0;
  if (sequence < done || (sequence === done && head === last?.head)) return false;
  if (sequence === done + 1) return true;
  throw new PavilionError(
    "INTERNAL_ERROR",
    "A slice does not follow the dataset's last one in this partition.",
  );
}

/** The slice's records; the last one of a token counts. */
function upsert({ collaboration, epoch, dataset, sequence, records }: RecordSlice): Change[] {
  const table = recordTable(collaboration, epoch, dataset);
  const updated = new Map(
    records.map((record) => [record.token.toString("hex"), storedRecord(record, sequence)]),
  );
  return [...updated].map(([key, value]) => ({ table, key, value }));
}

/** Tables of records that are over, in the order of their ends. */
export const OVER = new Table<number>("over", (since) => since);
/** So many datasets a region has at most, of all collaborations and epochs. */
const DATASETS_MAX = 10_000;
/** So many records are dropped with one tick at most. */
const DROPPED_MAX = 1_000;

/** Tokens of two epochs do not compare: with the collaboration's first slice of a new epoch the last one's tables are over. */
function enterEpoch(slice: RecordSlice, last: number | undefined, state: StateView): Change[] {
  const changes: Change[] = [EPOCHS.put(slice.collaboration, slice.epoch)];
  if (last === undefined) return changes;
  const place = placeOf(slice.collaboration, last);
  for (const { key } of HEADS.ranked(state, { limit: DATASETS_MAX })) {
    if (!key.startsWith(place)) continue;
    const table = recordTable(slice.collaboration, last, key.slice(place.length));
    changes.push(HEADS.remove(key), OVER.put(table, slice.epoch));
  }
  return changes;
}

/** Drops what is over, piece by piece. */
export function dropOver(state: StateView): Change[] {
  const [next] = OVER.ranked(state, { limit: 1 });
  if (next === undefined) return [];
  const table = next.key;
  const dropped = Array.from(state.records(table, DROPPED_MAX), ([key]) => ({
    table,
    key,
    value: undefined,
  }));
  return dropped.length < DROPPED_MAX ? [...dropped, OVER.remove(table)] : dropped;
}
