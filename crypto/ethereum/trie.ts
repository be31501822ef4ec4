/**
 * Proofs of inclusion in a Merkle Patricia trie with hashed keys (Ethereum Yellow Paper, appendix D; the proofs of
 * EIP-1186): the nodes on the path from the root to the key's value.
 *
 * Promises: the value returned is the one that the trie of that root holds under that key, as Keccak-256 is collision
 * resistant; every node given is used. Does not: prove that a key is absent. Nothing here asks for that.
 */
import { keccak_256 } from "@noble/hashes/sha3.js";
import { CryptoError } from "../errors.ts";
import { decodeRlp, type RlpItem } from "./rlp.ts";

/** Two for each byte of a hashed key, so also the most nodes that a path can have. */
const NIBBLES = 64;
const BRANCH_LENGTH = 17;
const HASH_LENGTH = 32;
const LEAF_FLAG = 2;
const ODD_FLAG = 1;

/** Where the walk goes next: a child with the nibbles that are left, or the value that was looked for. */
type Step = { readonly child: RlpItem; readonly path: readonly number[] } | { readonly value: Uint8Array };

/**
 * The bytes that the trie of `root` holds under keccak256(`key`). `nodes` are its path, RLP-encoded, the root's first.
 * Throws CryptoError STATE_PROOF_INVALID.
 */
export function provenValue(root: Uint8Array, key: Uint8Array, nodes: readonly Uint8Array[]): Uint8Array {
  const path = [...keccak_256(key)].flatMap((byte) => [byte >> 4, byte & 15]);
  let step: Step = { child: root, path };
  let used = 0;
  // A node takes at least one nibble but for a last, empty leaf.
  for (let depth = 0; depth <= NIBBLES && "child" in step; depth++) {
    let node: RlpItem = step.child;
    // A node shorter than a hash stands in its parent itself; any other is named by its hash.
    if (node instanceof Uint8Array) {
      node = namedNode(node, nodes[used]);
      used++;
    }
    step = stepFrom(node, step.path);
  }
  if (!("value" in step) || used !== nodes.length || step.value.length === 0) throw invalid();
  return step.value;
}

function namedNode(name: Uint8Array, node: Uint8Array | undefined): RlpItem {
  if (node === undefined || name.length !== HASH_LENGTH) throw invalid();
  if (Buffer.compare(keccak_256(node), name) !== 0) throw invalid();
  return decodeRlp(node);
}

function stepFrom(node: RlpItem, path: readonly number[]): Step {
  if (node instanceof Uint8Array) throw invalid();
  if (node.length === BRANCH_LENGTH) {
    const [nibble, ...rest] = path;
    const child = nibble === undefined ? undefined : node[nibble];
    // All keys are equally long, so none ends in a branch.
    if (child === undefined) throw invalid();
    return { child, path: rest };
  }
  const [encodedPath, content] = node;
  if (node.length !== 2 || !(encodedPath instanceof Uint8Array) || content === undefined) throw invalid();
  const { isLeaf, nibbles } = compactPath(encodedPath);
  if (nibbles.some((nibble, index) => nibble !== path[index])) throw invalid();
  const rest = path.slice(nibbles.length);
  if (!isLeaf && nibbles.length > 0) return { child: content, path: rest };
  if (!isLeaf || rest.length > 0 || !(content instanceof Uint8Array)) throw invalid();
  return { value: content };
}

/** The hex-prefix encoding of appendix C. */
function compactPath(encoded: Uint8Array): { isLeaf: boolean; nibbles: number[] } {
  const [flags, first, ...others] = [...encoded].flatMap((byte) => [byte >> 4, byte & 15]);
  if (flags === undefined || first === undefined || flags > LEAF_FLAG + ODD_FLAG) throw invalid();
  const isOdd = (flags & ODD_FLAG) !== 0;
  if (!isOdd && first !== 0) throw invalid();
  return { isLeaf: (flags & LEAF_FLAG) !== 0, nibbles: isOdd ? [first, ...others] : others };
}

function invalid(): CryptoError {
  return new CryptoError("STATE_PROOF_INVALID", "The nodes are not a path from the root to the key's value.");
}
