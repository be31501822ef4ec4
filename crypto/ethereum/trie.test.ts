import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { before, test } from "node:test";
import { createMerkleProof, createMPT, verifyMerkleProof, type MerklePatriciaTrie } from "@ethereumjs/mpt";
import { encodeRlp, keccak256 } from "ethers";
import { provenValue } from "./trie.ts";

const invalid = { code: "STATE_PROOF_INVALID" };
const keys = Array.from({ length: 300 }, () => Uint8Array.from(randomBytes(20)));
/** From a byte up, so that some nodes are shorter than a hash where the trie allows it. */
const values = keys.map((_, index) => Uint8Array.from(randomBytes(1 + (index % 70))).fill(1, 0, 1));
let trie: MerklePatriciaTrie;

before(async () => {
  trie = await createMPT({ useKeyHashing: true });
  for (const [index, key] of keys.entries()) await trie.put(key, values[index] ?? null);
});

test("finds what @ethereumjs/mpt put in, under every key, and both verify the proof", async () => {
  for (const [index, key] of keys.entries()) {
    const proof = await createMerkleProof(trie, key);
    assert.deepEqual(provenValue(trie.root(), key, proof), values[index]);
    const second = await verifyMerkleProof(key, proof, { root: trie.root(), useKeyHashing: true });
    assert.deepEqual(second, values[index]);
  }
});

test("a trie of one key is its leaf", async () => {
  const single = await createMPT({ useKeyHashing: true });
  const [key, value] = [Uint8Array.of(1), Uint8Array.of(2)];
  await single.put(key, value);
  const proof = await createMerkleProof(single, key);
  assert.equal(proof.length, 1);
  assert.deepEqual(provenValue(single.root(), key, proof), value);
});

test("follows a node that stands inside its parent", () => {
  const key = Uint8Array.of(7);
  const nibbles = keccak256(key).slice(2);
  // An extension over the first 62 nibbles, a branch, and in it a leaf of one nibble and one byte.
  const leaf = [`0x3${nibbles.slice(63)}`, "0x05"];
  const slot = Number.parseInt(nibbles.slice(62, 63), 16);
  const branch = Array.from({ length: 17 }, (_, at) => (at === slot ? leaf : "0x"));
  const node = encodeRlp([`0x00${nibbles.slice(0, 62)}`, branch]);
  const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.slice(2), "hex"));
  assert.deepEqual(provenValue(bytesOf(keccak256(node)), key, [bytesOf(node)]), Uint8Array.of(5));
});

test("refuses a proof with any node changed, missing, doubled, added or moved", async () => {
  for (const key of keys.slice(0, 20)) {
    const root = trie.root();
    const proof = await createMerkleProof(trie, key);
    assert.ok(proof.length > 1);
    for (const [index, node] of proof.entries()) {
      for (let at = 0; at < node.length; at += 7) {
        const changed = Uint8Array.from(node);
        changed[at] = (changed[at] ?? 0) ^ 1;
        assert.throws(() => provenValue(root, key, proof.with(index, changed)), invalid);
      }
      assert.throws(() => provenValue(root, key, proof.toSpliced(index, 1)), invalid);
      assert.throws(() => provenValue(root, key, proof.toSpliced(index, 0, node)), invalid);
    }
    assert.throws(() => provenValue(root, key, [...proof, Uint8Array.of(0xc0)]), invalid);
    assert.throws(() => provenValue(root, key, proof.toReversed()), invalid);
    assert.throws(() => provenValue(root, key, []), invalid);
  }
});

test("refuses a proof for another key, another root, and of an absent key", async () => {
  const [key = new Uint8Array(), other = new Uint8Array()] = keys;
  const proof = await createMerkleProof(trie, key);
  assert.throws(() => provenValue(trie.root(), other, proof), invalid);
  assert.throws(() => provenValue(Uint8Array.from(randomBytes(32)), key, proof), invalid);
  const absent = Uint8Array.from(randomBytes(20));
  assert.throws(() => provenValue(trie.root(), absent, []), invalid);
  const absence = await createMerkleProof(trie, absent);
  assert.throws(() => provenValue(trie.root(), absent, absence), invalid);
});

test("a node that is no node is refused, though its hash fits", () => {
  const key = Uint8Array.of(7);
  const path = keccak256(key).slice(2);
  const odd = [
    ["0x20" + path, "0x05", "0x"],
    ["0x20" + path],
    ["0x40" + path, "0x05"],
    ["0x21" + path, "0x05"],
    ["0x20" + path, "0x"],
    ["0x20" + path, ["0x05"]],
    ["0x00", "0x05"],
    ["0x", "0x05"],
    "0x05",
    Array.from({ length: 16 }, () => "0x05"),
    Array.from({ length: 17 }, () => "0x05"),
    Array.from({ length: 17 }, () => "0x"),
  ];
  const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.slice(2), "hex"));
  const good = encodeRlp(["0x20" + path, "0x05"]);
  assert.deepEqual(provenValue(bytesOf(keccak256(good)), key, [bytesOf(good)]), Uint8Array.of(5));
  for (const shape of odd) {
    const node = encodeRlp(shape);
    assert.throws(() => provenValue(bytesOf(keccak256(node)), key, [bytesOf(node)]), invalid, node);
  }
});
