/**
 * Puts a stack back from its backup.
 *
 * Promises: nothing is written before every file of the backup was found as it was written, and none besides; the stack's
 * folder is the backup's, whole and on the disk, or as it was before. A folder that is replaced is moved aside. What was put
 * back is marked as restored (../stack/restored.ts). Does not: know what happened since the backup was taken.
 */
import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, readdirSync, realpathSync } from "node:fs";
import { chmod, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { PavilionError } from "../../errors/errors.ts";
import { readRemembered } from "../stack/remembered.ts";
import { readRestored, writeRestored, type Restored } from "../stack/restored.ts";
import { ownStack } from "../stack/stack-lock.ts";
import { copyFile, digestOf, type OnBytes } from "./copy.ts";
import { digestName, filesName, manifestName, readManifest, unsound, type Manifest } from "./manifest.ts";
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

export interface RestorePlan {
  /** The backup's folder. */
  readonly from: string;
  /** The stack's folder. */
  readonly stack: string;
  /** The version of this program. */
  readonly program: string;
  /** Moves a stack's folder aside that is there. */
  readonly replace: boolean;
  readonly onProgress: (doing: "checking" | "copying", done: number, total: number) => void;
  readonly free?: FreeBytes;
}

/** Files that are read here, and not only copied. */
const readWhole = ["stack.json", "restored.json"];
const readWholeMax = 1024 * 1024;

export interface Restoration {
  readonly manifest: Manifest;
  readonly restored: Restored;
  /** Where the folder is that was there before. */
  readonly movedTo: string | undefined;
}

/** Throws BACKUP_UNSOUND, BACKUP_NEWER, STACK_RUNNING, CONFIRMATION_MISSING, CONFIG_INVALID, DISK_FULL; then nothing was changed. */
export async function restoreBackup(plan: RestorePlan): Promise<Restoration> {
  const { stack, program, onProgress } = plan;
  if (!existsSync(join(plan.from, manifestName))) {
    throw new PavilionError(
      "CONFIG_INVALID",
      `There is no whole backup in ${plan.from}.`,
      "Name the folder that ./pavilion backup made.",
    );
  }
  const from = realpathSync(plan.from);
  if (isUnfinished(from)) throw unsound(`The backup in ${from} was cut off.`);
  requireApart(realPlace(stack), from);
  requireReplaceable(plan);
  const manifest = readManifest(from, program);
  const files = join(from, filesName);
  const tree = await requireWhole(from, manifest);
  const counting = (doing: "checking" | "copying"): OnBytes => {
    let done = 0;
    const total = manifest.files.reduce((sum, { size }) => sum + size, 0);
    return (bytes) => {
      done += bytes;
      onProgress(doing, done, total);
    };
  };
  const onChecked = counting("checking");
  for (const file of manifest.files) requireSame(file, await digestOf(join(files, file.path), onChecked));
  readRemembered(files);
  using _owned = await ownStack(stack);
  requireReplaceable(plan);
  await requireRoom(dirname(stack), tree, plan.free);
  const partial = unfinished(stack);
  await rm(partial, { recursive: true, force: true });
  try {
    await copyTree(files, partial, manifest, counting("copying"));
    const restored = restoredFrom(manifest, files);
    writeRestored(partial, restored);
    await flushAll(partial);
    const movedTo = await putInPlace(partial, stack, restored);
    await flushFolder(dirname(stack));
    return { manifest, restored, movedTo };
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

function requireReplaceable({ stack, replace }: RestorePlan): void {
  if (replace || !isThere(stack)) return;
  throw new PavilionError(
    "CONFIRMATION_MISSING",
    `There is a stack in ${stack} already.`,
    "Say --replace if the backup is to stand in its place: the folder is moved aside, and kept.",
  );
}

/** A link that leads nowhere is there too. */
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** Every file and folder is there that the manifest names, as long as it says, and none besides. */
async function requireWhole(from: string, { folders, files }: Manifest): Promise<Tree> {
  const names = readdirSync(from).sort();
  if (!isDeepStrictEqual(names, [manifestName, digestName, filesName].sort()))
    throw unsound(`${from} does not hold ${manifestName}, ${digestName} and ${filesName} alone.`);
  if (!lstatSync(join(from, filesName)).isDirectory())
    throw unsound(`${join(from, filesName)} is not a folder.`);
  const tree = await treeOf(join(from, filesName), unsound);
  const named = new Map(files.map(({ path, size }) => [path, size]));
  for (const { path, size } of tree.files) {
    if (named.get(path) !== size)
      throw unsound(`The file ${path} is not one that the backup names, or not as long as it was.`);
  }
  if (tree.files.length !== files.length) throw unsound("A file of the backup is missing.");
  const paths = (of: readonly { readonly path: string }[]): string[] => of.map(({ path }) => path);
  if (!isDeepStrictEqual(paths(tree.folders), paths(folders)))
    throw unsound("The backup's folders are not those that it names.");
  if (!named.has("stack.json")) throw unsound("The backup is of no stack: it has no stack.json.");
  for (const name of readWhole) {
    if ((named.get(name) ?? 0) > readWholeMax) throw unsound(`The file ${name} is longer than it ever is.`);
  }
  return tree;
}

function requireSame(
  { path, size, sha256 }: Manifest["files"][number],
  read: Awaited<ReturnType<typeof digestOf>>,
): void {
  if (!isDeepStrictEqual(read, { size, sha256 })) throw unsound(`The file ${path} is not as it was written.`);
}

async function copyTree(from: string, to: string, manifest: Manifest, onBytes: OnBytes): Promise<void> {
  const { folders, files } = manifest;
  await mkdir(to, { mode: 0o700 });
  for (const { path } of folders) await mkdir(join(to, path), { mode: 0o700 });
  for (const file of files) {
    const place = join(to, file.path);
    requireSame(file, await copyFile(join(from, file.path), place, onBytes));
    await chmod(place, file.mode);
  }
  // The deepest first: a folder that may not be entered any more would hide those in it.
  for (const { path, mode } of folders.toReversed()) await chmod(join(to, path), mode);
}

/** A backup of what was itself restored, and not started since, is of that earlier time. */
function restoredFrom(manifest: Manifest, files: string): Restored {
  const { backup, takenAt } = readRestored(files) ?? { backup: manifest.id, takenAt: manifest.begun };
  const id = randomBytes(16).toString("hex");
  return { version: 1, id, backup, takenAt, restoredAt: new Date().toISOString() };
}

/** What was there goes to a name beside it that says when, and comes back where the other cannot take its place. */
async function putInPlace(
  partial: string,
  stack: string,
  { restoredAt }: Restored,
): Promise<string | undefined> {
  const aside = isThere(stack) ? `${stack}.replaced-${restoredAt.replaceAll(":", "-")}` : undefined;
  try {
    if (aside !== undefined) await rename(stack, aside);
    await rename(partial, stack);
    return aside;
  } catch (cause) {
    if (aside !== undefined && isThere(aside)) await rename(aside, stack);
    throw new PavilionError(
      "CONFIG_INVALID",
      `${stack} cannot be put in place.`,
      "Is it a disk or volume of its own? Restore to a folder that is none: name it by PAVILION_HOME.",
      { cause },
    );
  }
}
