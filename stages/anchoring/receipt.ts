/**
 * What an anchored batch tells of its leaves: a record for each, and for a request whose spend is in it all that its
 * evidence says of the log: where its leaves stand, under which checkpoint, and that the chain holds it. What a batch
 * tells is bounded, since it leaves in one transaction.
 */
import { CryptoError } from "../../crypto/errors.ts";
import { anchorState } from "../../crypto/ethereum/anchor-state.ts";
import { verifyStateProof, type StateProof } from "../../crypto/ethereum/state-proof.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { consistencyProof, inclusionProof, type Nodes } from "../../crypto/merkle/merkle.ts";
import { originOf } from "../../domain/log/leaves.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { StateView } from "../../runtime/contract/stage.ts";
import type { AnchoredLeaf, AnchorReceipt, RequestRef } from "../../schemas/avro/index.ts";
import type { LogEvidence } from "../../schemas/json/evidence-bundle.ts";
import type { MatchLeaf } from "../../schemas/json/match-leaf.ts";
import { anchorCount, anchorsFrom, type Anchor } from "./anchors.ts";
import { matchOf, waitingBelow, type PlacedLeaf } from "./leaves.ts";
import { nodesIn } from "./log.ts";
import { seedWith, type Seed } from "./seeds.ts";

/** A batch holds at most so many leaves. */
const LEAVES_MAX = 1_000;
/** Its receipts show at most so many anchors in all, of some 0.8 KB each. */
const LINKS_MAX = 40_000;

/** Which chain, contract and account the log is anchored with. */
export interface ChainPlace {
  readonly chainId: number;
  /** 0x addresses in lower case. */
  readonly contract: string;
  readonly anchorer: string;
}

/** Where the next batch ends that begins after the anchored leaves; there is at least one after them. */
export function batchEnd(anchored: number, state: StateView): number {
  let [size, links] = [anchored, 0];
  for (const leaf of waitingBelow(anchored + LEAVES_MAX, state)) {
    if (isSpend(leaf)) links += anchorCount(state) + 1 - (placesOf(leaf, state)?.seed.anchor ?? 0);
    if (links > LINKS_MAX && size > anchored) break;
    size = leaf.index + 1;
  }
  return size;
}

/** Throws CHAIN_UNAVAILABLE for a proof that no verifier would take: the anchor's block was replaced meanwhile. */
export function checkProof(
  { link, blockHash }: Anchor,
  { contract, anchorer }: ChainPlace,
  proof: StateProof,
): void {
  if (provenState({ blockHash, contract, anchorer }, proof) === anchorState(link, anchorer)) return;
  throw new PavilionError(
    "CHAIN_UNAVAILABLE",
    "The chain's node proved a different block from the anchor's.",
  );
}

function provenState(claim: Parameters<typeof verifyStateProof>[0], proof: StateProof): string | undefined {
  try {
    return verifyStateProof(claim, proof);
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
}

/** What all receipts of a batch share. */
export interface AnchoredBatch {
  readonly anchor: Anchor;
  readonly chain: ChainPlace;
  readonly proof: StateProof;
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

export type SpendLeaf = PlacedLeaf & { readonly request: RequestRef };

export const isSpend = (leaf: PlacedLeaf): leaf is SpendLeaf =>
  leaf.kind === "spend" && leaf.request !== null;

/** The match leaf of a spend, and the seed that it names. */
function placesOf({ request }: SpendLeaf, state: StateView): { match: PlacedLeaf; seed: Seed } | undefined {
  const match = matchOf(request.digest, state);
  if (match === undefined) return undefined;
  const seed = seedWith((JSON.parse(match.text) as MatchLeaf).seed, state);
  return seed === undefined ? undefined : { match, seed };
}

/** The receipt of a request whose spend the anchor holds. Undefined where its match or seed is not known. */
export function receiptOf(
  spend: SpendLeaf,
  { anchor, chain, proof }: AnchoredBatch,
  state: StateView,
): AnchorReceipt | undefined {
  const places = placesOf(spend, state);
  if (places === undefined) return undefined;
  const { match, seed } = places;
  const [first, ...rest] = seed.anchor === null ? [] : anchorsFrom(seed.anchor, state);
  if (first === undefined) return undefined;
  const { size } = anchor.link;
  const nodes = nodesIn(state);
  const placed = ({ index, text }: { index: number; text: string }) => ({
    leaf: JSON.parse(text) as Record<string, unknown>,
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
