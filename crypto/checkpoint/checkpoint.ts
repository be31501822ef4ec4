/**
 * C2SP tlog-checkpoint v1.0.0: a log's size and root, signed by the log. This is what binds a size to a root, as the tree's
 * proofs do not.
 *
 * Promises: what verifies names the expected origin, has one spelling (decimal without leading zeros, base64 of 32 bytes), no
 * extension lines, which the specification advises against and nobody here would read, and is signed by the expected key.
 * Does not: compare checkpoints. Whether two are of one log, a consistency proof shows; a log that signs two that are not
 * consistent has betrayed itself.
 *
 * Codes: CHECKPOINT_INVALID, and ED25519_KEY_MALFORMED for a key that the caller handed in.
 */
import { EMPTY_ROOT, type Hash, isHash } from "../merkle/merkle.ts";
import { decodeBase64, invalid, type NoteSigner, openNote, signNote } from "./note.ts";

export { type NoteSigner, verifierKey } from "./note.ts";

export interface Checkpoint {
  /** What the log is called: one line, not empty. */
  readonly origin: string;
  /** Leaves, a safe integer. */
  readonly size: number;
  readonly root: Hash;
}

/** What the verifier demands. */
export interface CheckpointExpectation {
  readonly origin: string;
  /** The name of the log's key, where it is not the origin. */
  readonly name?: string;
  /** 32 raw bytes, Ed25519. */
  readonly publicKey: Uint8Array;
}

const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;

/** The signed note of a checkpoint. Throws CHECKPOINT_INVALID for what would not verify, before anything is signed. */
export async function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): Promise<string> {
  const { origin, size, root } = checkpoint;
  refuseUnfitOrigin(origin);
  refuseUnfitTree(size, root);
  const encodedRoot = Buffer.from(root, "hex").toString("base64");
  return signNote(`${origin}\n${String(size)}\n${encodedRoot}\n`, signer);
}

/** The size and root that the log signed. Throws CHECKPOINT_INVALID. */
export function verifyCheckpoint(
  note: string,
  expected: CheckpointExpectation,
): { size: number; root: Hash } {
  const { origin: expectedOrigin, name = expectedOrigin, publicKey } = expected;
  refuseUnfitOrigin(expectedOrigin);
  const text = openNote(note, { name, publicKey });
  // The text ends in a newline, so what follows the root is one empty string.
  const [origin, size = "", root = "", ...rest] = text.split("\n");
  if (rest.length !== 1) throw invalid("its text is not origin, size and root alone");
  if (origin !== expectedOrigin) throw invalid("it is of another origin");
  if (!SIZE.test(size)) throw invalid("its size is not decimal");
  const bytes = decodeBase64(root);
  if (bytes === undefined) throw invalid("its root is not base64");
  const tree = { size: Number(size), root: bytes.toString("hex") };
  refuseUnfitTree(tree.size, tree.root);
  return tree;
}

function refuseUnfitOrigin(origin: string): void {
  if (origin === "" || origin.includes("\n")) throw invalid("an origin is one line that is not empty");
}

function refuseUnfitTree(size: number, root: Hash): void {
  if (!Number.isSafeInteger(size) || size < 0) throw invalid("its size is out of range");
  if (!isHash(root)) throw invalid("its root has not 32 bytes");
  if (size === 0 && root !== EMPTY_ROOT) throw invalid("an empty log has the empty root");
}
