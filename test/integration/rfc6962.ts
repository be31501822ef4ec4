/**
 * Inclusion proofs as RFC 9162 section 2.1.3.2 verifies them, written a second time for tests: it shares no code with the
 * project's log.
 */
import { createHash } from "node:crypto";

const sha256 = (...parts: Uint8Array[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest();

/** The root that a leaf's proof leads to, in hex. Throws where the proof does not have the length it must have. */
export function rootByProof(leaf: Uint8Array, index: number, size: number, proof: readonly string[]): string {
  let [fn, sn] = [index, size - 1];
  let root = sha256(Buffer.of(0), leaf);
  for (const step of proof) {
    if (sn === 0) throw new Error("the proof is too long");
    const sibling = Buffer.from(step, "hex");
    if (fn % 2 === 1 || fn === sn) {
      root = sha256(Buffer.of(1), sibling, root);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
    } else {
      root = sha256(Buffer.of(1), root, sibling);
    }
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  if (sn !== 0) throw new Error("the proof is too short");
  return root.toString("hex");
}
