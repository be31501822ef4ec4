/**
 * RFC 6962 section 2.1, the hashes of a log's tree: SHA-256 over a byte that tells leaves (0x00) from inner nodes (0x01), so
 * that neither passes for the other.
 *
 * Code: MERKLE_INPUT_INVALID.
 */
import { createHash, hash } from "node:crypto";
import { CryptoError } from "../errors.ts";

/** 32 bytes in 64 lowercase hexadecimal digits, the only spelling there is. */
export type Hash = string;

const HASH = /^[0-9a-f]{64}$/;
const LEAF_PREFIX = Uint8Array.of(0x00);
const NODE_PREFIX = "01";

/** The root over no leaves: the hash of no bytes. */
export const EMPTY_ROOT: Hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** SHA-256(0x00 || bytes). */
export function leafHash(bytes: Uint8Array): Hash {
  return createHash("sha256").update(LEAF_PREFIX).update(bytes).digest("hex");
}

/** SHA-256(0x01 || left || right). Throws MERKLE_INPUT_INVALID when either is no hash. */
export function nodeHash(left: Hash, right: Hash): Hash {
  if (!isHash(left) || !isHash(right)) throw invalidInput("a node is the hash of two hashes");
  return hash("sha256", Buffer.from(NODE_PREFIX + left + right, "hex"));
}

/** Whether a value, from wherever it came, is a hash in its only spelling. */
export function isHash(value: unknown): value is Hash {
  return typeof value === "string" && HASH.test(value);
}

export function invalidInput(reason: string): CryptoError {
  return new CryptoError("MERKLE_INPUT_INVALID", `Refused by the log's tree: ${reason}.`);
}
