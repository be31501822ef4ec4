/**
 * Bringing one transaction on chain: signed, sent, sent again where the node has dropped it, replaced by a better paid
 * one where it waits too long.
 *
 * Promises: its nonce is always the next by what is mined, so whatever else of this account waits under that nonce is
 * replaced, and of all these transactions the chain takes one. Nothing need be remembered over a restart: what is
 * remembered here only spares needless signatures.
 * Does not: offer more than ten times what the node suggests.
 */
import { keccak256 } from "ethers";
import type { ChainNode, Fees } from "./node.ts";
import type { HsmSigner } from "./hsm-signer.ts";

/** Calls that a transaction may wait before its fees are raised: with one a second, two blocks of mainnet. */
const CALLS_BEFORE_RAISE = 24;
/** A replacement must offer a tenth more in both fees to be taken; an eighth is over it however it is rounded. */
const RAISE = { by: 9n, over: 8n };
const TIMES_SUGGESTED_MAX = 10n;
/** Above the estimate, for a slot that another state makes dearer. */
const GAS_MARGIN = { by: 5n, over: 4n };

interface Sent {
  readonly nonce: number;
  readonly data: string;
  readonly fees: Fees;
  readonly transaction: string;
  /** True where another transaction of the same nonce kept it out. */
  readonly isOutbid: boolean;
  /** How many calls found it waiting. */
  waited: number;
}

export interface BroadcastOptions {
  readonly node: ChainNode;
  readonly signer: HsmSigner;
  readonly chainId: number;
  readonly contract: string;
}

export class Broadcast {
  readonly #options: BroadcastOptions;
  #sent: Sent | undefined;

  constructor(options: BroadcastOptions) {
    this.#options = options;
  }

  /**
   * Sees to it that the call waits at the node, decently paid; false where the contract refuses it as things stand.
   * Rejects with CHAIN_UNAVAILABLE, or as the HSM does.
   */
  async bring(data: string): Promise<boolean> {
    const { node, signer } = this.#options;
    const nonce = await node.minedNonce(signer.address);
    const sent = this.#sent?.nonce === nonce && this.#sent.data === data ? this.#sent : undefined;
    const suggested = await node.fees();
    if (sent === undefined) return this.#send(nonce, data, suggested);
    const waits = sent.isOutbid || (await node.knows(sent.transaction));
    if (!waits) return this.#send(nonce, data, higher(sent.fees, suggested));
    sent.waited++;
    const raised = higher(raise(sent.fees), suggested);
    const isDearest = raised.maxFeePerGas > TIMES_SUGGESTED_MAX * suggested.maxFeePerGas;
    return sent.waited < CALLS_BEFORE_RAISE || isDearest || this.#send(nonce, data, raised);
  }

  async #send(nonce: number, data: string, fees: Fees): Promise<boolean> {
    const { node, signer, chainId, contract: to } = this.#options;
    const gas = await node.estimateGas({ from: signer.address, to, data });
    if (gas === undefined) return false;
    const gasLimit = (gas * GAS_MARGIN.by) / GAS_MARGIN.over;
    const signed = await signer.signTransaction({ type: 2, chainId, nonce, to, data, gasLimit, ...fees });
    const outcome = await node.broadcast(signed);
    const transaction = keccak256(signed);
    this.#sent =
      outcome === "late"
        ? undefined
        : { nonce, data, fees, transaction, isOutbid: outcome === "outbid", waited: 0 };
    return true;
  }
}

function raise({ maxFeePerGas, maxPriorityFeePerGas }: Fees): Fees {
  const eighthMore = (fee: bigint): bigint => (fee * RAISE.by + RAISE.over - 1n) / RAISE.over;
  return {
    maxFeePerGas: eighthMore(maxFeePerGas),
    maxPriorityFeePerGas: eighthMore(maxPriorityFeePerGas),
  };
}

function higher(one: Fees, other: Fees): Fees {
  const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
  return {
    maxFeePerGas: max(one.maxFeePerGas, other.maxFeePerGas),
    maxPriorityFeePerGas: max(one.maxPriorityFeePerGas, other.maxPriorityFeePerGas),
  };
}
