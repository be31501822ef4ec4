/**
 * Copies a stack that is down into a folder of its own.
 *
 * Promises: the folder is there whole, on the disk, or not at all; a copy of what changed meanwhile is none. Nobody starts
 * the stack before it is done. Memory does not grow with what is copied. Does not: seal what it copies, keys and passwords among it.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { PavilionError } from "../../errors/errors.ts";
import { isAbsent } from "../keystore/atomic-file.ts";
import { existingPartsOf } from "../stack/existing-parts.ts";
import { readRemembered, type Remembered } from "../stack/remembered.ts";
import { owning, ownStack } from "../stack/stack-lock.ts";
import { copyFile } from "./copy.ts";
import {
  filesName,
  manifestOf,
  manifestTexts,
  type Apart,
  type Manifest,
  type SavedFile,
} from "./manifest.ts";
import {
  flushAll,
  flushFolder,
  isUnfinished,
  realPlace,
  requireApart,
  requireRoom,
  unfinished,
  type FreeBytes,
} from "./places.ts";
import { treeOf, type Tree } from "./tree.ts";

export interface BackupPlan {
  /** The stack's folder. */
  readonly stack: string;
  /** Must not be there yet, in a folder that is. */
  readonly out: string;
  /** The version of this program. */
  readonly program: string;
  readonly onProgress: (done: number, total: number) => void;
  /** Told what a person should know besides. */
  readonly onNote: (note: string) => void;
  readonly free?: FreeBytes;
}

/** What a supervisor tells of itself while it runs. */
const supervisors: readonly string[] = ["supervisor.pid", "supervision.json", "supervisor.log"];
const lockName = "backup.lock";

/** Throws STACK_RUNNING, CONFIG_INVALID, DISK_FULL; then nothing was written. */
export async function takeBackup(plan: BackupPlan): Promise<Manifest> {
  const { program, onProgress, onNote } = plan;
  const known = readRemembered(plan.stack);
  if (known === undefined)
    throw refused(`There is no stack in ${plan.stack}.`, "Set PAVILION_HOME to where it is.");
  const stack = realpathSync(plan.stack);
  const out = requirePlace(plan.out, stack);
  using _owned = await ownStack(plan.stack);
  const begun = new Date().toISOString();
  const apart = apartFrom(stack);
  const tree = await settled(stack, () => stackTree(stack, apart));
  await requireRoom(dirname(out), tree, plan.free);
  const partial = unfinished(out);
  using left = await beginAnew(partial, onNote);
  try {
    const files = await settled(stack, () => copyTree(stack, join(partial, filesName), tree, onProgress));
    if (!isDeepStrictEqual(await settled(stack, () => stackTree(stack, apart)), tree)) throw changed(stack);
    const manifest = manifestOf({
      ...{ program, id: randomBytes(16).toString("hex"), begun, ended: new Date().toISOString() },
      ...{ regions: regionsOf(known), apart, folders: tree.folders, files },
    });
    for (const [name, text] of manifestTexts(manifest))
      await writeFile(join(partial, name), text, { flag: "wx", mode: 0o600 });
    await flushAll(partial);
    // Not before: whoever came meanwhile would begin anew here.
    left[Symbol.dispose]();
    for (const name of lockNames) await rm(join(partial, name), { force: true });
    await rename(partial, out);
    await flushFolder(dirname(out));
    return manifest;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

const lockNames: readonly string[] = [lockName, `${lockName}.holder`];

const regionsOf = ({ regions = [] }: Remembered): string[] => regions.map(({ name }) => name);

function requirePlace(given: string, stack: string): string {
  const out = realPlace(given);
  requireApart(stack, out);
  if (!existsSync(dirname(out)))
    throw refused(`There is no folder ${dirname(out)}.`, "Make it first, or name another.");
  if (isUnfinished(out))
    throw refused(`${out} is named like a backup that is not whole.`, "Give it another name.");
  if (existsSync(out)) throw refused(`${out} is there already.`, "Name a folder that is not there yet.");
  return out;
}

/** What the stack stands on elsewhere. Its state is restored from that Kafka, and may not be older or newer than it. */
function apartFrom(stack: string): Apart[] {
  const existing = existingPartsOf(stack);
  if (existing === undefined) return [];
  const { kafka, registryUrl, chain, connectors } = existing;
  return [
    { part: "kafka", where: kafka.bootstrap },
    { part: "registry", where: registryUrl },
    { part: "chain", where: chain.url },
    { part: "state", where: null },
    ...(connectors === "elsewhere" ? [{ part: "hsm", where: null } as const] : []),
  ];
}

const isState = (path: string): boolean => /^regions\/[^/]+\/state$/.test(path);

function stackTree(stack: string, apart: readonly Apart[]): Promise<Tree> {
  const hasNoState = apart.some(({ part }) => part === "state");
  return treeOf(
    stack,
    (message) => refused(message, "Move it out of the stack's folder: a backup cannot hold it."),
    { skips: (path) => supervisors.includes(path) || (hasNoState && isState(path)) },
  );
}

/** Owns the folder that is not whole yet, and empties it of what a killed backup left. */
async function beginAnew(partial: string, onNote: (note: string) => void): Promise<Disposable> {
  const left = existsSync(partial) ? readdirSync(partial) : [];
  if (left.length > 0 && !left.includes(lockName))
    throw refused(`${partial} is there, and no backup began it.`, "Move it away, or name another folder.");
  const owned = await owning(join(partial, lockName), `the backup ${partial}`);
  const remains = left.filter((name) => !lockNames.includes(name));
  if (left.length > 0) onNote("an earlier backup to this folder was cut off; it is begun anew");
  for (const name of remains) await rm(join(partial, name), { recursive: true, force: true });
  return owned;
}

async function copyTree(
  from: string,
  to: string,
  { folders, files }: Tree,
  onProgress: BackupPlan["onProgress"],
): Promise<SavedFile[]> {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  await mkdir(to, { mode: 0o700 });
  for (const { path } of folders) await mkdir(join(to, path), { mode: 0o700 });
  const saved: SavedFile[] = [];
  for (const { path, mode } of files) {
    const read = await copyFile(join(from, path), join(to, path), (bytes) => {
      done += bytes;
      onProgress(done, total);
    });
    saved.push({ path, mode, ...read });
  }
  return saved;
}

/** A file that goes while it is to be read was somebody's who still works there. */
async function settled<T>(stack: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isAbsent(error) ? changed(stack) : error;
  }
}

const changed = (stack: string): PavilionError =>
  new PavilionError("STACK_RUNNING", `What lies in ${stack} changed while it was copied.`);

const refused = (message: string, remedy: string): PavilionError =>
  new PavilionError("CONFIG_INVALID", message, remedy);
