/**
 * The log of a connector in miniature, with its checkpoints and anchors.
 */
import { signCheckpoint } from "../crypto/checkpoint/checkpoint.ts";
import type { AnchorLink } from "../crypto/ethereum/anchor-state.ts";
import { append, consistencyProof, inclusionProof, rootOf, type Nodes } from "../crypto/merkle/merkle.ts";
import { originOf } from "../domain/log/leaves.ts";
import type { LogEvidence } from "../schemas/json/evidence-bundle.ts";
import type { MatchLeaf } from "../schemas/json/match-leaf.ts";
import type { SeedLeaf } from "../schemas/json/seed-leaf.ts";
import type { SpendLeaf } from "../schemas/json/spend-leaf.ts";
import { REGION, type Connector } from "./evidence-terms.ts";

/** A region's log with its checkpoints and anchors. */
export class MiniatureLog {
  readonly #connector: Connector;
  readonly #places = new Map<string, number>();
  readonly #links: (AnchorLink & { readonly checkpoint: string })[] = [];
  #leaves: string[] = [];

  constructor(connector: Connector) {
    this.#connector = connector;
  }

  add(leaf: string, name = leaf): void {
    this.#places.set(name, this.#leaves.length);
    this.#leaves.push(leaf);
  }

  placeOf(name: string): number {
    return this.#places.get(name) ?? 0;
  }

  replace(index: number, leaf: string): void {
    this.#leaves = this.#leaves.with(index, leaf);
  }

  async anchor(time: number): Promise<AnchorLink> {
    const { log, chain } = this.#connector;
    const size = this.#leaves.length;
    const root = rootOf(size, this.#nodes());
    const origin = originOf(REGION);
    const checkpoint = await signCheckpoint({ origin, size, root }, { name: origin, ...log });
    const link = await chain.anchor({ size, root }, time);
    this.#links.push({ ...link, checkpoint });
    return link;
  }

  async evidence(
    leaves: { seed: SeedLeaf; match: MatchLeaf; spend: SpendLeaf },
    anchored: AnchorLink,
  ): Promise<LogEvidence> {
    const { chainId, contract, anchorer, prove } = this.#connector.chain;
    const size = this.#leaves.length;
    const nodes = this.#nodes();
    const placed = (name: string, leaf: object) => {
      const index = this.placeOf(name);
      return {
        leaf: { ...leaf } as Record<string, unknown>,
        index,
        proof: inclusionProof(index, size, nodes),
      };
    };
    const links = this.#links.filter((link) => link.size >= anchored.size);
    return {
      checkpoint: links.at(-1)?.checkpoint ?? "",
      match: placed("match", leaves.match),
      spend: placed("spend", leaves.spend),
      seed: { ...placed("seed", leaves.seed), anchored: links[0]?.checkpoint ?? "" },
      chain: {
        ...{ chainId, contract, anchorer, before: anchored.previous },
        links: links.map((link, index) => ({
          root: link.root.slice(2),
          size: link.size,
          time: link.time,
          consistency: index === 0 ? [] : consistencyProof(links[index - 1]?.size ?? 0, link.size, nodes),
        })),
        ...(await prove()),
      },
    };
  }

  #nodes(): Nodes {
    const nodes = new Map<string, string>();
    const kept: Nodes = { get: (level, index) => nodes.get(`${String(level)}/${String(index)}`) };
    for (const [size, leaf] of this.#leaves.entries())
      for (const { level, index, hash } of append(size, leaf, kept))
        nodes.set(`${String(level)}/${String(index)}`, hash);
    return kept;
  }
}
