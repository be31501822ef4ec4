/**
 * Decoding RLP (Ethereum Yellow Paper, appendix B). Strict: of the encodings that a lax reader takes for the same value
 * only the canonical one is accepted, nothing may follow it, and nesting is bounded.
 *
 * Does not encode: nothing here makes what it verifies.
 */
import { CryptoError } from "../errors.ts";

/** A byte string or a list of items. */
export type RlpItem = Uint8Array | readonly RlpItem[];

/** Headers and trie nodes are lists of strings, with at most a trie node inlined in another, and that in a third. */
const DEPTH_MAX = 4;
const SINGLE_MAX = 0x7f;
/** Payloads up to this length have it in their first byte. */
const SHORT_MAX = 55;
const STRING = 0x80;
const LIST = 0xc0;
/** Bytes of a longer payload's length that are read; nothing here has more. */
const LENGTH_BYTES_MAX = 4;

/** The one item that the bytes encode. Throws CryptoError STATE_PROOF_INVALID. */
export function decodeRlp(bytes: Uint8Array): RlpItem {
  const { item, end } = itemAt(bytes, 0, 0);
  if (end !== bytes.length) throw malformed();
  return item;
}

function itemAt(bytes: Uint8Array, at: number, depth: number): { item: RlpItem; end: number } {
  const first = bytes[at];
  if (first === undefined || depth > DEPTH_MAX) throw malformed();
  if (first <= SINGLE_MAX) return { item: bytes.slice(at, at + 1), end: at + 1 };
  const { start, end } = payloadAt(bytes, at, first < LIST ? STRING : LIST);
  if (first < LIST) {
    const text = bytes.slice(start, end);
    const [only] = text;
    if (text.length === 1 && only !== undefined && only <= SINGLE_MAX) throw malformed();
    return { item: text, end };
  }
  const list: RlpItem[] = [];
  const payload = bytes.subarray(0, end);
  for (let next = start; next < end;) {
    const inner = itemAt(payload, next, depth + 1);
    list.push(inner.item);
    next = inner.end;
  }
  return { item: list, end };
}

/** Where the payload lies of the string or list at `at`, whose first byte counts from `base`. */
function payloadAt(bytes: Uint8Array, at: number, base: number): { start: number; end: number } {
  const short = (bytes[at] ?? 0) - base;
  if (short <= SHORT_MAX) return bounded(bytes, at + 1, short);
  const lengthBytes = bytes.subarray(at + 1, at + 1 + short - SHORT_MAX);
  if (lengthBytes.length !== short - SHORT_MAX || lengthBytes.length > LENGTH_BYTES_MAX) throw malformed();
  const length = lengthBytes.reduce((sum, byte) => sum * 256 + byte, 0);
  if (lengthBytes[0] === 0 || length <= SHORT_MAX) throw malformed();
  return bounded(bytes, at + 1 + lengthBytes.length, length);
}

function bounded(bytes: Uint8Array, start: number, length: number): { start: number; end: number } {
  if (start + length > bytes.length) throw malformed();
  return { start, end: start + length };
}

function malformed(): CryptoError {
  return new CryptoError("STATE_PROOF_INVALID", "A part of the proof is not canonical RLP.");
}
