/**
 * What made the embedded chain, in order: a line of JSON each in journal.jsonl, on the disk before the node is told of it.
 * A line that a crash left unfinished was never told to the node, and is dropped.
 */
import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
} from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { PavilionError } from "../../errors/errors.ts";

export type Entry =
  /** The first line: the genesis block's time, in seconds. */
  | { readonly genesis: number }
  /**
   * An account is given so much, in hexadecimal wei, between a block of that time, in seconds, and one of a second later. Earlier
   * versions gave no time, and made no block.
   */
  | { readonly fund: string; readonly wei: string; readonly at?: number }
  /** A signed transaction, in a block of that time, in seconds. */
  | { readonly send: string; readonly at: number }
  /** The block that came of the line before: what is replayed must give the same. */
  | { readonly block: string };

export class ChainJournal {
  readonly #file: string;
  readonly #handle: FileHandle;
  #length: number;

  /** Opens or makes it. */
  static async open(file: string): Promise<ChainJournal> {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const isNew = !existsSync(file);
    const length = isNew ? 0 : dropUnfinished(file);
    const handle = await open(file, "a", 0o600);
    if (isNew) await flushFolder(dirname(file));
    return new ChainJournal(file, handle, length);
  }

  private constructor(file: string, handle: FileHandle, length: number) {
    this.#file = file;
    this.#handle = handle;
    this.#length = length;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** From the beginning. Throws PART_START_FAILED where a line is no entry. */
  async *entries(): AsyncGenerator<Entry> {
    if (this.isEmpty) return;
    let number = 0;
    for await (const line of createInterface({ input: createReadStream(this.#file), crlfDelay: Infinity })) {
      number += 1;
      yield parsed(line, `${this.#file}, line ${String(number)}`);
    }
  }

  /** Resolves once the entry is on the disk; answers how to take it back, before another is appended. */
  async append(entry: Entry): Promise<() => Promise<void>> {
    const before = this.#length;
    const takeBack = async (): Promise<void> => {
      await this.#handle.truncate(before);
      this.#length = before;
    };
    try {
      await this.note(entry);
      await this.#handle.datasync();
    } catch (error) {
      // A full disk takes half a line, which the next one would follow.
      await takeBack();
      throw error;
    }
    return takeBack;
  }

  /** As `append`, but on the disk with the next entry only. */
  async note(entry: Entry): Promise<void> {
    const line = `${JSON.stringify(entry)}\n`;
    await this.#handle.appendFile(line);
    this.#length += Buffer.byteLength(line);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

function parsed(line: string, place: string): Entry {
  try {
    return JSON.parse(line) as Entry;
  } catch (cause) {
    throw new PavilionError(
      "PART_START_FAILED",
      `The chain's journal is damaged: ${place} cannot be read.`,
      "Restore the stack's folder from a copy; without it the anchors made after that line are lost.",
      { cause },
    );
  }
}

/** Ends the file after its last whole line; answers its length. */
function dropUnfinished(file: string): number {
  const handle = openSync(file, "r+");
  try {
    let end = fstatSync(handle).size;
    const piece = Buffer.alloc(64 * 1024);
    while (end > 0) {
      const length = Math.min(end, piece.length);
      readSync(handle, piece, 0, length, end - length);
      const at = piece.subarray(0, length).lastIndexOf(0x0a);
      if (at >= 0) {
        end = end - length + at + 1;
        break;
      }
      end -= length;
    }
    ftruncateSync(handle, end);
    return end;
  } finally {
    closeSync(handle);
  }
}

/** The folder's entry for a new file must survive a loss of power too. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
