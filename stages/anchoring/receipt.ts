/**
 * What an anchored batch tells of its leaves: a record for each, and for a request whose spend is in it all that its
 * evidence says of the log: where its leaves stand, under which checkpoint, and that the chain holds it.
 */
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { consistencyProof, inclusionProof, type Nodes } from "../../crypto/merkle/merkle.ts";
import { originOf, type Leaf } from "../../documents/leaves.ts";
import type { StateView } from "../../runtime/stage.ts";
import type { AnchoredLeaf, AnchorReceipt, RequestRef } from "../../schemas/avro/index.ts";
import type { LogEvidence } from "../../schemas/json/evidence-bundle.ts";
import type { MatchLeaf } from "../../schemas/json/match-leaf.ts";
import { anchorsFrom, type Anchor } from "./anchors.ts";
import { matchOf, type PlacedLeaf } from "./leaves.ts";
import { nodesIn } from "./log.ts";
import { seedWith } from "./seeds.ts";

/** Which chain, contract and account the log is anchored with. */
export interface ChainPlace {
  readonly chainId: number;
  /** 0x addresses in lower case. */
  readonly contract: string;
  readonly anchorer: string;
}

/** The contract's state of this log, proven at a block (EIP-1186). */
export interface StateProof {
  readonly header: string;
  readonly accountProof: readonly string[];
  readonly storageProof: readonly string[];
}

/** The record of a leaf under the anchor's root. */
export function anchoredLeaf(
  leaf: PlacedLeaf,
  anchor: Anchor,
  region: string,
  chain: ChainPlace,
  state: StateView,
): AnchoredLeaf {
  const { size, root } = anchor.link;
  return {
    log: originOf(region),
    index: leaf.index,
    kind: leaf.kind,
    requestDigest: leaf.request?.digest ?? null,
    text: leaf.text,
    size,
    root: root.slice("0x".length),
    proof: inclusionProof(leaf.index, size, nodesIn(state)),
    checkpoint: anchor.checkpoint,
    ...chain,
    transaction: anchor.transaction,
    block: anchor.block,
  };
}

/** The receipt of a request whose spend the anchor holds. Undefined where its match or seed is not known. */
export function receiptOf(
  spend: PlacedLeaf & { readonly request: RequestRef },
  anchor: Anchor,
  chain: ChainPlace,
  proof: StateProof,
  state: StateView,
): AnchorReceipt | undefined {
  const match = matchOf(spend.request.digest, state);
  if (match === undefined) return undefined;
  const seed = seedWith((JSON.parse(match.text) as MatchLeaf).seed, state);
  if (seed === undefined || seed.anchor === null) return undefined;
  const [first, ...rest] = anchorsFrom(seed.anchor, state);
  if (first === undefined) return undefined;
  const { size } = anchor.link;
  const nodes = nodesIn(state);
  const placed = ({ index, text }: { index: number; text: string }) => ({
    leaf: JSON.parse(text) as Leaf & Record<string, unknown>,
    index,
    proof: inclusionProof(index, size, nodes),
  });
  const evidence: LogEvidence = {
    checkpoint: anchor.checkpoint,
    match: placed(match),
    spend: placed(spend),
    seed: { ...placed(seed), anchored: first.checkpoint },
    chain: {
      ...chain,
      before: first.link.previous,
      links: linksOf([first, ...rest], nodes),
      block: anchor.block,
      blockHash: anchor.blockHash,
      header: proof.header,
      accountProof: [...proof.accountProof],
      storageProof: [...proof.storageProof],
    },
  };
  const text = new TextDecoder().decode(canonicalBytes(evidence));
  return { request: spend.request, text };
}

/** Each with the proof that the one before is its beginning. */
const linksOf = (anchors: readonly Anchor[], nodes: Nodes): LogEvidence["chain"]["links"] =>
  anchors.map(({ link: { root, size, time } }, index) => ({
    root: root.slice("0x".length),
    size,
    time,
    consistency: index === 0 ? [] : consistencyProof(anchors[index - 1]?.link.size ?? 0, size, nodes),
  }));
