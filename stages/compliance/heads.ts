/**
 * The heads of every dataset as ingest reports them, and pinning them: a plan names the state that is answered as of.
 */
import { PavilionError } from "../../errors/errors.ts";
import { rankOfText, Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import { committedColumns } from "../../domain/statistics/coordinates.ts";
import type { DatasetHead, PinnedDataset } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";

interface Head {
  readonly sequence: number;
  readonly head: string;
  readonly complete: boolean;
  readonly signature: string;
}

/** By `<collaboration>/<epoch>/<dataset>`, ranked by the dataset, whatever the epoch. */
export const HEADS = new Table<Head>("heads", (_, key) => {
  const [collaboration = "", , dataset = ""] = key.split("/");
  return rankOfDataset(collaboration, dataset);
});
/** So many epochs of a dataset are looked at: those before one go when it begins. */
const EPOCHS_MAX = 100;

const rankOfDataset = (collaboration: string, dataset: string): number =>
  rankOfText(`${collaboration}/${dataset}`);

const keyOf = (collaboration: string, epoch: number, dataset: string): string =>
  `${collaboration}/${epoch.toString()}/${dataset}`;

/** Remembers a newer head, and forgets those of epochs before; an older one, or the same again, changes nothing. */
export function noteHead(reported: DatasetHead, state: StateView): Change[] {
  const { collaboration, epoch, dataset, sequence, head, complete, signature } = reported;
  const key = keyOf(collaboration, epoch, dataset);
  const known = HEADS.get(state, key);
  if (known !== undefined && known.sequence >= sequence) return [];
  const noted = HEADS.put(key, { sequence, head, complete, signature });
  return known === undefined ? [...earlierOf(reported, state), noted] : [noted];
}

function earlierOf({ collaboration, epoch, dataset }: DatasetHead, state: StateView): Change[] {
  const from = rankOfDataset(collaboration, dataset);
  return HEADS.ranked(state, { from, below: from + 1, limit: EPOCHS_MAX }).flatMap(({ key }) => {
    const [of, before, one] = key.split("/");
    return of === collaboration && one === dataset && Number(before) < epoch ? [HEADS.remove(key)] : [];
  });
}

/**
 * Every dataset at its head, in slot order. Throws DATASET_NOT_READY while one of them has none, or is in the middle of
 * a push.
 */
export function pinDatasets(collaboration: Collaboration, state: StateView): PinnedDataset[] {
  const pinned: PinnedDataset[] = [];
  for (const { id: provider, dataset, columns } of collaboration.providers) {
    const found = HEADS.get(state, keyOf(collaboration.id, collaboration.matching.epoch, dataset));
    if (found?.complete !== true) {
      throw new PavilionError(
        "DATASET_NOT_READY",
        `The dataset ${dataset} has not been pushed completely in this epoch.`,
      );
    }
    const { sequence, head, signature } = found;
    pinned.push({ provider, dataset, sequence, head, signature, columns: committedColumns(columns) });
  }
  return pinned;
}
