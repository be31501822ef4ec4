/**
 * Where the partition keeps records: one entry for each dataset and token. An entry that datasets shared would be
 * written by each of them under one name, and whoever reads the changelog's topic could count the people who match.
 */
import type { StateView } from "../../runtime/stage.ts";
import type { DatasetRecords, Values } from "./match.ts";

/** `<collaboration>/<epoch>/`: what every key of the epoch's tables starts with. */
export const placeOf = (collaboration: string, epoch: number): string => `${collaboration}/${String(epoch)}/`;

/** The key of a record in the table `records`; `token` is hex. */
export const recordKey = (collaboration: string, epoch: number, dataset: string, token: string): string =>
  `${placeOf(collaboration, epoch)}${dataset}/${token}`;

/** The dataset's records of the epoch; `count` says how many they are. */
export function recordsOf(
  state: StateView,
  { collaboration, epoch }: { readonly collaboration: string; readonly epoch: number },
  dataset: string,
  count: number,
): DatasetRecords {
  const prefix = recordKey(collaboration, epoch, dataset, "");
  return {
    count,
    *entries() {
      for (const [key, values] of state.entries("records", prefix)) {
        yield [key.slice(prefix.length), values as Values];
      }
    },
    valuesOf: (token) => state.get("records", prefix + token) as Values | undefined,
  };
}
