/**
 * For the tests of services/backup: a stack's folder in small, with every kind of file that a stack has, and its backup.
 */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { rememberedIn, writeRemembered } from "../../stack/remembered.ts";
import type { Manifest } from "../manifest.ts";
import { restoreBackup, type RestorePlan, type Restoration } from "../restore.ts";
import { takeBackup, type BackupPlan } from "../take.ts";

const root = mkdtempSync(join(tmpdir(), "pavilion-backup-"));
after(() => {
  rmSync(root, { recursive: true });
});
let made = 0;

export const program = "0.2.3";
/** As large as Kafka makes it before it is used, all of it a hole but for its first bytes. */
export const index = { path: "kafka/data/topic-0/00000000000000000000.index", size: 10 * 1024 * 1024 };
const quiet = { onProgress: () => undefined, onNote: () => undefined };

/** A folder of its own, which goes when the tests have run. */
export function freshFolder(): string {
  const folder = join(root, String(++made));
  mkdirSync(folder);
  return folder;
}

/** A stack's folder, and a place for its backup that is not there yet. */
export async function smallStack(): Promise<{ readonly stack: string; readonly out: string }> {
  const home = freshFolder();
  const stack = join(home, "stack");
  const folders = [
    "kafka/data/topic-0",
    "kafka/data/empty",
    "regions/eu-central/hsm",
    "regions/eu-central/state",
  ];
  for (const folder of folders) mkdirSync(join(stack, folder), { recursive: true, mode: 0o755 });
  const remembered = await rememberedIn(stack, ["operator"], ["eu-central"]);
  const card = {
    jurisdiction: "EU",
    partitions: 2,
    anchorer: "0x",
    hpkePublicKey: "",
    issuerPublicKey: "",
    logPublicKey: "",
  };
  writeRemembered(stack, { ...remembered, regions: [{ name: "eu-central", ...card }] });
  writeFileSync(join(stack, index.path), "entry");
  truncateSync(join(stack, index.path), index.size);
  const long = Buffer.alloc(200_000, "record ");
  writeFileSync(join(stack, "kafka/data/topic-0/00000000000000000000.log"), long, { mode: 0o644 });
  writeFileSync(join(stack, "kafka/data/topic-0/ümlaut"), "");
  writeFileSync(join(stack, "regions/eu-central/hsm/token.json"), "secret", { mode: 0o600 });
  writeFileSync(join(stack, "regions/eu-central/state/psi-0.db"), "state");
  for (const name of ["supervisor.pid", "supervision.json", "supervisor.log"])
    writeFileSync(join(stack, name), "1");
  return { stack, out: join(freshFolder(), "backup") };
}

export const take = (plan: Pick<BackupPlan, "stack" | "out"> & Partial<BackupPlan>): Promise<Manifest> =>
  takeBackup({ ...quiet, program, ...plan });

export const restore = (
  plan: Pick<RestorePlan, "stack" | "from"> & Partial<RestorePlan>,
): Promise<Restoration> => restoreBackup({ ...quiet, program, replace: false, ...plan });

/** What lies below a folder: every path, with its mode, and of files what is in them. */
export function contentOf(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return new Map(
    names.map((name) => {
      const path = join(folder, name);
      const found = lstatSync(path);
      const content = found.isFile() ? readFileSync(path, "base64") : "";
      return [name, `${(found.mode & 0o777).toString(8)} ${content}`];
    }),
  );
}
