/**
 * What the AnchorRegistry contract holds and has told of one anchorer's log, read from the chain's node.
 *
 * Promises: the anchors it answers with lead, hash by hash, from the state that was asked for to the one in the slot; an
 * answer that leaves one out or invents one is refused. Whether the node itself tells of the true chain is for the state
 * proof and the verifier's block hash to show.
 */
import { Interface } from "ethers";
import artifact from "../../contracts/AnchorRegistry.json" with { type: "json" };
import { anchorState, type AnchorLink } from "../../crypto/ethereum/anchor-state.ts";
import { PavilionError } from "../../errors/errors.ts";
import { hex, list, nonsense, quantity, record, tag, type ChainNode } from "./node.ts";

/** An anchor and where the chain has it. */
export interface Anchored {
  readonly link: AnchorLink;
  /** The transaction's hash. */
  readonly transaction: string;
  readonly block: number;
  readonly blockHash: string;
}

/** Blocks that one question for events covers; hosted nodes refuse wider ones. */
const BLOCKS_A_QUESTION = 5000;

const contractInterface = new Interface(artifact.abi);
const anchoredTopic = contractInterface.getEvent("Anchored")?.topicHash ?? "";

export class AnchorContract {
  readonly #node: ChainNode;
  readonly #contract: string;
  readonly #anchorer: string;

  constructor(node: ChainNode, contract: string, anchorer: string) {
    this.#node = node;
    this.#contract = contract;
    this.#anchorer = anchorer;
  }

  /** The call that anchors `next` after `last`. */
  callFor(last: AnchorLink | undefined, next: { readonly size: number; readonly root: string }): string {
    const { previous, root, size, time } = last ?? { previous: zeros, root: zeros, size: 0, time: 0 };
    return contractInterface.encodeFunctionData("anchor", [previous, root, size, time, next.root, next.size]);
  }

  /** What the slot holds after that block; zeros before the first anchor. */
  async stateAt(block: number): Promise<string> {
    const data = contractInterface.encodeFunctionData("states", [this.#anchorer]);
    return hex("eth_call", await this.#node.ask("eth_call", [{ to: this.#contract, data }, tag(block)]), 32);
  }

  /** The anchors that lead from one state to the other, oldest first, within these blocks. CHAIN_UNAVAILABLE. */
  async anchorsBetween(
    from: string,
    to: string,
    blocks: { first: number; last: number },
  ): Promise<Anchored[]> {
    const found: Anchored[] = [];
    let state = from;
    for (let first = blocks.first; first <= blocks.last && state !== to; first += BLOCKS_A_QUESTION) {
      const last = Math.min(first + BLOCKS_A_QUESTION - 1, blocks.last);
      for (const anchored of await this.#anchorsIn(first, last)) {
        if (anchored.link.previous !== state) continue;
        found.push(anchored);
        state = anchorState(anchored.link, this.#anchorer);
      }
    }
    if (state === to) return found;
    throw new PavilionError(
      "CHAIN_UNAVAILABLE",
      "The events that the chain's node gives do not lead to the log's state.",
    );
  }

  async #anchorsIn(first: number, last: number): Promise<Anchored[]> {
    const method = "eth_getLogs";
    const topics = [anchoredTopic, `0x${this.#anchorer.slice(2).padStart(64, "0")}`];
    const filter = { address: this.#contract, fromBlock: tag(first), toBlock: tag(last), topics };
    return list(method, await this.#node.ask(method, [filter])).map(anchoredIn);
  }
}

const zeros = `0x${"00".repeat(32)}`;

function anchoredIn(entry: unknown): Anchored {
  const method = "eth_getLogs";
  const log = record(method, entry);
  const data = hex(method, log.data, 128);
  const word = (at: number): string => data.slice(2 + 64 * at, 2 + 64 * (at + 1));
  const number = (at: number): number => {
    const value = Number(BigInt(`0x${word(at)}`));
    if (!Number.isSafeInteger(value)) throw nonsense(method);
    return value;
  };
  return {
    link: { previous: `0x${word(0)}`, root: `0x${word(1)}`, size: number(2), time: number(3) },
    transaction: hex(method, log.transactionHash, 32),
    block: Number(quantity(method, log.blockNumber)),
    blockHash: hex(method, log.blockHash, 32),
  };
}
