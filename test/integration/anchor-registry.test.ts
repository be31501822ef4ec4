/**
 * The AnchorRegistry contract on a real chain, called directly: what it takes, what it refuses, and what it costs.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Interface, JsonRpcProvider, Wallet, ZeroHash } from "ethers";
import artifact from "../../contracts/AnchorRegistry.json" with { type: "json" };
import { anchorState, type AnchorLink } from "../../crypto/ethereum/anchor-state.ts";
import { CHAIN_ID } from "../../infra/embedded/anvil.ts";
import { fundAccount } from "../../infra/embedded/chain.ts";
import { deployRegistry } from "../../services/operator/anchor-contract.ts";
import { rootOf, startTestChain, type TestChain } from "./chain-log.ts";

const abi = new Interface(artifact.abi);
const empty: AnchorLink = { previous: ZeroHash, root: ZeroHash, size: 0, time: 0 };
let chain: TestChain;
let provider: JsonRpcProvider;

before(async () => {
  chain = await startTestChain();
  provider = new JsonRpcProvider(chain.chain.url, CHAIN_ID, { staticNetwork: true, cacheTimeout: -1 });
  provider.pollingInterval = 20;
});
after(async () => {
  provider.destroy();
  await chain.end();
});

async function funded(): Promise<Wallet> {
  const wallet = new Wallet(Wallet.createRandom().privateKey, provider);
  await fundAccount(chain.chain.url, wallet.address);
  return wallet;
}

const callOf = (last: AnchorLink, root: string, size: number): string =>
  abi.encodeFunctionData("anchor", [last.previous, last.root, last.size, last.time, root, size]);

/** The name of the error that the contract refuses the call with; undefined where it would take it. */
async function refusalOf(
  sender: Wallet,
  last: AnchorLink,
  root: string,
  size: number,
): Promise<string | undefined> {
  try {
    await provider.call({ from: sender.address, to: chain.registry.address, data: callOf(last, root, size) });
    return undefined;
  } catch (error) {
    const { data } = error as { data?: string };
    return abi.parseError(data ?? "0x")?.name ?? "no error of the contract";
  }
}

async function anchor(
  sender: Wallet,
  last: AnchorLink,
  size: number,
): Promise<{ link: AnchorLink; gas: bigint }> {
  const root = rootOf();
  const sent = await sender.sendTransaction({ to: chain.registry.address, data: callOf(last, root, size) });
  const receipt = await sent.wait();
  assert.ok(receipt);
  const [log] = receipt.logs;
  assert.ok(log !== undefined && receipt.logs.length === 1);
  const event = abi.parseLog(log);
  const block = await provider.getBlock(receipt.blockNumber);
  const previous = last === empty ? ZeroHash : anchorState(last, sender.address);
  const link = { previous, root, size, time: block?.timestamp ?? -1 };
  const told = [sender.address, previous, root, BigInt(size), BigInt(link.time)];
  assert.deepEqual([...(event?.args ?? [])], told);
  return { link, gas: receipt.gasUsed };
}

async function stateOf(anchorer: string): Promise<string> {
  const data = abi.encodeFunctionData("states", [anchorer]);
  return provider.call({ to: chain.registry.address, data });
}

test("each anchor leads the slot from the state before it to the hash over both", async (context) => {
  const sender = await funded();
  assert.equal(await stateOf(sender.address), ZeroHash);
  const first = await anchor(sender, empty, 1_000);
  assert.equal(await stateOf(sender.address), anchorState(first.link, sender.address));
  const second = await anchor(sender, first.link, 5_000_000);
  const third = await anchor(sender, second.link, 5_000_100);
  assert.equal(await stateOf(sender.address), anchorState(third.link, sender.address));
  const gas = [first, second, third].map((one) => Number(one.gas));
  context.diagnostic(`gas of the first, second and third anchor: ${gas.join(", ")}`);
  assert.ok(Math.max(...gas.slice(1)) < 32_000, "a later anchor costs less than 32,000 gas");
});

test("a first anchor takes zeros for what was before, and nothing else", async () => {
  const sender = await funded();
  assert.equal(await refusalOf(sender, empty, rootOf(), 1), undefined);
  for (const change of [{ previous: rootOf() }, { root: rootOf() }, { size: 1 }, { time: 1 }]) {
    assert.equal(await refusalOf(sender, { ...empty, ...change }, rootOf(), 2), "NotTheState");
  }
  assert.equal(await refusalOf(sender, empty, rootOf(), 0), "NotGrown");
});

test("after the first anchor, zeros and anything but the newest link are refused, the one before it too", async () => {
  const sender = await funded();
  const first = (await anchor(sender, empty, 10)).link;
  const second = (await anchor(sender, first, 20)).link;
  assert.equal(await refusalOf(sender, second, rootOf(), 30), undefined);
  const changes = [{ previous: rootOf() }, { root: rootOf() }, { size: 19 }, { time: second.time + 1 }];
  for (const last of [empty, first, ...changes.map((change) => ({ ...second, ...change }))]) {
    assert.equal(await refusalOf(sender, last, rootOf(), 30), "NotTheState");
  }
});

test("a log never shrinks and never stands still", async () => {
  const sender = await funded();
  const { link } = await anchor(sender, empty, 10);
  for (const size of [0, 9, 10]) assert.equal(await refusalOf(sender, link, rootOf(), size), "NotGrown");
  assert.equal(await refusalOf(sender, link, rootOf(), 11), undefined);
});

test("a transaction that was replayed to the letter is refused", async () => {
  const sender = await funded();
  const root = rootOf();
  const request = { to: chain.registry.address, data: callOf(empty, root, 5) };
  await (await sender.sendTransaction(request)).wait();
  assert.equal(await refusalOf(sender, empty, root, 5), "NotTheState");
  const again = await sender.sendTransaction({ ...request, gasLimit: 100_000n });
  await assert.rejects(again.wait(), { code: "CALL_EXCEPTION" });
});

test("anchorers do not meet: one's link is nothing to another, and moves nothing of another's", async () => {
  const [one, other] = [await funded(), await funded()];
  const { link } = await anchor(one, empty, 10);
  assert.equal(await stateOf(other.address), ZeroHash);
  assert.equal(await refusalOf(other, link, rootOf(), 20), "NotTheState");
  const before = await stateOf(one.address);
  await anchor(other, empty, 3);
  assert.equal(await stateOf(one.address), before);
});

test("takes no money and answers no other call", async () => {
  const sender = await funded();
  const to = chain.registry.address;
  await assert.rejects(provider.call({ from: sender.address, to, value: 1n }));
  await assert.rejects(provider.call({ from: sender.address, to, data: "0x12345678" }));
  await assert.rejects(
    provider.call({ from: sender.address, to, value: 1n, data: callOf(empty, rootOf(), 1) }),
  );
});

test("deploying needs the right chain, a node and money", async () => {
  const { privateKey } = Wallet.createRandom();
  const { url } = chain.chain;
  await assert.rejects(deployRegistry({ url, chainId: 1, privateKey }), { code: "CHAIN_MISMATCH" });
  const unavailable = { code: "CHAIN_UNAVAILABLE" };
  await assert.rejects(deployRegistry({ url, chainId: CHAIN_ID, privateKey }), unavailable);
  await assert.rejects(
    deployRegistry({ url: "http://127.0.0.1:1/secret", chainId: CHAIN_ID, privateKey }),
    (error: Error) => {
      assert.doesNotMatch(`${error.message}${String(error.stack)}${String(error.cause)}`, /secret/);
      return (error as Error & { code: string }).code === "CHAIN_UNAVAILABLE";
    },
  );
});
