/**
 * Where the partition keeps records: one entry for each dataset and token. An entry that datasets shared would be
 * written by each of them under one name, and whoever reads the changelog's topic could count the people who match.
 */
import { Table, type StateView } from "../../runtime/contract/state.ts";
import type { SliceRecord } from "../../schemas/avro/index.ts";
import type { Head } from "./heads.ts";
import type { DatasetRecords, StoredRecord } from "./match.ts";

/** By collaboration: the epoch that it is in. */
export const EPOCHS = new Table<number>("epochs");
/** By collaboration, epoch and dataset: its last batch, and how many records it has here. */
export const HEADS = new Table<Head>("heads", () => 0);

/** `<collaboration>/<epoch>/`: what every key of the epoch's tables starts with. */
export const placeOf = (collaboration: string, epoch: number): string => `${collaboration}/${String(epoch)}/`;

/**
 * The table of a dataset's records, by token in hex. One for each, so that a question walks no one else's: state is
 * walked a table at a time.
 */
export const recordTable = (collaboration: string, epoch: number, dataset: string): string =>
  `records/${placeOf(collaboration, epoch)}${dataset}`;

/** A record as state holds it: JSON. */
export const storedRecord = ({ values, blinding, row }: SliceRecord, sequence: number): StoredRecord => [
  values,
  blinding.toString("hex"),
  sequence,
  row,
];

/** The dataset's records of the epoch; `count` says how many they are. */
export function recordsOf(
  state: StateView,
  { collaboration, epoch }: { readonly collaboration: string; readonly epoch: number },
  dataset: string,
  count: number,
): DatasetRecords {
  const table = recordTable(collaboration, epoch, dataset);
  return {
    count,
    entries: () => state.records(table) as Iterable<[token: string, record: StoredRecord]>,
    recordOf: (token) => state.get(table, token) as StoredRecord | undefined,
  };
}
