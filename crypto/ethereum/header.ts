/**
 * Block headers (Ethereum Yellow Paper, section 4.3; the fields that later forks add come after these): a header is
 * what hashes to the block's hash, so its fields are as sure as the hash is.
 */
import { keccak_256 } from "@noble/hashes/sha3.js";
import { CryptoError } from "../errors.ts";
import { hexOf } from "./hex.ts";
import { decodeRlp, type RlpItem } from "./rlp.ts";

export interface BlockHeader {
  /** keccak256 of the header's RLP, 0x and 64 lower-case digits. */
  readonly hash: string;
  readonly stateRoot: Uint8Array;
  readonly number: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

const STATE_ROOT_AT = 3;
const NUMBER_AT = 8;
const TIMESTAMP_AT = 11;
/** Fields of the first headers there were; later ones have more. */
const FIELDS_MIN = 15;
const QUANTITY_BYTES_MAX = 8;

/** What an RLP-encoded header says. Throws CryptoError STATE_PROOF_INVALID. */
export function readHeader(rlp: Uint8Array): BlockHeader {
  const fields = decodeRlp(rlp);
  if (fields instanceof Uint8Array || fields.length < FIELDS_MIN) throw malformed();
  const stateRoot = fields[STATE_ROOT_AT];
  if (!(stateRoot instanceof Uint8Array) || stateRoot.length !== 32) throw malformed();
  return {
    hash: hexOf(keccak_256(rlp)),
    stateRoot,
    number: quantity(fields[NUMBER_AT]),
    timestamp: quantity(fields[TIMESTAMP_AT]),
  };
}

/** Big-endian, without leading zeros; zero is empty. */
function quantity(field: RlpItem | undefined): number {
  if (!(field instanceof Uint8Array) || field[0] === 0 || field.length > QUANTITY_BYTES_MAX)
    throw malformed();
  const value = field.reduce((sum, byte) => sum * 256 + byte, 0);
  if (!Number.isSafeInteger(value)) throw malformed();
  return value;
}

function malformed(): CryptoError {
  return new CryptoError("STATE_PROOF_INVALID", "The header is no block header.");
}
