/**
 * `restore --from FOLDER [--replace]`: puts the stack back from a backup. What stands in its place is moved aside, never erased.
 */
import { resolve } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { misuse } from "../../errors/misuse.ts";
import { restoreBackup } from "../../services/backup/restore.ts";
import { stackFolder } from "../home.ts";
import { BytesShown } from "./bytes-shown.ts";
import { requireDown } from "./running.ts";

interface Given {
  readonly from: string | undefined;
  readonly replace: boolean;
  readonly json: boolean;
}

export async function restore({ from, replace, json }: Given): Promise<number> {
  if (from === undefined) throw misuse("Say where the backup lies: --from FOLDER.");
  const folder = stackFolder();
  requireDown(folder);
  const shown = new BytesShown(json ? process.stderr : process.stdout);
  const { restored, movedTo } = await restoreBackup({
    ...{ from: resolve(from), stack: folder, program: manifest.version, replace },
    onProgress: (doing, done, total) => {
      shown.onProgress(doing)(done, total);
    },
  }).finally(shown.clear);
  const { id, backup, takenAt, restoredAt } = restored;
  if (json) {
    console.log(JSON.stringify({ folder, id, backup, takenAt, restoredAt, movedTo: movedTo ?? null }));
    return 0;
  }
  shown.tell(`the stack of ${takenAt} is back, in ${folder}`);
  if (movedTo !== undefined) shown.tell(`what was there before is kept, in ${movedTo}`);
  shown.tell("what was asked, answered and spent since then is not known to it: tell the providers");
  shown.tell("next: ./pavilion up; no region answers before you have run ./pavilion recover for it");
  return 0;
}
