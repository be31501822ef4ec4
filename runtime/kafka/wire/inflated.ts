/**
 * The bytes that a decompressor writes and refers back to, up to a bound. Memory grows with what is written, whatever
 * lengths the compressed bytes claim.
 */
import { PavilionError } from "../../../errors/errors.ts";

export const unreadable = (detail: string): PavilionError => new PavilionError("RECORD_UNREADABLE", detail);

export const tooLarge = (detail: string): PavilionError => new PavilionError("RECORD_TOO_LARGE", detail);

export const inflatesBeyond = (most: number): PavilionError =>
  tooLarge(`The batch inflates to more than ${String(most)} bytes.`);

/** Below so many bytes a loop is faster than a call. */
const shortCopy = 24;

export class Inflated {
  readonly #most: number;
  #bytes: Buffer;
  #length = 0;

  /** Starts with room for what `compressed` bytes often inflate to. */
  constructor(compressed: number, most: number) {
    this.#most = most;
    this.#bytes = Buffer.allocUnsafe(Math.min(most, Math.max(64, 4 * compressed)));
  }

  get length(): number {
    return this.#length;
  }

  /** What was written. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Throws RECORD_TOO_LARGE beyond the bound, RECORD_UNREADABLE where the source is shorter than that. */
  append(source: Buffer, start: number, end: number): void {
    if (end > source.length) throw unreadable("The batch's compressed bytes end early.");
    this.#reserve(end - start);
    source.copy(this.#bytes, this.#length, start, end);
    this.#length += end - start;
  }

  /** Repeats `length` bytes from `distance` bytes ago, which may be its own; not from before `since`. */
  repeat(distance: number, length: number, since: number): void {
    const from = this.#length - distance;
    if (distance === 0 || from < since)
      throw unreadable("The batch's compressed bytes refer to what is not there.");
    this.#reserve(length);
    const bytes = this.#bytes;
    let at = this.#length;
    this.#length += length;
    if (length < shortCopy) {
      for (let source = from; at < this.#length; at++, source++) bytes[at] = bytes[source] ?? 0;
      return;
    }
    // What was repeated so far can be copied with the rest: each round doubles it.
    while (at < this.#length) {
      const count = Math.min(at - from, this.#length - at);
      bytes.copyWithin(at, from, from + count);
      at += count;
    }
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed > this.#most) throw inflatesBeyond(this.#most);
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.min(this.#most, Math.max(needed, 2 * this.#bytes.length)));
    larger.set(this.written);
    this.#bytes = larger;
  }
}
