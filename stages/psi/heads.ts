/**
 * Where a partition stands against the heads that a question pins.
 */
import type { Plan } from "../../schemas/avro/index.ts";

/** A dataset's last batch as the partition has taken it in. */
export interface Head {
  readonly sequence: number;
  readonly head: string;
  /** How many records of the dataset the partition has. */
  readonly records: number;
}

/**
 * `reached`: every dataset is exactly at its pinned head. `beyond`: some dataset has moved past it, or took another
 * batch in its place, and never comes back. `behind`: the rest of it is still on its way.
 */
export function compareHeads(
  datasets: Plan["datasets"],
  headOf: (dataset: string) => Head | undefined,
): "reached" | "behind" | "beyond" {
  let behind = false;
  for (const { dataset, sequence, head } of datasets) {
    const at = headOf(dataset);
    if (at === undefined || at.sequence < sequence) behind = true;
    else if (at.sequence > sequence || at.head !== head) return "beyond";
  }
  return behind ? "behind" : "reached";
}
