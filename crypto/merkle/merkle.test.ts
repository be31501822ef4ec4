import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  append,
  consistencyProof,
  EMPTY_ROOT,
  type Hash,
  inclusionProof,
  leafHash,
  type NewNode,
  nodeHash,
  type Nodes,
  rootOf,
  rootOfLeaves,
  verifyConsistency,
  verifyInclusion,
} from "./merkle.ts";

interface Vectors {
  leaves: string[];
  roots: Hash[];
  inclusion: { index: number; size: number; proof: Hash[] }[];
  consistency: { first: number; second: number; proof: Hash[] }[];
}

const reference = JSON.parse(
  readFileSync(new URL("reference-tree.json", import.meta.url), "utf8"),
) as Vectors;

const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

/** The element at an index that is there. */
function at<T>(list: readonly T[], index: number): T {
  const element = list.at(index);
  assert.ok(element !== undefined);
  return element;
}

/** A log in memory; `kept` is what its state would hold. */
class Log implements Nodes {
  readonly kept = new Map<string, Hash>();
  size = 0;

  get(level: number, index: number): Hash | undefined {
    return this.kept.get(`${String(level)}/${String(index)}`);
  }

  add(leaf: Hash): void {
    append(this.size, leaf, this).forEach((node) => {
      this.keep(node);
    });
    this.size++;
  }

  keep({ level, index, hash }: NewNode): void {
    const name = `${String(level)}/${String(index)}`;
    assert.ok(!this.kept.has(name), "a node is complete once");
    this.kept.set(name, hash);
  }
}

function logOf(leaves: readonly Hash[]): Log {
  const log = new Log();
  for (const leaf of leaves) log.add(leaf);
  return log;
}

// The second implementation: RFC 6962 section 2.1 as it is written, recursive, over the list of leaves.

const sha256 = (...parts: Uint8Array[]): Hash =>
  createHash("sha256").update(Buffer.concat(parts)).digest("hex");
const parent = (left: Hash, right: Hash): Hash => sha256(Uint8Array.of(1), fromHex(left), fromHex(right));

/** k, the largest power of two below n. */
const split = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1);

function mth(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return at(leaves, 0);
  const k = split(leaves.length);
  return parent(mth(leaves.slice(0, k)), mth(leaves.slice(k)));
}

function path(m: number, leaves: readonly Hash[]): Hash[] {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...path(m, leaves.slice(0, k)), mth(leaves.slice(k))]
    : [...path(m - k, leaves.slice(k)), mth(leaves.slice(0, k))];
}

function subproof(m: number, leaves: readonly Hash[], whole: boolean): Hash[] {
  if (m === leaves.length) return whole ? [] : [mth(leaves)];
  const k = split(leaves.length);
  return m <= k
    ? [...subproof(m, leaves.slice(0, k), whole), mth(leaves.slice(k))]
    : [...subproof(m - k, leaves.slice(k), false), mth(leaves.slice(0, k))];
}

/** The root that a leaf and its path give, or undefined where the path does not have the length of the tree's. */
function rootByPath(leaf: Hash, m: number, n: number, proof: readonly Hash[]): Hash | undefined {
  const last = proof.at(-1);
  if (n === 1 || last === undefined) return n === 1 && last === undefined ? leaf : undefined;
  const k = split(n);
  const below = proof.slice(0, -1);
  const inner = m < k ? rootByPath(leaf, m, k, below) : rootByPath(leaf, m - k, n - k, below);
  if (inner === undefined) return undefined;
  return m < k ? parent(inner, last) : parent(last, inner);
}

/** The two roots that a consistency proof gives, from a first root that it may leave out. */
function rootsByProof(
  m: number,
  n: number,
  proof: readonly Hash[],
  left: Hash | undefined,
): [Hash, Hash] | undefined {
  const last = proof.at(-1);
  if (m === n) {
    const root = left ?? last;
    return root !== undefined && proof.length === (left === undefined ? 1 : 0) ? [root, root] : undefined;
  }
  if (last === undefined) return undefined;
  const k = split(n);
  const below = proof.slice(0, -1);
  const inner = m <= k ? rootsByProof(m, k, below, left) : rootsByProof(m - k, n - k, below, undefined);
  if (inner === undefined) return undefined;
  const [before, after] = inner;
  return m <= k ? [before, parent(after, last)] : [parent(last, before), parent(last, after)];
}

const LEAVES = Array.from({ length: 64 }, (_, index) => leafHash(Uint8Array.of(index)));
const LOG = logOf(LEAVES);
const ROOTS = Array.from({ length: 65 }, (_, size) => mth(LEAVES.slice(0, size)));
const OTHER = leafHash(new TextEncoder().encode("in no tree"));

describe("the reference tree", () => {
  const leaves = reference.leaves.map((leaf) => leafHash(fromHex(leaf)));
  const log = logOf(leaves);

  test("gives the published roots", () => {
    assert.equal(EMPTY_ROOT, sha256());
    reference.roots.forEach((root, index) => {
      assert.equal(rootOf(index + 1, log), root);
      assert.equal(rootOfLeaves(leaves.slice(0, index + 1)), root);
    });
  });

  test("gives the published inclusion proofs, which verify", () => {
    for (const { index, size, proof } of reference.inclusion) {
      assert.deepEqual(inclusionProof(index, size, log), proof);
      assert.equal(
        verifyInclusion(at(leaves, index), index, size, proof, at(reference.roots, size - 1)),
        true,
      );
    }
  });

  test("gives the published consistency proofs, which verify", () => {
    for (const { first, second, proof } of reference.consistency) {
      assert.deepEqual(consistencyProof(first, second, log), proof);
      const [before, after] = [at(reference.roots, first - 1), at(reference.roots, second - 1)];
      assert.equal(verifyConsistency(first, before, second, after, proof), true);
    }
  });
});

describe("a growing log", () => {
  test("has the recursive definition's root at every size, from kept nodes and from leaves alike", () => {
    for (let size = 0; size <= 64; size++) {
      assert.equal(rootOf(size, LOG), ROOTS[size]);
      assert.equal(rootOfLeaves(LEAVES.slice(0, size)), ROOTS[size]);
    }
  });

  test("names every full subtree once, upwards from the leaf", () => {
    const log = new Log();
    for (let size = 0; size < 64; size++) {
      const added = append(size, at(LEAVES, size), log);
      assert.deepEqual(
        added.map(({ level, index }) => [level, index]),
        added.map((_, level) => [level, Math.floor(size / 2 ** level)]),
      );
      for (const { level, index, hash } of added) {
        assert.equal(hash, mth(LEAVES.slice(index * 2 ** level, (index + 1) * 2 ** level)));
      }
      log.add(at(LEAVES, size));
      const ones = (size + 1).toString(2).replaceAll("0", "").length;
      assert.equal(log.kept.size, 2 * (size + 1) - ones);
    }
  });

  test("proves every leaf at every size up to 64 as the recursive definition does", () => {
    for (let size = 1; size <= 64; size++) {
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(index, size, LOG);
        assert.deepEqual(proof, path(index, LEAVES.slice(0, size)));
        assert.equal(verifyInclusion(at(LEAVES, index), index, size, proof, at(ROOTS, size)), true);
      }
    }
  });

  test("proves every earlier size at every size up to 64 as the recursive definition does", () => {
    for (let second = 0; second <= 64; second++) {
      for (let first = 0; first <= second; first++) {
        const proof = consistencyProof(first, second, LOG);
        if (first > 0) assert.deepEqual(proof, subproof(first, LEAVES.slice(0, second), true));
        else assert.deepEqual(proof, []);
        assert.equal(verifyConsistency(first, at(ROOTS, first), second, at(ROOTS, second), proof), true);
      }
    }
  });

  test("keeps proofs valid beyond 32 bits, up to the largest safe integer", () => {
    // All leaves alike, so that a node is known by its level alone.
    const levels = [at(LEAVES, 0)];
    while (levels.length < 53) levels.push(nodeHash(at(levels, -1), at(levels, -1)));
    const alike: Nodes = { get: (level) => levels[level] };
    const sizes = fc.oneof(
      fc.maxSafeNat(),
      fc.integer({ min: 1, max: 52 }).map((bits) => 2 ** bits),
      fc.integer({ min: 1, max: 53 }).map((bits) => 2 ** bits - 1),
    );
    fc.assert(
      fc.property(sizes, sizes, (one, other) => {
        const [first, second] = one < other ? [one, other] : [other, one];
        const [before, after] = [rootOf(first, alike), rootOf(second, alike)];
        const consistency = consistencyProof(first, second, alike);
        assert.equal(verifyConsistency(first, before, second, after, consistency), true);
        if (first === second) return;
        const inclusion = inclusionProof(first, second, alike);
        assert.equal(rootByPath(at(LEAVES, 0), first, second, inclusion), after);
        assert.equal(verifyInclusion(at(LEAVES, 0), first, second, inclusion, after), true);
        assert.equal(verifyInclusion(OTHER, first, second, inclusion, after), false);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a wrong proof", () => {
  const flip = (hash: Hash): Hash => (hash.startsWith("0") ? "1" : "0") + hash.slice(1);
  /** A size up to 48 and something to do to a proof: nothing, or a change to it. */
  const changed = (proof: readonly Hash[], change: number, position: number): Hash[] => {
    const list = [...proof];
    const index = list.length === 0 ? 0 : position % list.length;
    if (change === 1) list.splice(index, 1);
    if (change === 2) list.splice(index, 0, OTHER);
    if (change === 3) list.splice(index, 1, ...list.slice(index, index + 1).map(flip));
    if (change === 4) list.reverse();
    if (change === 5) list.push(...list.slice(-1));
    return list;
  };
  const small = fc.integer({ min: 1, max: 48 });

  test("of inclusion is judged as the recursive definition judges it", () => {
    const seen = new Set<boolean>();
    fc.assert(
      fc.property(
        fc.tuple(small, fc.nat(47), fc.nat(47), small),
        fc.tuple(fc.nat(5), fc.nat(8), fc.boolean()),
        ([size, madeFor, index, shownFor], [change, position, honest]) => {
          const made = madeFor % size;
          const proof = changed(inclusionProof(made, size, LOG), change, position);
          const [shownIndex, shownSize] = honest ? [made, size] : [index, shownFor];
          const [leaf, root] = [at(LEAVES, made), at(ROOTS, size)];
          const expected = shownIndex < shownSize && rootByPath(leaf, shownIndex, shownSize, proof) === root;
          assert.equal(verifyInclusion(leaf, shownIndex, shownSize, proof, root), expected);
          seen.add(expected);
        },
      ),
      { numRuns: 2000 },
    );
    assert.equal(seen.size, 2);
  });

  test("of consistency is judged as the recursive definition judges it", () => {
    const seen = new Set<boolean>();
    fc.assert(
      fc.property(
        fc.tuple(small, small, small, small),
        fc.tuple(fc.nat(5), fc.nat(8), fc.boolean()),
        ([a, b, c, d], [change, position, honest]) => {
          const [first, second] = a < b ? [a, b] : [b, a];
          const proof = changed(consistencyProof(first, second, LOG), change, position);
          const [shownFirst, shownSecond] = honest ? [first, second] : [c, d];
          const [before, after] = [at(ROOTS, first), at(ROOTS, second)];
          const roots =
            shownFirst <= shownSecond ? rootsByProof(shownFirst, shownSecond, proof, before) : undefined;
          const expected = roots?.[0] === before && roots[1] === after;
          assert.equal(verifyConsistency(shownFirst, before, shownSecond, after, proof), expected);
          seen.add(expected);
        },
      ),
      { numRuns: 2000 },
    );
    assert.equal(seen.size, 2);
  });

  test("is refused for every other leaf, every other index and every other size's root", () => {
    for (let size = 1; size <= 24; size++) {
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(index, size, LOG);
        for (let other = 0; other <= 24; other++) {
          const root = at(ROOTS, size);
          if (other !== index) {
            assert.equal(verifyInclusion(at(LEAVES, other), index, size, proof, root), false);
            assert.equal(verifyInclusion(at(LEAVES, index), other, size, proof, root), false);
          }
          if (other !== size) {
            assert.equal(verifyInclusion(at(LEAVES, index), index, size, proof, at(ROOTS, other)), false);
            assert.equal(verifyInclusion(at(LEAVES, index), index, other, proof, at(ROOTS, other)), false);
          }
        }
      }
    }
  });

  test("is refused for another size, but where that leaves the path its shape: a size goes with its signed root", () => {
    /** On which side the siblings stand, from the leaf up. */
    const shape = (m: number, n: number): string => {
      if (n === 1) return "";
      const k = split(n);
      return m < k ? `${shape(m, k)}R` : `${shape(m - k, n - k)}L`;
    };
    let refused = 0;
    for (let size = 1; size <= 24; size++) {
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(index, size, LOG);
        for (let other = 1; other <= 48; other++) {
          const same = index < other && shape(index, other) === shape(index, size);
          const verdict = verifyInclusion(at(LEAVES, index), index, other, proof, at(ROOTS, size));
          assert.equal(verdict, same);
          if (!verdict) refused++;
        }
        // Where the tree becomes a level higher or lower the shape always changes.
        assert.equal(verifyInclusion(at(LEAVES, index), index, size * 2, proof, at(ROOTS, size)), false);
      }
    }
    assert.ok(refused > 0);
  });

  test("of consistency is refused with swapped roots, another first size, or a root of another size", () => {
    for (let second = 2; second <= 24; second++) {
      for (let first = 1; first < second; first++) {
        const proof = consistencyProof(first, second, LOG);
        const [before, after] = [at(ROOTS, first), at(ROOTS, second)];
        assert.equal(verifyConsistency(first, after, second, before, proof), false);
        assert.equal(verifyConsistency(second, after, first, before, proof), false);
        for (let other = 0; other <= 24; other++) {
          if (other !== first) {
            assert.equal(verifyConsistency(other, before, second, after, proof), false);
            assert.equal(verifyConsistency(first, at(ROOTS, other), second, after, proof), false);
          }
          if (other !== second) {
            assert.equal(verifyConsistency(first, before, second, at(ROOTS, other), proof), false);
          }
        }
      }
    }
  });

  test("does not hide a leaf that was changed after the first tree", () => {
    const rewritten = logOf(LEAVES.with(2, OTHER));
    for (let second = 6; second <= 64; second++) {
      const proof = consistencyProof(5, second, rewritten);
      assert.equal(verifyConsistency(5, at(ROOTS, 5), second, rootOf(second, rewritten), proof), false);
      assert.equal(verifyConsistency(5, rootOf(5, rewritten), second, at(ROOTS, second), proof), false);
    }
  });
});
