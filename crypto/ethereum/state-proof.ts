/**
 * Proofs of what the AnchorRegistry held of a log in a block (EIP-1186), from the block's hash alone: the header hashes
 * to the block's hash, the header's state root holds the contract's account, the account's storage root holds the slot.
 *
 * Promises: whoever trusts the block hash can trust the value, however the proof came. Does not: say whether the block
 * is part of the chain; that is what the block hash is trusted for.
 */
import { keccak_256 } from "@noble/hashes/sha3.js";
import { CryptoError } from "../errors.ts";
import { readHeader } from "./header.ts";
import { bytesOf, hexOf } from "./hex.ts";
import { decodeRlp } from "./rlp.ts";
import { provenValue } from "./trie.ts";

/** Plain JSON; every text is 0x and lower-case hexadecimal bytes. */
export interface StateProof {
  /** The block header in RLP. */
  readonly header: string;
  /** The nodes from the state root to the contract's account, RLP each. */
  readonly accountProof: readonly string[];
  /** The nodes from the account's storage root to the slot, RLP each. */
  readonly storageProof: readonly string[];
}

/** Which value a proof is of. */
export interface StateClaim {
  readonly blockHash: string;
  /** The AnchorRegistry's address; letters of either case. */
  readonly contract: string;
  /** The address whose log it is; letters of either case. */
  readonly anchorer: string;
}

const CODE = "STATE_PROOF_INVALID";
/** More than any trie has, and a bound on the work. */
const NODES_MAX = 64;
/** Where the contract's storage has its mapping `states`; contracts/AnchorRegistry.json says so too. */
const STATES_SLOT = 0;
const ACCOUNT_FIELDS = 4;
const STORAGE_ROOT_AT = 2;

/** The key of an anchorer's state in the contract's storage, as eth_getProof takes it. Throws STATE_PROOF_INVALID. */
export function stateSlot(anchorer: string): string {
  const mapped = new Uint8Array(64);
  mapped.set(bytesOf(anchorer.toLowerCase(), CODE, 20), 12);
  mapped[63] = STATES_SLOT;
  return hexOf(keccak_256(mapped));
}

/**
 * The state that the contract held of the anchorer's log in the block: 32 bytes in hexadecimal, never zero.
 * Throws CryptoError STATE_PROOF_INVALID where the proof does not show it.
 */
export function verifyStateProof(claim: StateClaim, proof: StateProof): string {
  const header = readHeader(bytesOf(proof.header, CODE));
  if (header.hash !== hexOf(bytesOf(claim.blockHash, CODE, 32))) {
    throw new CryptoError(CODE, "The header is not the block's.");
  }
  const contract = bytesOf(claim.contract.toLowerCase(), CODE, 20);
  const account = provenValue(header.stateRoot, contract, nodesOf(proof.accountProof));
  const slot = bytesOf(stateSlot(claim.anchorer), CODE, 32);
  return stateIn(provenValue(storageRoot(account), slot, nodesOf(proof.storageProof)));
}

function nodesOf(nodes: readonly string[]): Uint8Array[] {
  if (nodes.length > NODES_MAX) throw new CryptoError(CODE, "The proof has more nodes than a trie.");
  return nodes.map((node) => bytesOf(node, CODE));
}

/** An account is its nonce, balance, storage root and code hash. */
function storageRoot(account: Uint8Array): Uint8Array {
  const fields = decodeRlp(account);
  const root = fields instanceof Uint8Array ? undefined : fields[STORAGE_ROOT_AT];
  if (fields.length !== ACCOUNT_FIELDS || !(root instanceof Uint8Array) || root.length !== 32) {
    throw new CryptoError(CODE, "The account is no account.");
  }
  return root;
}

/** A storage value is the RLP of its bytes without leading zeros. */
function stateIn(encoded: Uint8Array): string {
  const value = decodeRlp(encoded);
  if (!(value instanceof Uint8Array) || value.length === 0 || value.length > 32 || value[0] === 0) {
    throw new CryptoError(CODE, "The slot holds no state.");
  }
  const state = new Uint8Array(32);
  state.set(value, 32 - value.length);
  return hexOf(state);
}
