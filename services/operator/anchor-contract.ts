/**
 * Puts the AnchorRegistry on a chain: run once for each chain that has none. The contract has no owner, so whoever
 * deploys it gains nothing by it, and a key that is made for the occasion and thrown away will do.
 *
 * Promises: the code that lies at the address afterwards is the one that contracts/AnchorRegistry.json pins.
 */
import { createHash } from "node:crypto";
import { ContractFactory, FetchRequest, JsonRpcProvider, Wallet } from "ethers";
import artifact from "../../contracts/AnchorRegistry.json" with { type: "json" };
import { PavilionError } from "../../errors/errors.ts";

const requestLimitMs = 5000;
const receiptLimitMs = 120_000;

export interface RegistryDeployment {
  readonly url: string;
  readonly chainId: number;
  /** A secp256k1 key, 0x and 64 hexadecimal digits, whose account can pay for one transaction; secret. */
  readonly privateKey: string;
}

export interface DeployedRegistry {
  /** The contract's address, with its EIP-55 checksum. */
  readonly address: string;
  /** The block that it came with: anchors are looked for from here. */
  readonly block: number;
}

/** Deploys and waits until it is mined. CHAIN_UNAVAILABLE, CHAIN_MISMATCH. */
export async function deployRegistry(options: RegistryDeployment): Promise<DeployedRegistry> {
  const request = new FetchRequest(options.url);
  request.timeout = requestLimitMs;
  const provider = new JsonRpcProvider(request, options.chainId, { staticNetwork: true, batchMaxCount: 1 });
  try {
    // Asked outright: with a static network nothing else would notice that it is another chain.
    const chainId = Number(await provider.send("eth_chainId", []));
    if (chainId !== options.chainId) {
      throw new PavilionError(
        "CHAIN_MISMATCH",
        "The chain's node is on a different chain from the configured one.",
      );
    }
    return await deploy(provider, new Wallet(options.privateKey, provider));
  } catch (error) {
    if (error instanceof PavilionError) throw error;
    // Without the cause: it quotes the node's address, which may hold a key to it.
    throw new PavilionError("CHAIN_UNAVAILABLE", "The anchoring contract could not be deployed.");
  } finally {
    provider.destroy();
  }
}

/** Whether the pinned code lies at an address. CHAIN_UNAVAILABLE. */
export async function holdsRegistry(url: string, address: string): Promise<boolean> {
  const request = new FetchRequest(url);
  request.timeout = requestLimitMs;
  const provider = new JsonRpcProvider(request, undefined, { batchMaxCount: 1 });
  try {
    return isPinned(await provider.getCode(address));
  } catch {
    throw new PavilionError(
      "CHAIN_UNAVAILABLE",
      "The chain's node does not say what lies at the contract's address.",
    );
  } finally {
    provider.destroy();
  }
}

/** `code` is 0x and hexadecimal digits. */
const isPinned = (code: string): boolean =>
  createHash("sha256")
    .update(Buffer.from(code.slice(2), "hex"))
    .digest("hex") === artifact.runtimeSha256;

async function deploy(provider: JsonRpcProvider, wallet: Wallet): Promise<DeployedRegistry> {
  const contract = await new ContractFactory(artifact.abi, artifact.bytecode, wallet).deploy();
  const receipt = await contract.deploymentTransaction()?.wait(1, receiptLimitMs);
  const address = await contract.getAddress();
  if (receipt?.status !== 1 || !isPinned(await provider.getCode(address))) {
    throw new PavilionError("CHAIN_MISMATCH", "The chain does not hold the code that was deployed.");
  }
  return { address, block: receipt.blockNumber };
}
