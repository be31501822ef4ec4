/**
 * Anchoring on a real chain, through everything that a chain does to a transaction.
 */
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { keccak256, Transaction } from "ethers";
import { anchorState } from "../../crypto/ethereum/anchor-state.ts";
import { readHeader } from "../../crypto/ethereum/header.ts";
import { bytesOf } from "../../crypto/ethereum/hex.ts";
import { verifyStateProof, type StateProof } from "../../crypto/ethereum/state-proof.ts";
import { fundAccount, startChain } from "../../infra/embedded/chain.ts";
import { openAnchorChain, type AnchorChain, type NextAnchor } from "../../runtime/chain/anchor-chain.ts";
import type { Anchored } from "../../runtime/chain/anchor-contract.ts";
import { anchorKey } from "../../runtime/chain/hsm-signer.ts";
import { provisionKeys } from "../../runtime/hsm/provision.ts";
import { initialiseToken, withHsm } from "../../runtime/hsm/testing/token.ts";
import { anchored, anchorerOn, fundedKey, newKey, rootOf, startTestChain } from "./chain-log.ts";
import type { TestChain, TestKey } from "./chain-log.ts";

let chain: TestChain;
let key: TestKey;
const opened: AnchorChain[] = [];

before(async () => {
  chain = await startTestChain();
});
after(() => chain.end());
afterEach(async () => {
  for (const anchorer of opened.splice(0)) anchorer.close();
  await chain.ask("evm_setAutomine", true);
  await chain.ask("anvil_dropAllTransactions");
});

/** Another process with this key, or the first of a fresh one. */
async function process(confirmations = 1, same = false): Promise<AnchorChain> {
  if (!same) key = await fundedKey(chain);
  const anchorer = anchorerOn(chain, key, confirmations);
  opened.push(anchorer);
  return anchorer;
}

const tree = (size: number): NextAnchor => ({ size, root: rootOf() });
const mine = (blocks = 1): Promise<unknown> => chain.ask("anvil_mine", `0x${blocks.toString(16)}`);

interface Waiting {
  readonly hash: string;
  readonly maxFeePerGas: string;
  readonly maxPriorityFeePerGas: string;
}

/** What waits of this key, by nonce. */
async function waiting(): Promise<Map<number, Waiting>> {
  const pool = (await chain.ask("txpool_content")) as { pending: Pool; queued: Pool };
  const mineOf = (part: Pool) =>
    Object.entries(part).flatMap(([sender, byNonce]) =>
      sender.toLowerCase() === key.address ? Object.entries(byNonce) : [],
    );
  return new Map(
    [...mineOf(pool.pending), ...mineOf(pool.queued)].map(([nonce, one]) => [Number(nonce), one]),
  );
}
type Pool = Record<string, Record<string, Waiting>>;

async function minedNonce(): Promise<number> {
  return Number(await chain.ask("eth_getTransactionCount", key.address, "latest"));
}

test("a log of several anchors ends in the state that folds them, each of them standing", async () => {
  const anchorer = await process();
  const links: Anchored[] = [];
  for (const size of [1, 5, 6, 1000]) links.push(await anchored(anchorer, links.at(-1), tree(size)));
  assert.equal(await anchorer.standing(links), 4);
  assert.equal(await anchorer.standing([]), 0);
  let state = `0x${"00".repeat(32)}`;
  for (const { link } of links) {
    assert.equal(link.previous, state);
    state = anchorState(link, anchorer.anchorer);
  }
  const block = links.at(-1)?.block ?? 0;
  const { hash } = (await chain.ask("eth_getBlockByNumber", "latest", false)) as { hash: string };
  assert.equal(links.at(-1)?.blockHash, hash);
  const claim = { blockHash: hash, contract: anchorer.contract, anchorer: anchorer.anchorer };
  assert.equal(verifyStateProof(claim, await anchorer.prove(block)), state);
});

test("is pending until its block has the confirmations asked for, and sends one transaction in all", async () => {
  await chain.ask("evm_setAutomine", false);
  const anchorer = await process(3);
  const next = tree(4);
  for (let call = 0; call < 5; call++) {
    assert.deepEqual(await anchorer.anchor(undefined, next), { state: "pending" });
    assert.equal((await waiting()).size, 1);
  }
  for (let confirmations = 1; confirmations <= 2; confirmations++) {
    await mine();
    assert.deepEqual(await anchorer.anchor(undefined, next), { state: "pending" });
  }
  await mine();
  const outcome = await anchorer.anchor(undefined, next);
  assert.equal(outcome.state, "anchored");
  assert.equal(await minedNonce(), 1);
  assert.deepEqual(await anchorer.anchor(undefined, next), outcome);
  assert.equal((await waiting()).size, 0);
});

test("a process that restarts between sending and mining finds its anchor and makes no second", async () => {
  await chain.ask("evm_setAutomine", false);
  const next = tree(4);
  await (await process()).anchor(undefined, next);
  const restarted = await process(1, true);
  assert.deepEqual(await restarted.anchor(undefined, next), { state: "pending" });
  await mine();
  // Killed again, now between mining and reading.
  const again = await process(1, true);
  const outcome = await anchored(again, undefined, next);
  assert.deepEqual([outcome.link.root, outcome.link.size], [next.root, next.size]);
  await mine();
  assert.equal(await minedNonce(), 1);
});

test("a dropped transaction is sent again", async () => {
  await chain.ask("evm_setAutomine", false);
  const anchorer = await process();
  const next = tree(4);
  await anchorer.anchor(undefined, next);
  const [dropped] = [...(await waiting()).values()];
  assert.ok(dropped);
  await chain.ask("anvil_dropTransaction", dropped.hash);
  assert.equal((await waiting()).size, 0);
  await anchorer.anchor(undefined, next);
  assert.equal((await waiting()).size, 1);
  await mine();
  await anchored(anchorer, undefined, next);
});

test("a transaction that waits long is replaced by one that pays an eighth more, and its fees end at a bound", async () => {
  await chain.ask("evm_setAutomine", false);
  const anchorer = await process();
  const next = tree(4);
  const prices: bigint[] = [];
  for (let call = 0; call < 560; call++) {
    assert.equal((await anchorer.anchor(undefined, next)).state, "pending");
    if (call % 25 !== 0) continue;
    const all = await waiting();
    assert.deepEqual([...all.keys()], [0]);
    prices.push(BigInt(all.get(0)?.maxFeePerGas ?? 0));
  }
  const [first = 0n, second = 0n] = prices;
  assert.ok(second * 8n >= first * 9n);
  assert.ok(prices.every((price) => price <= 10n * first));
  assert.equal(prices.at(-1), prices.at(-2));
  await mine();
  await anchored(anchorer, undefined, next);
  assert.equal(await minedNonce(), 1);
});

test("a process whose transaction is outbid raises until it takes the place", async () => {
  await chain.ask("evm_setAutomine", false);
  await process();
  const tip = BigInt((await chain.ask("eth_maxPriorityFeePerGas")) as string);
  const { baseFeePerGas } = (await chain.ask("eth_getBlockByNumber", "latest", false)) as {
    baseFeePerGas: string;
  };
  // Twice what the node suggests: six raises away.
  const stuck = await key.wallet.signTransaction({
    ...{ type: 2, chainId: 31337, nonce: 0, to: key.address, gasLimit: 21_000n },
    ...{ maxFeePerGas: 2n * (2n * BigInt(baseFeePerGas) + tip), maxPriorityFeePerGas: 2n * tip },
  });
  await chain.ask("eth_sendRawTransaction", stuck);
  const anchorer = await process(1, true);
  const next = tree(4);
  let calls = 0;
  while ((await waiting()).get(0)?.hash === keccak256(stuck) && calls < 300) {
    await anchorer.anchor(undefined, next);
    calls++;
  }
  assert.ok(calls > 100 && calls < 300);
  await mine();
  await anchored(anchorer, undefined, next);
  assert.equal(await minedNonce(), 1);
});

test("a transaction behind a gap of nonces does not hold it up", async () => {
  await chain.ask("evm_setAutomine", false);
  await process();
  const behind = Transaction.from(
    await key.wallet.signTransaction({
      ...{ type: 2, chainId: 31337, nonce: 3, to: key.address, gasLimit: 21_000n },
      ...{ maxFeePerGas: 4_000_000_000n, maxPriorityFeePerGas: 2_000_000_000n },
    }),
  );
  await chain.ask("eth_sendRawTransaction", behind.serialized);
  const anchorer = await process(1, true);
  const next = tree(4);
  await anchorer.anchor(undefined, next);
  assert.deepEqual([...(await waiting()).keys()].sort(), [0, 3]);
  await mine();
  await anchored(anchorer, undefined, next);
  assert.equal(await minedNonce(), 1);
});

test("two processes on one key that intend the same make one anchor", async () => {
  await chain.ask("evm_setAutomine", false);
  const [one, other] = [await process(), await process(1, true)];
  const next = tree(4);
  await Promise.all([one, other, one, other].map((each) => each.anchor(undefined, next)));
  assert.equal((await waiting()).size, 1);
  await mine();
  assert.deepEqual(await anchored(one, undefined, next), await anchored(other, undefined, next));
  await mine();
  assert.equal(await minedNonce(), 1);
});

test("two anchorers on one key that intend different trees: one is anchored, the other is told that it forked", async () => {
  await chain.ask("evm_setAutomine", false);
  const [one, other] = [await process(), await process(1, true)];
  const trees = [tree(4), tree(4)] as const;
  await Promise.all([one.anchor(undefined, trees[0]), other.anchor(undefined, trees[1])]);
  await mine();
  const outcomes = await Promise.allSettled([
    one.anchor(undefined, trees[0]),
    other.anchor(undefined, trees[1]),
  ]);
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected")
      assert.equal((outcome.reason as { code: string }).code, "ANCHOR_FORKED");
  }
  const winner = outcomes[0].status === "fulfilled" ? 0 : 1;
  assert.equal(
    (await anchored([one, other][winner] ?? one, undefined, trees[winner])).link.root,
    trees[winner].root,
  );
});

test("an anchorer that is behind finds its own anchor among later ones, and a foreign one it does not take", async () => {
  const anchorer = await process();
  const trees = [tree(1), tree(2), tree(3)] as const;
  const first = await anchored(anchorer, undefined, trees[0]);
  const second = await anchored(anchorer, first, trees[1]);
  await anchored(anchorer, second, trees[2]);
  assert.deepEqual(await anchored(await process(1, true), first, trees[1]), second);
  const forked = { code: "ANCHOR_FORKED" };
  await assert.rejects(anchorer.anchor(first, { ...trees[1], root: rootOf() }), forked);
  await assert.rejects(anchorer.anchor(first, { ...trees[1], size: 3 }), forked);
  await assert.rejects(anchorer.anchor(undefined, trees[1]), forked);
});

test("refuses to anchor a tree that has not grown", async () => {
  const anchorer = await process();
  const first = await anchored(anchorer, undefined, tree(5));
  for (const size of [5, 4, 0, 5.5, NaN])
    await assert.rejects(anchorer.anchor(first, tree(size)), RangeError);
  await assert.rejects(anchorer.anchor(undefined, tree(0)), RangeError);
});

for (const depth of [1, 5, 64]) {
  test(`after a reorganisation to depth ${String(depth)} what fell is anchored again, in order, and once`, async () => {
    const anchorer = await process();
    const trees = [tree(1), tree(2), tree(3)] as const;
    const first = await anchored(anchorer, undefined, trees[0]);
    await mine(100);
    const second = await anchored(anchorer, first, trees[1]);
    if (depth > 1) await mine(depth - 3);
    const third = await anchored(anchorer, second, trees[2]);
    if (depth > 1) await mine();
    await chain.ask("anvil_reorg", depth, []);
    // At depth 1 the third alone falls; at the others the second too, the hundred blocks before it stay.
    const expected = depth === 1 ? 2 : 1;
    const links = [first, second, third];
    await assert.rejects(anchorer.anchor(third, tree(4)), { code: "ANCHOR_LOST" });
    assert.equal(await anchorer.standing(links), expected);
    const mended = links.slice(0, expected);
    for (const next of trees.slice(expected)) mended.push(await anchored(anchorer, mended.at(-1), next));
    assert.deepEqual(
      mended.map(({ link }) => link.root),
      trees.map(({ root }) => root),
    );
    assert.equal(await anchorer.standing(mended), 3);
    const fourth = await anchored(anchorer, mended.at(-1), tree(4));
    const proof = await anchorer.prove(fourth.block);
    const claim = { blockHash: fourth.blockHash, contract: anchorer.contract, anchorer: anchorer.anchorer };
    assert.equal(verifyStateProof(claim, proof), anchorState(fourth.link, anchorer.anchorer));
  });
}

test("after a rollback, which leaves the chain shorter, the anchor is lost and made again", async () => {
  const anchorer = await process();
  const [one, other] = [tree(1), tree(2)];
  const first = await anchored(anchorer, undefined, one);
  const second = await anchored(anchorer, first, other);
  await chain.ask("anvil_rollback", 1);
  await assert.rejects(anchorer.anchor(second, tree(3)), { code: "ANCHOR_LOST" });
  assert.equal(await anchorer.standing([first, second]), 1);
  const again = await anchored(anchorer, first, other);
  assert.equal(again.link.root, other.root);
});

test("an anchor that came again in another block is not called standing in the old one", async () => {
  const anchorer = await process();
  const stranger = await fundedKey(chain);
  await chain.ask("evm_setAutomine", false);
  await mine();
  const next = tree(7);
  await anchorer.anchor(undefined, next);
  const [sent] = [...(await waiting()).values()];
  assert.ok(sent);
  const raw = await chain.ask("eth_getRawTransactionByHash", sent.hash);
  await mine();
  const first = await anchored(anchorer, undefined, next);
  const other = await stranger.wallet.signTransaction({
    ...{ type: 2, chainId: 31337, nonce: 0, to: stranger.address, gasLimit: 21_000n },
    ...{ maxFeePerGas: 90_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n },
  });
  // The same transaction at the same height, on another block than before.
  await chain.ask("anvil_reorg", 2, [
    [other, 0],
    [raw, 1],
  ]);
  assert.equal(await anchorer.standing([first]), 0);
  await assert.rejects(anchorer.anchor(first, tree(8)), { code: "ANCHOR_LOST" });
  const again = await anchored(anchorer, undefined, next);
  assert.equal(again.transaction, first.transaction);
  assert.notEqual(again.blockHash, first.blockHash);
  assert.equal(await anchorer.standing([again]), 1);
  await anchorer.anchor(again, tree(8));
});

test("a state proof holds for its block alone, and not with any of its elements changed", async () => {
  const anchorer = await process();
  const first = await anchored(anchorer, undefined, tree(1));
  const second = await anchored(anchorer, first, tree(2));
  const { contract, anchorer: address } = anchorer;
  // Of an older block too, and one that holds no later state.
  const proof = await anchorer.prove(first.block);
  const claim = { blockHash: first.blockHash, contract, anchorer: address };
  assert.equal(verifyStateProof(claim, proof), anchorState(first.link, address));
  const header = readHeader(bytesOf(proof.header, "X"));
  assert.deepEqual([header.number, header.timestamp], [first.block, first.link.time]);
  const invalid = { code: "STATE_PROOF_INVALID" };
  assert.throws(() => verifyStateProof({ ...claim, blockHash: second.blockHash }, proof), invalid);
  assert.throws(() => verifyStateProof({ ...claim, anchorer: newKey().address }, proof), invalid);
  for (const mutated of mutationsOf(proof)) assert.throws(() => verifyStateProof(claim, mutated), invalid);
  const later = await anchorer.prove(second.block);
  assert.throws(() => verifyStateProof(claim, { ...proof, storageProof: later.storageProof }), invalid);
  await assert.rejects(anchorer.prove(second.block + 1000), { code: "CHAIN_UNAVAILABLE" });
  await assert.rejects((await process()).prove(second.block), { code: "CHAIN_UNAVAILABLE" });
});

function* mutationsOf(proof: StateProof): Generator<StateProof> {
  const flipped = (text: string, at: number): string =>
    `${text.slice(0, at)}${text[at] === "0" ? "1" : "0"}${text.slice(at + 1)}`;
  for (let at = 2; at < proof.header.length; at += 13) yield { ...proof, header: flipped(proof.header, at) };
  for (const part of ["accountProof", "storageProof"] as const) {
    const nodes = proof[part];
    for (const [index, node] of nodes.entries()) {
      for (let at = 2; at < node.length; at += 13)
        yield { ...proof, [part]: nodes.with(index, flipped(node, at)) };
      yield { ...proof, [part]: nodes.toSpliced(index, 1) };
      yield { ...proof, [part]: nodes.toSpliced(index, 0, node) };
    }
  }
}

test("a chain that is gone is unavailable, and anchoring goes on where it was when it is back", async () => {
  const own = await startTestChain((dir) => startChain({ dir }));
  const ownKey = await fundedKey(own);
  const anchorer = anchorerOn(own, ownKey);
  opened.push(anchorer);
  const trees = [tree(1), tree(2)] as const;
  const first = await anchored(anchorer, undefined, trees[0]);
  await own.chain.stop();
  const unavailable = { code: "CHAIN_UNAVAILABLE" };
  await assert.rejects(anchorer.anchor(first, trees[1]), unavailable);
  await assert.rejects(anchorer.standing([first]), unavailable);
  await assert.rejects(anchorer.prove(first.block), unavailable);
  const back = await startChain({ dir: own.dir, port: Number(new URL(own.chain.url).port) });
  try {
    const second = await anchored(anchorer, first, trees[1]);
    assert.equal(await anchorer.standing([first, second]), 2);
    // Its proofs reach back before the stop.
    const claim = { blockHash: first.blockHash, contract: anchorer.contract, anchorer: anchorer.anchorer };
    assert.equal(
      verifyStateProof(claim, await anchorer.prove(first.block)),
      anchorState(first.link, anchorer.anchorer),
    );
  } finally {
    await back.stop();
    await own.end();
  }
});

test("anchors by a key that is in an HSM", async () => {
  const region = initialiseToken("region-chain");
  provisionKeys(region, region.keys);
  await withHsm(region, async (hsm) => {
    const { publicKey, operate: sign } = hsm.key(anchorKey);
    const anchorer = anchorerOn(chain, { publicKey, sign });
    opened.push(anchorer);
    await fundAccount(chain.chain.url, anchorer.anchorer);
    let last: Anchored | undefined;
    for (let size = 1; size <= 8; size++) last = await anchored(anchorer, last, tree(size));
    assert.equal(last?.link.size, 8);
  });
});

test("an account without money is told apart, and nothing of the key or the node's address is told", async () => {
  const poor = newKey();
  const anchorer = anchorerOn(chain, poor);
  opened.push(anchorer);
  await assert.rejects(anchorer.anchor(undefined, tree(1)), {
    code: "CHAIN_UNAVAILABLE",
    message: "The anchorer's account cannot pay for a transaction.",
  });
});

test("refuses another chain, an address without code, and settings that cannot be", async () => {
  const { publicKey, sign } = newKey();
  const { url, chainId } = chain.chain;
  const good = { url, chainId, contract: chain.registry.address, confirmations: 1, publicKey, sign };
  const mismatch = { code: "CHAIN_MISMATCH" };
  for (const change of [{ chainId: 1 }, { contract: newKey().address }]) {
    const anchorer = openAnchorChain({ ...good, ...change });
    opened.push(anchorer);
    await assert.rejects(anchorer.anchor(undefined, tree(1)), mismatch);
    await assert.rejects(anchorer.standing([]), mismatch);
    await assert.rejects(anchorer.prove(1), mismatch);
  }
  for (const change of [{ contract: "0x12" }, { confirmations: 0 }, { confirmations: 1.5 }, { chainId: 0 }]) {
    assert.throws(() => openAnchorChain({ ...good, ...change }), { code: "CONFIG_INVALID" });
  }
});

test("a closed port is unavailable", async () => {
  const anchorer = await process();
  const first = await anchored(anchorer, undefined, tree(1));
  anchorer.close();
  await assert.rejects(anchorer.anchor(first, tree(2)), { code: "CHAIN_UNAVAILABLE" });
});
