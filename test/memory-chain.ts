/**
 * A chain in memory for the anchoring stage's tests: one account's slot of the contract, as a rolling hash that only
 * grows, over a history that may lose its end. It can be away, and slow.
 */
import { anchorState, EMPTY_STATE } from "../crypto/ethereum/anchor-state.ts";
import { PavilionError } from "../runtime/errors.ts";
import type { Anchored } from "../stages/anchoring/anchors.ts";
import type { AnchoringPorts } from "../stages/anchoring/stage.ts";

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

  /** The last `count` anchors fall off the chain. */
  reorganise(count: number): void {
    this.anchors = this.anchors.slice(0, -count);
    this.#blocks += 1;
  }

  readonly port: AnchoringPorts["chain"] = {
    chainId: this.chainId,
    contract: this.contract,
    anchorer: this.anchorer,
    anchor: (last, next) => this.#asked(() => this.#anchor(last, next)),
    prove: (block) =>
      this.#asked(() => ({
        header: `0x${block.toString(16).padStart(4, "0")}`,
        accountProof: ["0xaa"],
        storageProof: ["0xbb"],
      })),
    standing: (anchors) =>
      this.#asked(
        () =>
          anchors.filter(({ blockHash }) => this.anchors.some((found) => found.blockHash === blockHash))
            .length,
      ),
  };

  #asked<T>(answer: () => T): Promise<T> {
    if (this.away)
      return Promise.reject(new PavilionError("CHAIN_UNAVAILABLE", "The chain does not answer."));
    return Promise.resolve().then(answer);
  }

  #anchor(
    last: Anchored | undefined,
    next: { size: number; root: string },
  ): Awaited<ReturnType<AnchoringPorts["chain"]["anchor"]>> {
    if (last !== undefined && !this.anchors.some(({ blockHash }) => blockHash === last.blockHash)) {
      throw new PavilionError("ANCHOR_LOST", "The newest anchor is no longer on the chain.");
    }
    const at =
      last === undefined ? 0 : this.anchors.findIndex(({ blockHash }) => blockHash === last.blockHash) + 1;
    const stands = this.anchors[at];
    if (stands !== undefined) {
      if (stands.link.root !== next.root || stands.link.size !== next.size)
        throw new PavilionError("ANCHOR_FORKED", "The log was anchored with another root.");
      return { state: "anchored", ...stands };
    }
    this.sent.push(`${String(next.size)} ${next.root}`);
    if (this.#waited++ < this.slowness) return { state: "pending" };
    this.#waited = 0;
    const block = this.#blocks++;
    const link = { previous: this.state, root: next.root, size: next.size, time: block * 12 };
    const hash = (kind: string): string => `0x${kind}${block.toString(16).padStart(62, "0")}`;
    this.anchors.push({ link, transaction: hash("11"), block, blockHash: hash("22") });
    return { state: "pending" };
  }
}
