/**
 * The heads of every dataset as ingest reports them, and pinning them: a plan names the state that is answered as of.
 */
import { PavilionError } from "../../errors/errors.ts";
import type { Change, StateView } from "../../runtime/contract/stage.ts";
import { committedColumns } from "../../domain/statistics/coordinates.ts";
import type { DatasetHead, PinnedDataset } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";

const TABLE = "heads";

interface Head {
  readonly sequence: number;
  readonly head: string;
  readonly complete: boolean;
  readonly signature: string;
}

const keyOf = (collaboration: string, epoch: number, dataset: string): string =>
  `${collaboration}/${epoch.toString()}/${dataset}`;

/** Remembers a newer head; an older one, or the same again, changes nothing. */
export function noteHead(reported: DatasetHead, state: StateView): Change[] {
  const { collaboration, epoch, dataset, sequence, head, complete, signature } = reported;
  const key = keyOf(collaboration, epoch, dataset);
  const known = headAt(key, state);
  if (known !== undefined && known.sequence >= sequence) return [];
  return [{ table: TABLE, key, value: { sequence, head, complete, signature } satisfies Head }];
}

/**
 * Every dataset at its head, in slot order. Throws DATASET_NOT_READY while one of them has none, or is in the middle of
 * a push.
 */
export function pinDatasets(collaboration: Collaboration, state: StateView): PinnedDataset[] {
  const pinned: PinnedDataset[] = [];
  for (const { id: provider, dataset, columns } of collaboration.providers) {
    const found = headAt(keyOf(collaboration.id, collaboration.matching.epoch, dataset), state);
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

function headAt(key: string, state: StateView): Head | undefined {
  return state.get(TABLE, key) as Head | undefined;
}
