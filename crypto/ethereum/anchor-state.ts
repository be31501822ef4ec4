/**
 * The state that contracts/AnchorRegistry.sol keeps of a log: a rolling hash, in which each anchor is hashed over the
 * state before it. Who knows the newest state from the chain can check the whole history of anchors against it.
 */
import { keccak_256 } from "@noble/hashes/sha3.js";
import { CryptoError } from "../errors.ts";
import { bytesOf, hexOf } from "./hex.ts";

/** One anchor of a log. */
export interface AnchorLink {
  /** The state before it: 0x and 64 lower-case hexadecimal digits; zeros for a first anchor. */
  readonly previous: string;
  /** The Merkle root of the log's tree, as `previous` is written. */
  readonly root: string;
  /** The number of the tree's leaves; above 0. */
  readonly size: number;
  /** The time of the block that it came with, in seconds since 1970. */
  readonly time: number;
}

/** The state before a first anchor. */
export const EMPTY_STATE = `0x${"00".repeat(32)}`;

/** The state after the link: keccak256 over 100 packed bytes. Throws CryptoError ANCHOR_LINK_MALFORMED. */
export function anchorState(link: AnchorLink, anchorer: string): string {
  const code = "ANCHOR_LINK_MALFORMED";
  const packed = Buffer.alloc(100);
  packed.set(bytesOf(link.previous, code, 32), 0);
  packed.set(bytesOf(link.root, code, 32), 32);
  packed.writeBigUInt64BE(unsigned(link.size), 64);
  packed.writeBigUInt64BE(unsigned(link.time), 72);
  packed.set(bytesOf(anchorer.toLowerCase(), code, 20), 80);
  return hexOf(keccak_256(packed));
}

function unsigned(value: number): bigint {
  if (Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new CryptoError("ANCHOR_LINK_MALFORMED", "A size or time is no integer from 0 to 2^53 - 1.");
}
