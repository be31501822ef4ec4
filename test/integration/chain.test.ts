/**
 * The embedded chain, for real: who has money on it, what it keeps, and that nothing is left running.
 */
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { HDNodeWallet, Wallet } from "ethers";
import { anchorState } from "../../crypto/ethereum/anchor-state.ts";
import { verifyStateProof } from "../../crypto/ethereum/state-proof.ts";
import { CHAIN_ID } from "../../infra/embedded/anvil.ts";
import { fundAccount, startChain } from "../../infra/embedded/chain.ts";
import { freePort } from "../../infra/embedded/tcp-ports.ts";
import type { Anchored } from "../../runtime/chain/anchor-contract.ts";
import { anchored, anchorerOn, askNode, fundedKey, rootOf, startTestChain } from "./chain-log.ts";

const dir = mkdtempSync(join(tmpdir(), "pavilion-embedded-chain-"));
after(() => {
  rmSync(dir, { recursive: true });
});

test("no key that development nodes share has money or is kept by the node", async () => {
  const { url, stop } = await startChain({ dir: join(dir, "keys") });
  try {
    assert.equal(await askNode(url, "eth_chainId", []), `0x${CHAIN_ID.toString(16)}`);
    assert.deepEqual(await askNode(url, "eth_accounts", []), []);
    const phrase = "test test test test test test test test test test test junk";
    const shared = HDNodeWallet.fromPhrase(phrase);
    assert.equal(shared.address, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    assert.equal(await askNode(url, "eth_getBalance", [shared.address, "latest"]), "0x0");
    const request = { from: shared.address, to: shared.address, value: "0x1" };
    await assert.rejects(askNode(url, "eth_sendTransaction", [request]));
  } finally {
    await stop();
  }
});

const newestBlock = (url: string): Promise<unknown> =>
  askNode(url, "eth_getBlockByNumber", ["latest", false]);

test("killed right after an anchor is confirmed, again and again, it has the same blocks, accounts and proofs", async () => {
  const options = { dir: join(dir, "killed"), port: await freePort() };
  const running = await startTestChain(() => startChain(options));
  const key = await fundedKey(running);
  const anchorer = anchorerOn(running, key);
  const links: Anchored[] = [];
  let { chain } = running;
  try {
    for (let kill = 1; kill <= 12; kill++) {
      const next = { size: 10 * kill, root: rootOf() };
      const anchor = await anchored(anchorer, links.at(-1), next);
      links.push(anchor);
      process.kill(chain.pid, "SIGKILL");
      await chain.exited;
      chain = await startChain(options);
      const head = await newestBlock(chain.url);
      assert.equal((head as { hash: string }).hash, anchor.blockHash);
      assert.equal(await anchorer.standing(links), kill);
      const first = links[0] ?? anchor;
      const claim = {
        ...{ blockHash: first.blockHash, contract: anchorer.contract, anchorer: anchorer.anchorer },
      };
      assert.equal(
        verifyStateProof(claim, await anchorer.prove(first.block)),
        anchorState(first.link, anchorer.anchorer),
      );
    }
  } finally {
    anchorer.close();
    await chain.stop();
  }
});

test("money that is given after an anchor leaves the anchor's proof whole, over a kill too", async () => {
  const options = { dir: join(dir, "funded"), port: await freePort() };
  const running = await startTestChain(() => startChain(options));
  const anchorer = anchorerOn(running, await fundedKey(running));
  let { chain } = running;
  try {
    const anchor = await anchored(anchorer, undefined, { size: 10, root: rootOf() });
    const proves = async (): Promise<boolean> => {
      const claim = {
        ...{ blockHash: anchor.blockHash, contract: anchorer.contract, anchorer: anchorer.anchorer },
      };
      const proof = await anchorer.prove(anchor.block);
      return verifyStateProof(claim, proof) === anchorState(anchor.link, anchorer.anchorer);
    };
    const { address } = Wallet.createRandom();
    await fundAccount(chain.url, address);
    assert.ok(await proves());
    process.kill(chain.pid, "SIGKILL");
    await chain.exited;
    chain = await startChain(options);
    assert.ok(await proves());
    const { number } = (await newestBlock(chain.url)) as { number: string };
    await fundAccount(chain.url, address);
    const after = (await newestBlock(chain.url)) as { number: string };
    assert.equal(after.number, number, "who has money is given none");
  } finally {
    anchorer.close();
    await chain.stop();
  }
});

test("killed while transactions come in, what was told of one is true afterwards, and none is there in part", async () => {
  const options = { dir: join(dir, "burst"), port: await freePort() };
  let chain = await startChain(options);
  const wallet = Wallet.createRandom();
  await fundAccount(chain.url, wallet.address);
  const seen = new Map<string, string>();
  let nonce = 0;
  const sendUntilKilled = async (): Promise<void> => {
    for (;;) {
      const signed = await wallet.signTransaction({
        ...{ type: 2, chainId: CHAIN_ID, nonce, to: wallet.address, value: 1n, gasLimit: 30_000n },
        ...{ maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n },
      });
      await askNode(chain.url, "eth_sendRawTransaction", [signed]);
      nonce += 1;
      const { number, hash } = (await newestBlock(chain.url)) as { number: string; hash: string };
      seen.set(number, hash);
    }
  };
  for (let kill = 0; kill < 6; kill++) {
    const sending = sendUntilKilled().catch(() => undefined);
    for (const before = seen.size; seen.size < before + 3;) await sleep(1);
    await sleep(kill);
    process.kill(chain.pid, "SIGKILL");
    await Promise.all([chain.exited, sending]);
    chain = await startChain(options);
    // One that nobody was told of may be there too.
    const mined = Number(await askNode(chain.url, "eth_getTransactionCount", [wallet.address, "latest"]));
    assert.ok(mined === nonce || mined === nonce + 1, `${String(mined)} of ${String(nonce)}`);
    nonce = mined;
  }
  assert.ok(seen.size >= 18);
  for (const [number, hash] of seen) {
    const block = await askNode(chain.url, "eth_getBlockByNumber", [number, false]);
    assert.equal((block as { hash: string }).hash, hash);
  }
  await chain.stop();
});

test("what the node refuses leaves nothing behind, and a line that a crash cut short is dropped", async () => {
  const options = { dir: join(dir, "refused"), port: await freePort() };
  const journal = join(options.dir, "journal.jsonl");
  const first = await startChain(options);
  const { address } = Wallet.createRandom();
  await fundAccount(first.url, address);
  const before = readFileSync(journal, "utf8");
  await assert.rejects(askNode(first.url, "eth_sendRawTransaction", ["0x1234"]));
  const poor = await Wallet.createRandom().signTransaction({
    ...{ type: 2, chainId: CHAIN_ID, nonce: 0, to: address, value: 1n, gasLimit: 30_000n },
    ...{ maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n },
  });
  await assert.rejects(askNode(first.url, "eth_sendRawTransaction", [poor]));
  assert.equal(readFileSync(journal, "utf8"), before);
  await first.stop();
  appendFileSync(journal, '{"send":"0x02f8');
  const second = await startChain(options);
  assert.equal(readFileSync(journal, "utf8"), before);
  assert.notEqual(await askNode(second.url, "eth_getBalance", [address, "latest"]), "0x0");
  await second.stop();
  // What does not lead to the blocks that were shown is not taken for the same chain.
  appendFileSync(journal, `{"block":"0x${"00".repeat(32)}"}\n`);
  await assert.rejects(startChain(options), { code: "PART_START_FAILED", message: /does not lead to block/ });
});

test("nobody sets its clock, undoes its blocks or reaches it from a web page", async () => {
  const { url, stop } = await startChain({ dir: join(dir, "methods") });
  try {
    const dangerous = ["evm_mine", "anvil_rollback", "anvil_reorg", "anvil_setCode", "evm_setAutomine"];
    for (const method of [...dangerous, "anvil_loadState", "eth_sendTransaction", "constructor"]) {
      await assert.rejects(askNode(url, method, []), /is not answered here/);
    }
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });
    const fromPage = await fetch(url, { method: "POST", headers: { origin: "http://evil.example" }, body });
    assert.equal(fromPage.status, 403);
    for (const nonsense of ["", "[]", "7", "{", '{"method":7}']) {
      const answer = (await (await fetch(url, { method: "POST", body: nonsense })).json()) as object;
      assert.ok("error" in answer, nonsense);
    }
    const two = await fetch(url, { method: "POST", body: `[${body},${body}]` });
    assert.equal(((await two.json()) as object[]).length, 2);
    const long = fetch(url, { method: "POST", body: " ".repeat(2 * 1024 * 1024) });
    // Whoever is still writing may find the connection closed.
    assert.equal(await long.then(({ status }) => status).catch(() => 413), 413);
  } finally {
    await stop();
  }
});

test("a port that is taken is refused, though a chain answers there", async () => {
  const first = await startChain({ dir: join(dir, "port") });
  try {
    const port = Number(new URL(first.url).port);
    await assert.rejects(startChain({ dir: join(dir, "port-too"), port }), { code: "PORT_IN_USE" });
  } finally {
    await first.stop();
  }
});

test("an account cannot be funded on a chain that is down", async () => {
  const url = `http://127.0.0.1:${String(await freePort())}`;
  await assert.rejects(fundAccount(url, Wallet.createRandom().address), { code: "PART_START_FAILED" });
});
