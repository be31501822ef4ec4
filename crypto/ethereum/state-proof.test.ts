import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { createMerkleProof, createMPT } from "@ethereumjs/mpt";
import { encodeRlp, keccak256, solidityPackedKeccak256, zeroPadValue } from "ethers";
import fc from "fast-check";
import artifact from "../../contracts/AnchorRegistry.json" with { type: "json" };
import { anchorState, EMPTY_STATE } from "./anchor-state.ts";
import { readHeader } from "./header.ts";
import { bytesOf, hexOf } from "./hex.ts";
import { stateSlot, verifyStateProof, type StateProof } from "./state-proof.ts";

const invalid = { code: "STATE_PROOF_INVALID" };
const random = (length: number): string => hexOf(randomBytes(length));
const contract = random(20);
const anchorer = random(20);

/** Ethereum mainnet's block 0, as every node has it. */
const mainnetGenesis = encodeRlp([
  `0x${"00".repeat(32)}`,
  "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
  `0x${"00".repeat(20)}`,
  "0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544",
  "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
  "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
  `0x${"00".repeat(256)}`,
  "0x0400000000",
  "0x",
  "0x1388",
  "0x",
  "0x",
  "0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa",
  `0x${"00".repeat(32)}`,
  "0x0000000000000042",
]);

test("reads mainnet's first header and finds its hash", () => {
  const header = readHeader(bytesOf(mainnetGenesis, "X"));
  assert.equal(header.hash, "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3");
  assert.deepEqual([header.number, header.timestamp], [0, 0]);
  assert.equal(hexOf(header.stateRoot), "0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544");
});

test("the slot is the mapping's own, where the compiler laid it", () => {
  assert.equal(artifact.statesSlot, 0);
  const expected = solidityPackedKeccak256(
    ["bytes32", "uint256"],
    [zeroPadValue(anchorer, 32), artifact.statesSlot],
  );
  assert.equal(stateSlot(anchorer), expected);
  assert.equal(stateSlot(anchorer.toUpperCase().replace("0X", "0x")), expected);
});

test("the state after a link is Solidity's packed hash", () => {
  const word = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hexOf);
  const number = fc.maxSafeNat();
  fc.assert(
    fc.property(word, word, number, number, (previous, root, size, time) => {
      const expected = solidityPackedKeccak256(
        ["bytes32", "bytes32", "uint64", "uint64", "address"],
        [previous, root, size, time, anchorer],
      );
      assert.equal(anchorState({ previous, root, size, time }, anchorer), expected);
    }),
  );
});

test("refuses links that no contract could hold", () => {
  const link = { previous: EMPTY_STATE, root: random(32), size: 1, time: 1 };
  const malformed = { code: "ANCHOR_LINK_MALFORMED" };
  for (const change of [
    { previous: "" },
    { root: random(31) },
    { root: random(32).slice(2) },
    { root: `0x${"A".repeat(64)}` },
    { size: -1 },
    { size: 0.5 },
    { time: 2 ** 53 },
    { time: NaN },
  ]) {
    assert.throws(() => anchorState({ ...link, ...change }, anchorer), malformed);
  }
  assert.throws(() => anchorState(link, random(19)), malformed);
});

interface Chain {
  readonly blockHash: string;
  readonly proof: StateProof;
}

/** A block in which the contract's account stands among others, with storage among which the state stands. */
async function chainWith(state: string, account?: string[]): Promise<Chain> {
  const storage = await createMPT({ useKeyHashing: true });
  const slot = bytesOf(stateSlot(anchorer), "X");
  await storage.put(slot, bytesOf(encodeRlp(state), "X"));
  for (let other = 0; other < 20; other++)
    await storage.put(randomBytes(32), Uint8Array.from(randomBytes(33)));
  const accounts = await createMPT({ useKeyHashing: true });
  const fields = account ?? ["0x01", "0x", hexOf(storage.root()), random(32)];
  await accounts.put(bytesOf(contract, "X"), bytesOf(encodeRlp(fields), "X"));
  for (let other = 0; other < 20; other++)
    await accounts.put(randomBytes(20), Uint8Array.from(randomBytes(70)));
  const zero = `0x${"00".repeat(32)}`;
  const header = encodeRlp([
    ...[zero, zero, `0x${"00".repeat(20)}`, hexOf(accounts.root()), zero, zero, `0x${"00".repeat(256)}`],
    ...["0x", "0x07", "0x1388", "0x", "0x61000000", "0x", zero, "0x0000000000000000", "0x07", zero],
  ]);
  const proof = {
    header,
    accountProof: (await createMerkleProof(accounts, bytesOf(contract, "X"))).map(hexOf),
    storageProof: (await createMerkleProof(storage, slot)).map(hexOf),
  };
  return { blockHash: keccak256(header), proof };
}

test("returns the state that a block held, leading zeros included", async () => {
  for (const state of [random(32), `0x${"ab".repeat(31)}`, "0x05"]) {
    const { blockHash, proof } = await chainWith(state);
    const proven = verifyStateProof({ blockHash, contract, anchorer }, proof);
    assert.equal(proven, `0x${state.slice(2).padStart(64, "0")}`);
  }
});

test("refuses another block, contract or anchorer", async () => {
  const { blockHash, proof } = await chainWith(random(32));
  const claim = { blockHash, contract, anchorer };
  for (const change of [
    { blockHash: random(32) },
    { contract: random(20) },
    { anchorer: random(20) },
    { blockHash: "" },
    { contract: random(21) },
    { anchorer: "" },
  ]) {
    assert.throws(() => verifyStateProof({ ...claim, ...change }, proof), invalid);
  }
});

test("refuses a proof of which any text is changed, lost, or not as one writes it", async () => {
  const { blockHash, proof } = await chainWith(random(32));
  const claim = { blockHash, contract, anchorer };
  const changed = (text: string): string => `${text.slice(0, -1)}${text.endsWith("0") ? "1" : "0"}`;
  for (const change of [
    changed,
    () => "0x",
    () => "",
    (text: string) => text.toUpperCase(),
    (text: string) => text + "00",
  ]) {
    assert.throws(() => verifyStateProof(claim, { ...proof, header: change(proof.header) }), invalid);
    for (const part of ["accountProof", "storageProof"] as const) {
      for (const [index, node] of proof[part].entries()) {
        const mutated = { ...proof, [part]: proof[part].with(index, change(node)) };
        assert.throws(() => verifyStateProof(claim, mutated), invalid);
      }
    }
  }
  const { accountProof, storageProof } = proof;
  assert.throws(
    () => verifyStateProof(claim, { ...proof, accountProof: storageProof, storageProof: accountProof }),
    invalid,
  );
  const endless = Array.from({ length: 65 }, () => "0xc0");
  assert.throws(() => verifyStateProof(claim, { ...proof, storageProof: endless }), invalid);
});

test("refuses slots and accounts that cannot be, though their hashes fit", async () => {
  const claim = { contract, anchorer };
  for (const state of ["0x", "0x0001", random(33)]) {
    const { blockHash, proof } = await chainWith(state);
    assert.throws(() => verifyStateProof({ ...claim, blockHash }, proof), invalid);
  }
  for (const account of [
    ["0x01"],
    ["0x01", "0x", "0x02", random(32)],
    ["0x", "0x", random(32), random(32), "0x"],
  ]) {
    const { blockHash, proof } = await chainWith(random(32), account);
    assert.throws(() => verifyStateProof({ ...claim, blockHash }, proof), invalid);
  }
});

test("refuses headers that are none", () => {
  const fields = Array.from({ length: 15 }, () => "0x");
  const good = fields.with(3, random(32)).with(8, "0x07").with(11, "0x09");
  const read = (header: string[]) => readHeader(bytesOf(encodeRlp(header), "X"));
  assert.deepEqual([read(good).number, read(good).timestamp], [7, 9]);
  for (const header of [
    good.slice(0, 14),
    good.with(3, random(31)),
    good.with(8, "0x0007"),
    good.with(8, "0x0020000000000000"),
    good.with(8, "0x20000000000000"),
    good.with(11, random(9)),
  ]) {
    assert.throws(() => read(header), invalid);
  }
  assert.throws(() => readHeader(bytesOf(encodeRlp("0x05"), "X")), invalid);
});
