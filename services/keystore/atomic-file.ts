/**
 * Files that are either wholly there or not at all, for keys and for state: written beside their place, flushed to the
 * disk, then moved there. Mode 0600, in folders of mode 0700.
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";

/** Characters gathered before they are written: state comes in many short lines. */
const CHUNK_LENGTH = 65_536;

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

async function place(
  file: string,
  pieces: Iterable<string> | AsyncIterable<string>,
  move: (written: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const written = `${file}.${randomUUID()}.new`;
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
