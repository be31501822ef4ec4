/**
 * What ingest keeps of a dataset in an epoch: its head and size, the day's changes, and per token the push that wrote it
 * last. No value is kept.
 */
import type { Change, StateView } from "../../runtime/contract/stage.ts";
import type { MatchRecord } from "../../schemas/avro/index.ts";
import type { Limits } from "../../schemas/json/collaboration.ts";
import type { RecordBatchHeader } from "../../schemas/json/record-batch.ts";
import { countAdditions, growDataset, spendChurn, type Churn } from "./limits.ts";
import type { DatasetState } from "./sequence.ts";

const placeOf = (header: RecordBatchHeader): string =>
  `${header.collaboration}/${String(header.epoch)}/${header.dataset}`;

/** What the last accepted batch left of the dataset, if there was one in the epoch. */
export const datasetAt = (header: RecordBatchHeader, state: StateView): DatasetState | undefined =>
  state.get("heads", placeOf(header)) as DatasetState | undefined;

/** The state after the batch: who wrote each token last, the head, and the day's changes. Throws on a limit. */
export function writeRecords(
  records: readonly MatchRecord[],
  header: RecordBatchHeader,
  head: string,
  limits: Limits,
  time: number,
  state: StateView,
): Change[] {
  const place = placeOf(header);
  const keys = records.map((record) => `${place}/${record.token.toString("hex")}`);
  const last = datasetAt(header, state);
  const churn = state.get("churn", place) as Churn | undefined;
  const pushOf = (key: string): string | undefined => state.get("tokens", key) as string | undefined;
  const additions = countAdditions(keys, header.push, pushOf);
  const dataset: DatasetState = {
    sequence: header.sequence,
    head,
    records: growDataset(last?.records ?? 0, additions, limits),
  };
  return [
    { table: "churn", key: place, value: spendChurn(churn, time, records.length, limits) },
    { table: "heads", key: place, value: dataset },
    ...keys.map((key) => ({ table: "tokens", key, value: header.push })),
  ];
}

/** Tokens of two epochs do not compare: at the first batch of an epoch, what was kept of another is dropped. */
export function forgetOtherEpochs(header: RecordBatchHeader, state: StateView): Change[] {
  const changes: Change[] = [];
  for (const table of ["churn", "heads", "tokens"]) {
    for (const [key] of state.entries(table, `${header.collaboration}/`)) {
      const [, epoch, dataset] = key.split("/");
      if (dataset !== header.dataset || epoch === String(header.epoch)) continue;
      changes.push({ table, key, value: undefined });
    }
  }
  return changes;
}
