/**
 * For the tests on a real chain: anvil in a folder of its own with the registry contract, keys of secp256k1 that sign as
 * an HSM does, and what only a development node can do: hold back blocks, undo them, drop what waits.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { hexlify, randomBytes, Wallet } from "ethers";
import { CHAIN_ID, startAnvil } from "../../infra/embedded/anvil.ts";
import { fundAccount, type RunningChain } from "../../infra/embedded/chain.ts";
import { freePort } from "../../infra/embedded/tcp-ports.ts";
import { openAnchorChain, type AnchorChain, type NextAnchor } from "../../runtime/chain/anchor-chain.ts";
import type { Anchored } from "../../runtime/chain/anchor-contract.ts";
import type { ChainKey } from "../../runtime/chain/hsm-signer.ts";
import { deployRegistry, type DeployedRegistry } from "../../services/operator/anchor-contract.ts";

export interface TestChain {
  readonly dir: string;
  readonly chain: RunningChain;
  readonly registry: DeployedRegistry;
  /** The answer to a question by JSON-RPC; throws the node's complaint. */
  readonly ask: (method: string, ...params: unknown[]) => Promise<unknown>;
  readonly end: () => Promise<void>;
}

/** A node that undoes blocks and holds them back, unless another chain is to be started in the folder. */
export async function startTestChain(
  start: (dir: string) => Promise<RunningChain> = bareNode,
): Promise<TestChain> {
  const dir = mkdtempSync(join(tmpdir(), "pavilion-chain-"));
  const chain = await start(dir);
  const deployer = Wallet.createRandom();
  await fundAccount(chain.url, deployer.address);
  const { url, chainId } = chain;
  const registry = await deployRegistry({ url, chainId, privateKey: deployer.privateKey });
  const end = async (): Promise<void> => {
    await chain.stop();
    rmSync(dir, { recursive: true });
  };
  return { dir, chain, registry, ask: (method, ...params) => askNode(url, method, params), end };
}

async function bareNode(dir: string): Promise<RunningChain> {
  const node = await startAnvil({ dir, port: await freePort(), mining: "each" });
  return { ...node, chainId: CHAIN_ID };
}

export async function askNode(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (answer.error !== undefined) throw new Error(answer.error.message);
  return answer.result;
}

export interface TestKey extends ChainKey {
  readonly wallet: Wallet;
  readonly address: string;
}

/** A key that signs with fresh randomness, so that no two signatures are alike, as an HSM's are not. */
export function newKey(): TestKey {
  const { privateKey, address } = Wallet.createRandom();
  const secret = Uint8Array.from(Buffer.from(privateKey.slice(2), "hex"));
  return {
    wallet: new Wallet(privateKey),
    address: address.toLowerCase(),
    publicKey: secp256k1.getPublicKey(secret, false),
    sign: (digest) =>
      Promise.resolve(secp256k1.sign(digest, secret, { prehash: false, lowS: true, extraEntropy: true })),
  };
}

export async function fundedKey({ chain }: TestChain): Promise<TestKey> {
  const key = newKey();
  await fundAccount(chain.url, key.address);
  return key;
}

/** As a process opens it; a second one by the same key is another process, or the same after a crash. */
export function anchorerOn(test: TestChain, key: ChainKey, confirmations = 1): AnchorChain {
  const { chain, registry } = test;
  return openAnchorChain({
    url: chain.url,
    chainId: chain.chainId,
    contract: registry.address,
    confirmations,
    deployedAt: registry.block,
    publicKey: key.publicKey,
    sign: key.sign,
  });
}

export const rootOf = (): string => hexlify(randomBytes(32));

/** Calls until it is anchored, as a stage does on its ticks, but with shorter waits between them. */
export async function anchored(
  anchorer: AnchorChain,
  last: Anchored | undefined,
  next: NextAnchor,
  callsMax = 300,
): Promise<Anchored> {
  for (let call = 0; call < callsMax; call++) {
    const outcome = await anchorer.anchor(last, next);
    if (outcome.state === "anchored") {
      const { link, transaction, block, blockHash } = outcome;
      return { link, transaction, block, blockHash };
    }
    await sleep(10);
  }
  throw new Error(`not anchored after ${String(callsMax)} calls`);
}
