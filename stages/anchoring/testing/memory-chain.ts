/**
 * A chain in memory for the anchoring stage's tests: one account's slot of the contract, as a rolling hash that only
 * grows, in blocks of a history that may lose its end. It proves its state as a node does, and can be away, and slow.
 */
import { encodeRlp, keccak256, toBeHex } from "ethers";
import { anchorState, EMPTY_STATE } from "../../../crypto/ethereum/anchor-state.ts";
import { stateSlot, type StateProof } from "../../../crypto/ethereum/state-proof.ts";
import { PavilionError } from "../../../errors/errors.ts";
import type { Anchored } from "../anchors.ts";
import type { AnchoringPorts } from "../stage.ts";

export class MemoryChain {
  readonly chainId = 1;
  readonly contract = `0x${"c0".repeat(20)}`;
  readonly anchorer = `0x${"a0".repeat(20)}`;
  /** Everything that stands, in order. */
  anchors: Anchored[] = [];
  /** True while no call is answered. */
  away = false;
  /** Calls that a batch waits before it is included. */
  slowness = 0;
  /** Batches that were sent, included or not: `size root`. */
  readonly sent: string[] = [];
  #waited = 0;
  #blocks = 100;

  get state(): string {
    const last = this.anchors.at(-1);
    return last === undefined ? EMPTY_STATE : anchorState(last.link, this.anchorer);
  }

  /** The last `count` anchors fall off the chain; what is anchored after that stands in other blocks. */
  reorganise(count: number): void {
    this.anchors = this.anchors.slice(0, -count);
    this.#blocks += 1;
  }

  /** Anchors a tree, whoever it is of, in a block of its own. */
  include({ size, root }: { readonly size: number; readonly root: string }): void {
    const block = this.#blocks++;
    const link = { previous: this.state, root, size, time: block * 12 };
    const blockHash = keccak256(this.#proof(anchorState(link, this.anchorer), block).header);
    const transaction = `0x11${block.toString(16).padStart(62, "0")}`;
    this.anchors.push({ link, transaction, block, blockHash });
  }

  readonly port: AnchoringPorts["chain"] = {
    chainId: this.chainId,
    contract: this.contract,
    anchorer: this.anchorer,
    anchor: (last, next) => this.#asked(() => this.#anchor(last, next)),
    prove: (number) =>
      this.#asked(() => {
        const anchored = this.anchors.findLast(({ block }) => block <= number);
        if (anchored === undefined)
          throw new PavilionError("CHAIN_UNAVAILABLE", "The block holds no state of the log.");
        return this.#proof(anchorState(anchored.link, this.anchorer), number);
      }),
    after: (last) =>
      this.#asked(() => {
        const at = last !== undefined && this.#stands(last) ? last.link.size : 0;
        return this.anchors.map(({ link }) => link).filter(({ size }) => size > at);
      }),
    standing: (anchors) => this.#asked(() => anchors.filter((anchored) => this.#stands(anchored)).length),
  };

  #asked<T>(answer: () => T): Promise<T> {
    if (this.away)
      return Promise.reject(new PavilionError("CHAIN_UNAVAILABLE", "The chain does not answer."));
    return Promise.resolve().then(answer);
  }

  #stands({ blockHash }: Anchored): boolean {
    return this.anchors.some((found) => found.blockHash === blockHash);
  }

  #anchor(
    last: Anchored | undefined,
    next: { size: number; root: string },
  ): Awaited<ReturnType<AnchoringPorts["chain"]["anchor"]>> {
    if (next.size <= (last?.link.size ?? 0)) throw new RangeError("A log grows with each anchor.");
    if (last !== undefined && !this.#stands(last))
      throw new PavilionError("ANCHOR_LOST", "The newest anchor is no longer on the chain.");
    const at = last === undefined ? 0 : this.anchors.findIndex((found) => found.block === last.block) + 1;
    const stands = this.anchors[at];
    if (stands !== undefined) {
      if (stands.link.root !== next.root || stands.link.size !== next.size)
        throw new PavilionError("ANCHOR_FORKED", "The log was anchored with another root.");
      return { state: "anchored", ...stands };
    }
    this.sent.push(`${String(next.size)} ${next.root}`);
    if (this.#waited++ < this.slowness) return { state: "pending" };
    this.#waited = 0;
    this.include(next);
    return { state: "pending" };
  }

  /** Both tries hold one entry, and so are one node each (Yellow Paper, appendix D). */
  #proof(state: string, block: number): StateProof {
    const slot = leafNode(stateSlot(this.anchorer), encodeRlp(state.replace(/^0x(00)+/, "0x")));
    const account = encodeRlp(["0x01", "0x", keccak256(slot), word]);
    const contract = leafNode(this.contract, account);
    const header = encodeRlp([
      ...[word, word, this.contract, keccak256(contract), word, word, `0x${"00".repeat(256)}`],
      ...["0x", toBeHex(block), "0x01c9c380", "0x5208", toBeHex(block * 12), "0x", word, "0x", "0x07"],
    ]);
    return { header, accountProof: [contract], storageProof: [slot] };
  }
}

const word = `0x${"11".repeat(32)}`;

const leafNode = (key: string, value: string): string =>
  encodeRlp([`0x20${keccak256(key).slice("0x".length)}`, value]);
