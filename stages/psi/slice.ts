/**
 * Takes a batch's slice into the partition's tables. `records/…`, one a dataset: its records by token; `heads`: the last batch of
 * each dataset, and how many records it has here; `epochs`: the epoch a collaboration is in, with its datasets' tables of that epoch alone.
 *
 * Promises: taking a slice in again changes nothing; batches go in without gaps, and a fork of a dataset is refused.
 */
import { PavilionError } from "../../errors/errors.ts";
import type { Change, StateView } from "../../runtime/contract/stage.ts";
import type { RecordSlice } from "../../schemas/avro/index.ts";
import type { Head } from "./heads.ts";
import { placeOf, recordTable, storedRecord } from "./records.ts";

/** The changes that the slice makes: none for one that was taken in before, or of an epoch that is over. */
export function takeSlice(slice: RecordSlice, state: StateView): Change[] {
  const epoch = state.get("epochs", slice.collaboration) as number | undefined;
  if (epoch !== undefined && slice.epoch < epoch) return [];
  const headKey = placeOf(slice.collaboration, slice.epoch) + slice.dataset;
  const last = state.get("heads", headKey) as Head | undefined;
  if (!isNext(slice, last)) return [];
  const written = upsert(slice);
  const added = written.filter(({ table, key }) => state.get(table, key) === undefined).length;
  const { sequence, head } = slice;
  return [
    ...(epoch === slice.epoch ? [] : enterEpoch(slice, epoch, state)),
    ...written,
    { table: "heads", key: headKey, value: { sequence, head, records: (last?.records ?? 0) + added } },
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

/** Tokens of two epochs do not compare: the collaboration's first slice of a new epoch drops the last one's tables. */
function enterEpoch(slice: RecordSlice, last: number | undefined, state: StateView): Change[] {
  const changes: Change[] = [{ table: "epochs", key: slice.collaboration, value: slice.epoch }];
  if (last === undefined) return changes;
  const place = placeOf(slice.collaboration, last);
  for (const [head] of state.entries("heads", place)) {
    changes.push({ table: "heads", key: head, value: undefined });
    const table = recordTable(slice.collaboration, last, head.slice(place.length));
    for (const [key] of state.entries(table)) changes.push({ table, key, value: undefined });
  }
  return changes;
}
