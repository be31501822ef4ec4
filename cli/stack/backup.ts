/**
 * `backup --out FOLDER`: copies the stack, which has to be down, into a folder, whole or not at all.
 */
import { resolve } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { misuse } from "../../errors/misuse.ts";
import { shell } from "../../runtime/shell.ts";
import type { Apart } from "../../services/backup/manifest.ts";
import { megabytes } from "../../services/backup/places.ts";
import { takeBackup } from "../../services/backup/take.ts";
import { stackFolder } from "../home.ts";
import { BytesShown } from "./bytes-shown.ts";
import { requireDown } from "./running.ts";

interface Given {
  readonly out: string | undefined;
  readonly json: boolean;
}

export async function backup({ out, json }: Given): Promise<number> {
  if (out === undefined) throw misuse("Say where the backup is to lie: --out FOLDER.");
  const stack = stackFolder();
  requireDown(stack);
  const folder = resolve(out);
  const shown = new BytesShown(json ? process.stderr : process.stdout);
  const { id, begun, regions, apart, files } = await takeBackup({
    ...{ stack, out: folder, program: manifest.version },
    onProgress: shown.onProgress("copying"),
    onNote: shown.tell,
  }).finally(shown.clear);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (json) {
    console.log(JSON.stringify({ folder, id, takenAt: begun, regions, apart, files: files.length, bytes }));
    return 0;
  }
  shown.tell(`copied ${String(files.length)} files, ${megabytes(bytes)} MB, of ${stack}`);
  for (const one of apart) shown.tell(`not in it: ${apartInWords(one)}`);
  shown.tell(`the backup is in ${folder}`);
  shown.tell("whoever reads it has every key and password of the stack: keep it where only you can read it");
  shown.tell(shell`to bring it back: ./pavilion restore --from ${folder}`);
  return 0;
}

function apartInWords({ part, where }: Apart): string {
  const at = where ?? "";
  switch (part) {
    case "kafka":
      return `what Kafka at ${at} holds; back it up by its own tools, from before the stack is up again`;
    case "registry":
      return `what the schema registry at ${at} holds; back it up with its Kafka`;
    case "chain":
      return `the chain at ${at}`;
    case "state":
      return "the stages' state, which is restored from Kafka";
    case "hsm":
      return "keys in an HSM of your own, which a connector's own configuration names; see to its own backup";
  }
}
