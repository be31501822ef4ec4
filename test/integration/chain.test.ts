/**
 * The embedded chain, for real: who has money on it, what it keeps, and that nothing is left running.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { HDNodeWallet, Wallet } from "ethers";
import { CHAIN_ID, fundAccount, startChain } from "../../infra/embedded/chain.ts";
import { freePort } from "../../infra/embedded/ports.ts";
import { askNode } from "./chain-log.ts";

const dir = mkdtempSync(join(tmpdir(), "pavilion-embedded-chain-"));
after(() => {
  rmSync(dir, { recursive: true });
});

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

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

test("keeps accounts and blocks when it is stopped, and when it is killed what is older than a few seconds", async () => {
  const options = { dir: join(dir, "kept"), port: await freePort() };
  const first = await startChain(options);
  const { address } = Wallet.createRandom();
  const balanceOf = (who: string): Promise<unknown> => askNode(first.url, "eth_getBalance", [who, "latest"]);
  assert.equal(await balanceOf(address), "0x0");
  await fundAccount(first.url, address);
  await askNode(first.url, "anvil_mine", ["0x3"]);
  const head = await askNode(first.url, "eth_getBlockByNumber", ["latest", false]);
  await first.stop();
  assert.equal(isRunning(first.pid), false);
  const second = await startChain(options);
  assert.equal(second.url, first.url);
  assert.equal(await balanceOf(address), `0x${(1000n * 10n ** 18n).toString(16)}`);
  assert.deepEqual(await askNode(second.url, "eth_getBlockByNumber", ["0x3", false]), head);
  const later = Wallet.createRandom().address;
  await fundAccount(second.url, later);
  await sleep(7000);
  await second.stop(0);
  const third = await startChain(options);
  assert.notEqual(await balanceOf(later), "0x0");
  await third.stop();
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
