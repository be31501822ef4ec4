/**
 * What an attacker would hand to a verifier of the log's tree, and what a broken caller or store would hand to the log.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  append,
  consistencyProof,
  EMPTY_ROOT,
  type Hash,
  inclusionProof,
  leafHash,
  nodeHash,
  type Nodes,
  rootOf,
  rootOfLeaves,
  verifyConsistency,
  verifyInclusion,
} from "./merkle.ts";

const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

/** The element at an index that is there. */
function at<T>(list: readonly T[], index: number): T {
  const element = list.at(index);
  assert.ok(element !== undefined);
  return element;
}

function logOf(leaves: readonly Hash[]): Nodes {
  const kept: Hash[][] = [];
  const nodes: Nodes = { get: (level, index) => kept[level]?.[index] };
  leaves.forEach((leaf, size) => {
    for (const { level, index, hash } of append(size, leaf, nodes)) (kept[level] ??= [])[index] = hash;
  });
  return nodes;
}

const LEAVES = Array.from({ length: 32 }, (_, index) => leafHash(Uint8Array.of(index)));
const LOG = logOf(LEAVES);
const ROOTS = Array.from({ length: 33 }, (_, size) => rootOfLeaves(LEAVES.slice(0, size)));
const OTHER = leafHash(new TextEncoder().encode("in no tree"));

describe("attacks on the tree", () => {
  test("a node does not pass for a leaf: its two hashes as a leaf's bytes give another hash", () => {
    const bytes = fromHex(at(LEAVES, 0) + at(LEAVES, 1));
    const posing = leafHash(bytes);
    assert.notEqual(posing, nodeHash(at(LEAVES, 0), at(LEAVES, 1)));
    const upper = inclusionProof(0, 4, LOG).slice(1);
    for (const size of [1, 2, 3, 4]) {
      for (let index = 0; index < size; index++) {
        assert.equal(verifyInclusion(posing, index, size, upper, at(ROOTS, 4)), false);
      }
    }
  });

  test("a shortened path from an inner node is refused at every index of the tree's own size", () => {
    for (let size = 2; size <= 32; size++) {
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(index, size, LOG);
        let inner = at(LEAVES, index);
        for (let cut = 1; cut <= proof.length; cut++) {
          inner = parentOf(inner, at(proof, cut - 1), proof.slice(cut), at(ROOTS, size));
          for (let claimed = 0; claimed < size; claimed++) {
            const verdict = verifyInclusion(inner, claimed, size, proof.slice(cut), at(ROOTS, size));
            assert.equal(verdict, false);
          }
        }
      }
    }
  });

  /** The node over a node and its sibling, on whichever side: the one from which the rest of the path leads to the root. */
  function parentOf(node: Hash, sibling: Hash, rest: readonly Hash[], root: Hash): Hash {
    const leads = (start: Hash, path: readonly Hash[]): boolean => {
      const [next, ...above] = path;
      if (next === undefined) return start === root;
      return leads(nodeHash(next, start), above) || leads(nodeHash(start, next), above);
    };
    const parent = [nodeHash(node, sibling), nodeHash(sibling, node)].find((start) => leads(start, rest));
    assert.ok(parent !== undefined);
    return parent;
  }

  test("a path longer than the size allows is refused, though its hashes lead to the root", () => {
    const [left, right] = [nodeHash(at(LEAVES, 0), at(LEAVES, 1)), nodeHash(at(LEAVES, 2), at(LEAVES, 3))];
    assert.equal(nodeHash(left, right), ROOTS[4]);
    assert.equal(verifyInclusion(right, 0, 1, [left], at(ROOTS, 4)), false);
    assert.equal(verifyInclusion(at(LEAVES, 3), 1, 2, [at(LEAVES, 2), left], at(ROOTS, 4)), false);
    assert.equal(verifyInclusion(at(LEAVES, 3), 3, 4, [at(LEAVES, 2), left], at(ROOTS, 4)), true);
    // Sizes 7 and 8 shown as 3 and 4: one level less, which the last hash would lead beyond.
    const growth = consistencyProof(7, 8, LOG);
    assert.equal(verifyConsistency(7, at(ROOTS, 7), 8, at(ROOTS, 8), growth), true);
    assert.equal(verifyConsistency(3, at(ROOTS, 7), 4, at(ROOTS, 8), growth), false);
  });

  test("CVE-2012-2459: repeating the odd last leaf gives another root, and the repetition is in no tree", () => {
    for (const size of [1, 3, 5, 6, 7, 11]) {
      const leaves = LEAVES.slice(0, size);
      const repeated = [...leaves, at(leaves, -1)];
      assert.notEqual(rootOfLeaves(repeated), rootOfLeaves(leaves));
      const proof = inclusionProof(size, size + 1, logOf(repeated));
      assert.equal(verifyInclusion(at(leaves, -1), size, size + 1, proof, rootOfLeaves(leaves)), false);
      assert.equal(verifyInclusion(at(leaves, -1), size, size, proof, rootOfLeaves(leaves)), false);
    }
  });

  test("the empty tree begins every tree, under its own root alone and without a proof", () => {
    assert.equal(verifyConsistency(0, EMPTY_ROOT, 5, at(ROOTS, 5), []), true);
    assert.equal(verifyConsistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, []), true);
    assert.equal(verifyConsistency(0, OTHER, 5, at(ROOTS, 5), []), false);
    assert.equal(verifyConsistency(0, OTHER, 0, OTHER, []), false);
    assert.equal(verifyConsistency(0, EMPTY_ROOT, 0, at(ROOTS, 5), []), false);
    assert.equal(verifyConsistency(0, EMPTY_ROOT, 5, at(ROOTS, 5), [OTHER]), false);
    assert.equal(verifyConsistency(5, at(ROOTS, 5), 5, at(ROOTS, 5), [OTHER]), false);
    assert.equal(verifyInclusion(OTHER, 0, 0, [], EMPTY_ROOT), false);
  });
});

describe("malformed arguments", () => {
  const proof = inclusionProof(2, 7, LOG);
  const growth = consistencyProof(3, 7, LOG);
  const [leaf, before, root] = [at(LEAVES, 2), at(ROOTS, 3), at(ROOTS, 7)];
  const noHash: unknown[] = [
    "",
    root.toUpperCase(),
    root.slice(2),
    `${root}00`,
    `${root}\n`,
    `0x${root}`,
    root.replace(/.$/, "g"),
    undefined,
    null,
    7,
    {},
    fromHex(root),
  ];
  const noIndex: unknown[] = [-1, 0.5, Number.NaN, Infinity, 2 ** 53, "2", null, undefined, 2n];
  const noProof: unknown[] = [
    undefined,
    null,
    proof[0],
    { length: proof.length },
    [...proof, undefined],
    [null, ...proof],
    Array<Hash>(proof.length),
    Array<Hash>(100_000).fill(root),
  ];
  /** As a caller sees the functions who passes on what came from outside. */
  const inclusion = verifyInclusion as (...values: unknown[]) => boolean;
  const consistency = verifyConsistency as (...values: unknown[]) => boolean;

  test("make verification answer false, never throw", () => {
    assert.equal(inclusion(leaf, 2, 7, proof, root), true);
    assert.equal(consistency(3, before, 7, root, growth), true);
    for (const value of noHash) {
      assert.equal(inclusion(value, 2, 7, proof, root), false);
      assert.equal(inclusion(leaf, 2, 7, proof, value), false);
      assert.equal(inclusion(leaf, 2, 7, [value, ...proof.slice(1)], root), false);
      assert.equal(consistency(3, value, 7, root, growth), false);
      assert.equal(consistency(3, before, 7, value, growth), false);
      assert.equal(consistency(3, before, 7, root, [...growth.slice(1), value]), false);
      assert.equal(consistency(3, value, 3, value, []), false);
    }
    for (const value of noIndex) {
      assert.equal(inclusion(leaf, value, 7, proof, root), false);
      assert.equal(inclusion(leaf, 2, value, proof, root), false);
      assert.equal(consistency(value, before, 7, root, growth), false);
      assert.equal(consistency(3, before, value, root, growth), false);
      assert.equal(consistency(value, before, value, before, []), false);
    }
    for (const value of noProof) {
      assert.equal(inclusion(leaf, 2, 7, value, root), false);
      assert.equal(consistency(3, before, 7, root, value), false);
    }
  });

  test("whatever values come, verification answers false", () => {
    const anything = fc.array(fc.anything(), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(anything, (values) => {
        assert.equal(inclusion(...values), false);
        assert.equal(consistency(...values), false);
      }),
    );
  });

  test("are refused when a log is asked for what it does not have", () => {
    const refusal = { name: "CryptoError", code: "MERKLE_INPUT_INVALID" };
    for (const value of noIndex as number[]) {
      assert.throws(() => append(value, leaf, LOG), refusal);
      assert.throws(() => rootOf(value, LOG), refusal);
      assert.throws(() => inclusionProof(value, 7, LOG), refusal);
      assert.throws(() => inclusionProof(0, value, LOG), refusal);
      assert.throws(() => consistencyProof(value, 7, LOG), refusal);
      assert.throws(() => consistencyProof(0, value, LOG), refusal);
    }
    assert.throws(() => append(Number.MAX_SAFE_INTEGER, leaf, LOG), refusal);
    assert.throws(() => inclusionProof(7, 7, LOG), refusal);
    assert.throws(() => inclusionProof(0, 0, LOG), refusal);
    assert.throws(() => consistencyProof(8, 7, LOG), refusal);
    for (const value of noHash as Hash[]) {
      assert.throws(() => append(0, value, LOG), refusal);
      assert.throws(() => nodeHash(value, root), refusal);
      assert.throws(() => nodeHash(root, value), refusal);
      assert.throws(() => rootOfLeaves([value]), refusal);
      assert.throws(() => rootOfLeaves([root, value]), refusal);
    }
    assert.throws(() => rootOfLeaves(Array<Hash>(1)), refusal);
  });

  test("a node that is not kept, or kept as something else, ends the work instead of giving a wrong root", () => {
    const refusal = { name: "CryptoError", code: "MERKLE_NODE_MISSING" };
    for (const held of [undefined, "", root.toUpperCase()]) {
      const broken: Nodes = {
        get: (level, index) => (level === 1 && index === 2 ? held : LOG.get(level, index)),
      };
      assert.throws(() => append(7, leaf, broken), refusal);
      assert.throws(() => rootOf(7, broken), refusal);
      assert.throws(() => inclusionProof(0, 7, broken), refusal);
      assert.throws(() => consistencyProof(2, 7, broken), refusal);
    }
  });
});
