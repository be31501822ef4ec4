/**
 * Files that are either wholly there or not at all, for keys and for state: written beside their place, flushed to the
 * disk, then moved there, the folder flushed too. Mode 0600, in folders of mode 0700.
 *
 * A process that is killed while it writes leaves a file that ends in `.new`. Whoever owns the folder's files removes what
 * dead processes left of them, before it writes (`removeLeftOvers`).
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Characters gathered before they are written: state comes in many short lines. */
const CHUNK_LENGTH = 65_536;
const UNFINISHED = ".new";

/** Writes a file that must not exist yet; throws EEXIST otherwise, and leaves what is there alone. */
export async function createFile(file: string, text: string): Promise<void> {
  await place(file, [text], async (written) => {
    // Unlike a rename, a link fails where something stands already.
    await link(written, file);
    await unlink(written);
  });
}

/** Writes a file, in place of an earlier one if there is one. */
export async function replaceFile(
  file: string,
  pieces: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  await place(file, pieces, (written) => rename(written, file));
}

/** Removes a file, so that it stays away after a loss of power too; one that is not there is as good as removed. */
export async function removeFile(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (isAbsent(error)) return;
    throw error;
  }
  await flush(dirname(file));
}

/**
 * Removes what interrupted writes left of the files whose path begins so; answers how many. Only for their owner, while
 * nobody else writes them.
 */
export async function removeLeftOvers(pathPrefix: string): Promise<number> {
  const folder = dirname(pathPrefix);
  const names = await readdir(folder).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw error;
  });
  const left = names.filter((name) => name.startsWith(basename(pathPrefix)) && name.endsWith(UNFINISHED));
  for (const name of left) await unlink(join(folder, name));
  if (left.length > 0) await flush(folder);
  return left.length;
}

export const isAbsent = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";

async function place(
  file: string,
  pieces: Iterable<string> | AsyncIterable<string>,
  move: (written: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const written = `${file}.${randomUUID()}${UNFINISHED}`;
  try {
    const handle = await open(written, "wx", 0o600);
    try {
      for await (const piece of inChunks(pieces)) await handle.appendFile(piece);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await move(written);
  } catch (error) {
    await unlink(written).catch(() => undefined);
    throw error;
  }
  await flush(folder);
}

async function* inChunks(pieces: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = "";
  for await (const piece of pieces) {
    chunk += piece;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = "";
  }
  yield chunk;
}

/** The folder's entry for the file must survive a loss of power too. */
async function flush(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
