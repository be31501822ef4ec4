/**
 * What ingest keeps of a dataset in an epoch: its head and size, the day's changes, and per token the push that wrote it
 * last. No value is kept.
 */
import { rankOfText, Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { MatchRecord } from "../../schemas/avro/index.ts";
import type { Limits } from "../../schemas/json/collaboration.ts";
import type { RecordBatchHeader } from "../../schemas/json/record-batch.ts";
import { countAdditions, growDataset, spendChurn, type Churn } from "./limits.ts";
import type { DatasetState } from "./sequence.ts";

/** Of a dataset in an epoch: its head and size, and the day's changes. By `<collaboration>/<epoch>/<dataset>`. */
export const HEADS = new Table<DatasetState>("heads", (_, key) => rankOfDataset(key));
const CHURN = new Table<Churn>("churn");
/** By dataset in an epoch and token: the push that wrote it last. Ranked by the dataset in the epoch. */
export const TOKENS = new Table<string>("tokens", (_, key) => rankOfText(key.slice(0, key.lastIndexOf("/"))));
/** Datasets of epochs that are over, whose tokens go piece by piece: by place, ranked in the order of their ends. */
export const OVER = new Table<number>("over", (since) => since);

/** So many tokens of an epoch that is over are dropped with a batch at most: more than a batch brings. */
const DROPPED_MAX = 4_000;
/** So many epochs of a dataset are looked at: one is over at a time. */
const EPOCHS_MAX = 100;

/** Of the dataset, whatever the epoch. */
const rankOfDataset = (place: string): number => {
  const [collaboration = "", , dataset = ""] = place.split("/");
  return rankOfText(`${collaboration}/${dataset}`);
};

const placeOf = (header: RecordBatchHeader): string =>
  `${header.collaboration}/${String(header.epoch)}/${header.dataset}`;

/** What the last accepted batch left of the dataset, if there was one in the epoch. */
export const datasetAt = (header: RecordBatchHeader, state: StateView): DatasetState | undefined =>
  HEADS.get(state, placeOf(header));

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
  const churn = CHURN.get(state, place);
  const pushOf = (key: string): string | undefined => TOKENS.get(state, key);
  const additions = countAdditions(keys, header.push, pushOf);
  const dataset: DatasetState = {
    sequence: header.sequence,
    head,
    records: growDataset(last?.records ?? 0, additions, limits),
  };
  return [
    CHURN.put(place, spendChurn(churn, time, records.length, limits)),
    HEADS.put(place, dataset),
    ...keys.map((key) => TOKENS.put(key, header.push)),
  ];
}

/** Tokens of two epochs do not compare: at the first batch of an epoch, what was kept of another is over. */
export function forgetOtherEpochs(header: RecordBatchHeader, state: StateView): Change[] {
  const place = placeOf(header);
  const from = rankOfDataset(place);
  return HEADS.ranked(state, { from, below: from + 1, limit: EPOCHS_MAX })
    .filter(({ key }) => key !== place && isOfDataset(key, header))
    .flatMap(({ key }) => [HEADS.remove(key), CHURN.remove(key), OVER.put(key, header.epoch)]);
}

function isOfDataset(place: string, { collaboration, dataset }: RecordBatchHeader): boolean {
  const [of, , one] = place.split("/");
  return of === collaboration && one === dataset;
}

/** Drops what is over, piece by piece: with every batch that is taken in. */
export function dropOver(state: StateView): Change[] {
  const [next] = OVER.ranked(state, { limit: 1 });
  if (next === undefined) return [];
  const from = rankOfText(next.key);
  const found = TOKENS.ranked(state, { from, below: from + 1, limit: DROPPED_MAX });
  const own = found.filter(({ key }) => key.startsWith(`${next.key}/`)).map(({ key }) => TOKENS.remove(key));
  return found.length < DROPPED_MAX ? [...own, OVER.remove(next.key)] : own;
}
