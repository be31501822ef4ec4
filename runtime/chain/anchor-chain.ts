/**
 * Anchoring a log: its roots, one after the other, into its slot of the AnchorRegistry contract.
 *
 * Promises: `anchor` brings the intended root on chain once, however often, from wherever and after whatever crash it
 * is called; what it calls anchored follows the last anchor directly, in a block of the node's chain with as many
 * blocks as are configured from there to the head. Whether anything is lost or forked is read from the chain at each
 * call; nothing here is remembered that matters.
 * Does not: find out whether the node lies. The state proof is what convinces others, under a block hash of their own.
 */
import { getAddress } from "ethers";
import { anchorState, EMPTY_STATE } from "../../crypto/ethereum/anchor-state.ts";
import type { StateProof } from "../../crypto/ethereum/state-proof.ts";
import { PavilionError } from "../../errors/errors.ts";
import { proveState } from "./block-proof.ts";
import { Broadcast } from "./broadcast.ts";
import { HsmSigner, type ChainKey } from "./hsm-signer.ts";
import { ChainNode } from "./node.ts";
import { AnchorContract, type Anchored } from "./anchor-contract.ts";

/** A tree to anchor: the number of its leaves, and its root as 0x and 64 lower-case digits. */
export interface NextAnchor {
  readonly size: number;
  readonly root: string;
}

type AnchorOutcome = { readonly state: "pending" } | ({ readonly state: "anchored" } & Anchored);

/** Every call rejects with PavilionError CHAIN_UNAVAILABLE or CHAIN_MISMATCH where the chain cannot be asked. */
export interface AnchorChain {
  readonly chainId: number;
  /** Addresses are 0x and 40 lower-case digits. */
  readonly contract: string;
  readonly anchorer: string;
  /**
   * Brings `next` on chain after `last`, undefined for a first anchor, and says how far it is. May be called every
   * second, from any process, after any crash; it must be called with the same `next` until that is anchored, so its
   * caller writes down what it intends before it calls. A `next` not larger than `last` throws RangeError. Rejects with
   * ANCHOR_LOST where `last` fell off the chain: go back to the last anchor that is `standing`, and anchor what fell,
   * roots, sizes and order unchanged, since transactions that fell may come back by themselves. Rejects with
   * ANCHOR_FORKED where the log went on from `last` to something else than `next`.
   */
  readonly anchor: (last: Anchored | undefined, next: NextAnchor) => Promise<AnchorOutcome>;
  /** How many of these, oldest first and in order, are still on the chain where they were. */
  readonly standing: (links: readonly Anchored[]) => Promise<number>;
  /** The trees that the contract holds of the log after `last`, in their order, confirmed or not; all of them where `last` is lost. */
  readonly after: (last: Anchored | undefined) => Promise<readonly NextAnchor[]>;
  /** The log's state after that block, proven from the block's hash. */
  readonly prove: (block: number) => Promise<StateProof>;
  /** Calls under way and later ones are refused. */
  readonly close: () => void;
}

export interface AnchorChainOptions extends ChainKey {
  /** The node's JSON-RPC address; it may hold a key to it, and is told nobody. */
  readonly url: string;
  readonly chainId: number;
  readonly contract: string;
  /** Blocks from an anchor's own to the head, 1 for a mined one. */
  readonly confirmations: number;
  /** The block that the contract came with; the search for a first anchor begins here. 0 unless given. */
  readonly deployedAt?: number;
}

/** Asks nothing yet. Throws PavilionError CONFIG_INVALID where a setting cannot be. */
export function openAnchorChain(options: AnchorChainOptions): AnchorChain {
  const { chainId, confirmations } = options;
  if (
    !Number.isSafeInteger(confirmations) ||
    confirmations < 1 ||
    !Number.isSafeInteger(chainId) ||
    chainId < 1
  ) {
    throw new PavilionError(
      "CONFIG_INVALID",
      "The chain's id and the number of confirmations have to be whole numbers from 1.",
    );
  }
  const contract = addressOf(options.contract);
  const signer = new HsmSigner(options);
  const anchorer = signer.address.toLowerCase();
  const node = new ChainNode(options.url, chainId);
  const chain = new CheckedChain(node, { chainId, contract });
  const broadcast = new Broadcast({ node, signer, chainId, contract });
  const anchoring = new Anchoring(node, new AnchorContract(node, contract, anchorer), broadcast, {
    anchorer,
    ...options,
  });
  return {
    chainId,
    contract,
    anchorer,
    anchor: (last, next) => chain.asked(() => anchoring.anchor(last, next)),
    standing: (links) => chain.asked(() => anchoring.standing(links)),
    after: (last) => chain.asked(() => anchoring.after(last)),
    prove: (block) => chain.asked(() => proveState(node, { contract, anchorer, block })),
    close: () => {
      node.close();
    },
  };
}

/** Is this the chain? Asked before the first question, and again after a failure: another node may answer by then. */
class CheckedChain {
  readonly #node: ChainNode;
  readonly #expected: { readonly chainId: number; readonly contract: string };
  #isChecked = false;

  constructor(node: ChainNode, expected: { readonly chainId: number; readonly contract: string }) {
    this.#node = node;
    this.#expected = expected;
  }

  async asked<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    try {
      if (!this.#isChecked) await this.#check();
      this.#isChecked = true;
      return await question();
    } catch (error) {
      this.#isChecked = false;
      throw error;
    }
  }

  async #check(): Promise<void> {
    if ((await this.#node.chainId()) !== this.#expected.chainId) {
      throw new PavilionError(
        "CHAIN_MISMATCH",
        "The chain's node is on a different chain from the configured one.",
      );
    }
    if (!(await this.#node.hasCode(this.#expected.contract))) {
      throw new PavilionError("CHAIN_MISMATCH", "The chain has no contract at the configured address.");
    }
  }
}

class Anchoring {
  readonly #node: ChainNode;
  readonly #contract: AnchorContract;
  readonly #broadcast: Broadcast;
  readonly #anchorer: string;
  readonly #confirmations: number;
  readonly #deployedAt: number;

  constructor(
    node: ChainNode,
    contract: AnchorContract,
    broadcast: Broadcast,
    options: { readonly anchorer: string; readonly confirmations: number; readonly deployedAt?: number },
  ) {
    this.#node = node;
    this.#contract = contract;
    this.#broadcast = broadcast;
    this.#anchorer = options.anchorer;
    this.#confirmations = options.confirmations;
    this.#deployedAt = options.deployedAt ?? 0;
  }

  async anchor(last: Anchored | undefined, next: NextAnchor): Promise<AnchorOutcome> {
    if (!Number.isSafeInteger(next.size) || next.size <= (last?.link.size ?? 0)) {
      throw new RangeError("A log grows with each anchor.");
    }
    const expected = last === undefined ? EMPTY_STATE : anchorState(last.link, this.#anchorer);
    // The head once for all: what is read of the slot and of the events is of the same chain, or does not fit.
    const head = await this.#node.head();
    if (last !== undefined && !(await this.#stands(last))) {
      throw new PavilionError("ANCHOR_LOST", "The newest anchor is no longer on the chain.");
    }
    const stored = await this.#contract.stateAt(head.number);
    if (stored === expected) {
      if (!(await this.#broadcast.bring(this.#contract.callFor(last?.link, next))))
        await this.#movedOn(expected);
      return { state: "pending" };
    }
    const blocks = { first: last?.block ?? this.#deployedAt, last: head.number };
    const [first] = await this.#contract.anchorsBetween(expected, stored, blocks);
    if (first?.link.root !== next.root || first.link.size !== next.size) {
      throw new PavilionError(
        "ANCHOR_FORKED",
        "The log was anchored with a different root from the intended one.",
      );
    }
    const isDeep = head.number - first.block + 1 >= this.#confirmations;
    return isDeep ? { state: "anchored", ...first } : { state: "pending" };
  }

  async after(last: Anchored | undefined): Promise<readonly NextAnchor[]> {
    const head = await this.#node.head();
    const stored = await this.#contract.stateAt(head.number);
    const known = last !== undefined && (await this.#stands(last)) ? last : undefined;
    const from = known === undefined ? EMPTY_STATE : anchorState(known.link, this.#anchorer);
    const blocks = { first: known?.block ?? this.#deployedAt, last: head.number };
    const anchors = await this.#contract.anchorsBetween(from, stored, blocks);
    return anchors.map(({ link: { size, root } }) => ({ size, root }));
  }

  /** By halves: where an anchor's block is on the chain, so are those of all before it. */
  async standing(links: readonly Anchored[]): Promise<number> {
    let [standing, unknown] = [0, links.length];
    while (standing < unknown) {
      const middle = Math.ceil((standing + unknown) / 2);
      const link = links[middle - 1];
      if (link !== undefined && (await this.#stands(link))) standing = middle;
      else unknown = middle - 1;
    }
    return standing;
  }

  /** The contract refuses a call because another was mined since its slot was read; for no other reason. */
  async #movedOn(expected: string): Promise<void> {
    const { number } = await this.#node.head();
    if ((await this.#contract.stateAt(number)) !== expected) return;
    throw new PavilionError(
      "CHAIN_MISMATCH",
      "The contract at the configured address is not an anchoring contract.",
    );
  }

  async #stands({ block, blockHash }: Anchored): Promise<boolean> {
    return (await this.#node.block(block))?.hash === blockHash;
  }
}

function addressOf(text: string): string {
  try {
    return getAddress(text).toLowerCase();
  } catch {
    throw new PavilionError(
      "CONFIG_INVALID",
      "The configured address of the anchoring contract is not an address.",
    );
  }
}
