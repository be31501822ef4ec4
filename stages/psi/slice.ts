/**
 * Takes a batch's slice into the partition's tables. `records`: by token, what each dataset has; `heads`: the last batch
 * of each dataset; `epochs`: the epoch a collaboration is in, with its datasets' tables of that epoch alone.
 *
 * Promises: taking a slice in again changes nothing; batches go in without gaps, and a fork of a dataset is refused.
 */
import { PavilionError } from "../../runtime/errors.ts";
import type { Change, StateView } from "../../runtime/stage.ts";
import type { RecordSlice } from "../../schemas/avro/index.ts";
import type { Head } from "./heads.ts";
import type { StoredRecord } from "./match.ts";

/** `<collaboration>/<epoch>/`: what every key of the epoch's tables starts with. */
export const placeOf = (collaboration: string, epoch: number): string => `${collaboration}/${String(epoch)}/`;

/** The changes that the slice makes: none for one that was taken in before, or of an epoch that is over. */
export function takeSlice(slice: RecordSlice, state: StateView): Change[] {
  const epoch = state.get("epochs", slice.collaboration) as number | undefined;
  if (epoch !== undefined && slice.epoch < epoch) return [];
  const place = placeOf(slice.collaboration, slice.epoch);
  const headKey = place + slice.dataset;
  if (!isNext(slice, state.get("heads", headKey) as Head | undefined)) return [];
  const { sequence, head } = slice;
  return [
    ...(epoch === slice.epoch ? [] : enterEpoch(slice, epoch, state)),
    ...upsert(slice, place, state),
    { table: "heads", key: headKey, value: { sequence, head } },
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

function upsert(slice: RecordSlice, place: string, state: StateView): Change[] {
  const updated = new Map<string, StoredRecord>();
  for (const { token, values } of slice.records) {
    const key = place + token.toString("hex");
    const before = updated.get(key) ?? (state.get("records", key) as StoredRecord | undefined);
    updated.set(key, { ...before, [slice.dataset]: values });
  }
  return [...updated].map(([key, value]) => ({ table: "records", key, value }));
}

/** Tokens of two epochs do not compare: the collaboration's first slice of a new epoch drops the last one's tables. */
function enterEpoch(slice: RecordSlice, last: number | undefined, state: StateView): Change[] {
  const changes: Change[] = [{ table: "epochs", key: slice.collaboration, value: slice.epoch }];
  if (last === undefined) return changes;
  for (const table of ["heads", "records"]) {
    for (const [key] of state.entries(table, placeOf(slice.collaboration, last))) {
      changes.push({ table, key, value: undefined });
    }
  }
  return changes;
}
