/**
 * The chain's node over JSON-RPC: the few questions that anchoring has, each with its answer checked for its form.
 *
 * Promises: every question ends within five seconds; no answer, an error and nonsense all become PavilionError
 * CHAIN_UNAVAILABLE, whose message names the question alone: the node's address may hold a key to it.
 * Does not: retry, poll, or remember an answer.
 */
import { FetchRequest, isError, JsonRpcProvider } from "ethers";
import { setTimeout as sleep } from "node:timers/promises";
import { PavilionError } from "../../errors/errors.ts";
import { spareLoopback } from "../loopback.ts";

const requestLimitMs = 5000;

export interface Block {
  readonly number: number;
  /** 0x and 64 lower-case digits. */
  readonly hash: string;
  /** Everything the node says of the block. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

export class ChainNode {
  readonly #provider: JsonRpcProvider;

  constructor(url: string, chainId: number) {
    spareLoopback();
    const request = new FetchRequest(url);
    request.timeout = requestLimitMs;
    request.setThrottleParams({ maxAttempts: 1 });
    // A request a question, nothing cached, and no search for the network: it is known, and checked by who asks.
    const options = { staticNetwork: true, batchMaxCount: 1, cacheTimeout: -1 };
    this.#provider = new JsonRpcProvider(request, chainId, options);
  }

  close(): void {
    this.#provider.destroy();
  }

  async chainId(): Promise<number> {
    return Number(quantity("eth_chainId", await this.ask("eth_chainId", [])));
  }

  async hasCode(address: string): Promise<boolean> {
    return hex("eth_getCode", await this.ask("eth_getCode", [address, "latest"])).length > 2;
  }

  /** Undefined where the chain has no such block. */
  async block(at: number | "latest"): Promise<Block | undefined> {
    const answer = await this.ask("eth_getBlockByNumber", [at === "latest" ? at : tag(at), false]);
    if (answer === null) return undefined;
    const fields = record("eth_getBlockByNumber", answer);
    const number = Number(quantity("eth_getBlockByNumber", fields.number));
    if (at !== "latest" && number !== at) throw nonsense("eth_getBlockByNumber");
    return { number, hash: hex("eth_getBlockByNumber", fields.hash, 32), fields };
  }

  async head(): Promise<Block> {
    const block = await this.block("latest");
    if (block === undefined) throw nonsense("eth_getBlockByNumber");
    return block;
  }

  /** The next nonce of the account by what is mined, whatever waits. */
  async minedNonce(address: string): Promise<number> {
    const method = "eth_getTransactionCount";
    return Number(quantity(method, await this.ask(method, [address, "latest"])));
  }

  /** What to offer for a place in one of the next blocks. */
  async fees(): Promise<Fees> {
    const { fields } = await this.head();
    const baseFee = quantity("eth_getBlockByNumber", fields.baseFeePerGas);
    const method = "eth_maxPriorityFeePerGas";
    const tip = quantity(method, await this.ask(method, []));
    // The base fee can double in six blocks.
    return { maxFeePerGas: 2n * baseFee + tip, maxPriorityFeePerGas: tip };
  }

  /** Undefined where the contract refuses the call. */
  async estimateGas(call: {
    readonly from: string;
    readonly to: string;
    readonly data: string;
  }): Promise<bigint | undefined> {
    const method = "eth_estimateGas";
    try {
      return quantity(method, await this.#within(this.#provider.send(method, [call, "latest"])));
    } catch (error) {
      // ethers calls every error of this question an exception of the call; the node's own words tell.
      if (isError(error, "CALL_EXCEPTION") && /revert/i.test(saidByNode(error.info))) return undefined;
      throw failure(method, error);
    }
  }

  /** True where the node has the transaction, mined or waiting. */
  async knows(transaction: string): Promise<boolean> {
    return (await this.ask("eth_getTransactionByHash", [transaction])) !== null;
  }

  /**
   * Hands a signed transaction to the node. "taken" where the node has it now; "outbid" where another of the same nonce
   * keeps it out; "late" where one of that nonce is mined.
   */
  async broadcast(signed: string): Promise<"taken" | "outbid" | "late"> {
    try {
      await this.#within(this.#provider.send("eth_sendRawTransaction", [signed]));
      return "taken";
    } catch (error) {
      const said = error instanceof Error ? error.message : "";
      if (/already known|already imported|known transaction/i.test(said)) return "taken";
      if (isError(error, "REPLACEMENT_UNDERPRICED") || /underpriced/i.test(said)) return "outbid";
      if (isError(error, "NONCE_EXPIRED")) return "late";
      throw failure("eth_sendRawTransaction", error);
    }
  }

  /** The answer as it came. Rejects with PavilionError CHAIN_UNAVAILABLE. */
  async ask(method: string, params: readonly unknown[]): Promise<unknown> {
    try {
      return await this.#within(this.#provider.send(method, [...params]));
    } catch (error) {
      throw failure(method, error);
    }
  }

  /** The provider's own limit ends a silent connection, not one that goes on sending. */
  async #within(answer: Promise<unknown>): Promise<unknown> {
    const over = new AbortController();
    const limit = sleep(requestLimitMs, undefined, { signal: over.signal }).then(
      () => Promise.reject(new Error("no answer in time")),
      () => undefined,
    );
    try {
      return await Promise.race([answer, limit]);
    } finally {
      over.abort();
    }
  }
}

/** A block number as JSON-RPC writes it. */
export const tag = (block: number): string => `0x${block.toString(16)}`;

/** An even number of lower-case hexadecimal digits after 0x, of `length` bytes where it is given. */
export function hex(method: string, value: unknown, length?: number): string {
  if (typeof value !== "string" || !/^0x(?:[0-9a-f]{2})*$/i.test(value)) throw nonsense(method);
  if (length !== undefined && value.length !== 2 + 2 * length) throw nonsense(method);
  return value.toLowerCase();
}

export function quantity(method: string, value: unknown): bigint {
  if (typeof value !== "string" || !/^0x[0-9a-f]{1,64}$/i.test(value)) throw nonsense(method);
  return BigInt(value);
}

export function record(method: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw nonsense(method);
  return value as Readonly<Record<string, unknown>>;
}

export function list(method: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw nonsense(method);
  return value;
}

/** CHAIN_UNAVAILABLE for an answer that cannot be. */
export function nonsense(method: string): PavilionError {
  return new PavilionError("CHAIN_UNAVAILABLE", `The chain's node gave an impossible answer to ${method}.`);
}

function saidByNode(info: Readonly<Record<string, unknown>> | undefined): string {
  const error = info?.error;
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : "";
}

function failure(method: string, error: unknown): PavilionError {
  if (error instanceof PavilionError) return error;
  const isPoor =
    isError(error, "INSUFFICIENT_FUNDS") ||
    (error instanceof Error && /insufficient funds/i.test(error.message));
  return new PavilionError(
    "CHAIN_UNAVAILABLE",
    isPoor
      ? "The anchorer's account cannot pay for a transaction."
      : `The chain's node did not answer ${method}.`,
  );
}
