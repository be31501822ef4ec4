/**
 * The provider's report on its own rows, beside its own agent: one JSON line a fault, with row number, column, outcome
 * and reason, and no cell. Nothing of it leaves the agent's state folder.
 */
import { join } from "node:path";
import { replaceFile } from "../keystore/atomic-file.ts";
import type { RowFault } from "./row-faults.ts";
import type { DatasetPlace } from "./state-folder.ts";

/** Writes `reports/<collaboration>.<dataset>-<push>.jsonl`, mode 0600, and answers its path. */
export async function writeReport(
  stateFolder: string,
  { collaboration, dataset }: DatasetPlace,
  push: string,
  faults: readonly RowFault[],
): Promise<string> {
  const file = join(stateFolder, "reports", `${collaboration}.${dataset}-${push}.jsonl`);
  await replaceFile(file, linesOf(faults));
  return file;
}

function* linesOf(faults: readonly RowFault[]): Generator<string> {
  for (const { row, column, outcome, reason } of faults) {
    yield `${JSON.stringify({ row, column, outcome, reason })}\n`;
  }
}
