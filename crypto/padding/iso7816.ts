/**
 * Padding by ISO/IEC 7816-4: a byte 0x80, then zeros, up to a length. What stands before the last 0x80 that only zeros
 * follow is the content, whatever it holds.
 *
 * Does not: hide from a clock where the content ends; it is for bytes that are sealed, and authentic once opened.
 */
const MARK = 0x80;

/** The content padded to a length above its own. Throws RangeError where no byte is left for the mark. */
export function pad(content: Uint8Array, length: number): Buffer {
  if (content.length >= length) throw new RangeError("the content leaves no room for its padding");
  const padded = Buffer.alloc(length);
  padded.set(content);
  padded[content.length] = MARK;
  return padded;
}

/** The content; undefined for bytes that are not padded. */
export function unpad(padded: Uint8Array): Uint8Array | undefined {
  const mark = padded.findLastIndex((byte) => byte !== 0);
  return padded[mark] === MARK ? padded.subarray(0, mark) : undefined;
}
