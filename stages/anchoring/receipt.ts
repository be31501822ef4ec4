/**
 * What an anchored batch tells of its leaves: a record for each, and for a request that it completes a receipt for all of
 * the request's leaves. What a batch tells is bounded, since it leaves in one transaction.
 */
import { CryptoError } from "../../crypto/errors.ts";
import { anchorState } from "../../crypto/ethereum/anchor-state.ts";
import { verifyStateProof, type StateProof } from "../../crypto/ethereum/state-proof.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { consistencyProof, inclusionProof, type Nodes } from "../../crypto/merkle/merkle.ts";
import { originOf } from "../../domain/log/leaves.ts";
import type { LogReceipt } from "../../domain/log/receipt.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { StateView } from "../../runtime/contract/state.ts";
import type { AnchoredLeaf, AnchorReceipt } from "../../schemas/avro/index.ts";
import { anchorCount, anchorHolding, anchorsFrom, type Anchor } from "./anchors.ts";
import {
  isLast,
  LEAVES_BEFORE_MAX,
  leavesUpTo,
  seedNamed,
  waitingBelow,
  type LastLeaf,
  type PlacedLeaf,
} from "./leaves.ts";
import { nodesIn } from "./log.ts";
import { seedWith, type Seed } from "./seeds.ts";

/** A batch holds at most so many leaves. */
const LEAVES_MAX = 1_000;
/** Its receipts have at most so many bytes in all, an anchor and a leaf's inclusion counted as these. */
const RECEIPTS_BYTES_MAX = 32_000_000;
const LINK_BYTES = 800;
const INCLUSION_BYTES = 2_000;
/** One receipt shows at most so many anchors, as evidence does. */
const LINKS_MAX = 2_000;

/** Which chain, contract and account the log is anchored with. */
export interface ChainPlace {
  readonly chainId: number;
  /** 0x addresses in lower case. */
  readonly contract: string;
  readonly anchorer: string;
}

/** Where the next batch ends that begins after the anchored leaves; there is at least one after them. */
export function batchEnd(anchored: number, state: StateView): number {
  let [size, bytes] = [anchored, 0];
  for (const leaf of waitingBelow(anchored + LEAVES_MAX, state)) {
    if (isLast(leaf)) bytes += bytesOf(leaf, state);
    if (bytes > RECEIPTS_BYTES_MAX && size > anchored) break;
    size = leaf.index + 1;
  }
  return size;
}

/** About what the receipt of a request takes that the next batch completes. */
function bytesOf(last: LastLeaf, state: StateView): number {
  const places = placesOf(last, state);
  if (places === undefined) return 0;
  const links = anchorCount(state) + 1 - places.first;
  return places.leaves.reduce((bytes, { text }) => bytes + text.length + INCLUSION_BYTES, links * LINK_BYTES);
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
    requestDigest: leaf.request?.digest ?? leaf.requestDigest ?? null,
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

interface Places {
  readonly leaves: readonly PlacedLeaf[];
  /** Null where no leaf names one. */
  readonly seed: Seed | null;
  /** Number of the anchor that the receipt's links begin with. */
  readonly first: number;
}

/** What a receipt shows of a request. Undefined where a leaf names a seed that is not known, or there is too much to show. */
function placesOf(last: LastLeaf, state: StateView): Places | undefined {
  const leaves = leavesUpTo(last, state);
  const named = leaves.map(seedNamed).findLast((commitment) => commitment !== undefined);
  const seed = named === undefined ? null : seedWith(named, state);
  if (seed === undefined || leaves.length > LEAVES_BEFORE_MAX + 1) return undefined;
  // A seed that is not anchored yet will be by the next batch.
  const first = seed === null ? anchorHolding(leaves[0].index, state) : (seed.anchor ?? anchorCount(state));
  return anchorCount(state) - first > LINKS_MAX ? undefined : { leaves, seed, first };
}

/** The receipt of a request that the anchor completes. Undefined where one cannot be given. */
export function receiptOf(
  last: LastLeaf,
  { anchor, chain, proof }: AnchoredBatch,
  state: StateView,
): AnchorReceipt | undefined {
  const places = placesOf(last, state);
  if (places === undefined) return undefined;
  const { leaves, seed } = places;
  const [first, ...rest] = anchorsFrom(places.first, state);
  if (first === undefined) return undefined;
  const { size } = anchor.link;
  const nodes = nodesIn(state);
  const placed = ({ index, text }: { index: number; text: string }) => ({
    leaf: JSON.parse(text) as Record<string, unknown>,
    index,
    proof: inclusionProof(index, size, nodes),
  });
  const receipt: LogReceipt = {
    checkpoint: anchor.checkpoint,
    leaves: leaves.map((leaf) => ({ kind: leaf.kind, ...placed(leaf) })),
    seed: seed === null ? null : { ...placed(seed), anchored: first.checkpoint },
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
  const text = new TextDecoder().decode(canonicalBytes(receipt));
  return { request: last.request, text };
}

/** Each with the proof that the one before is its beginning. */
const linksOf = (anchors: readonly Anchor[], nodes: Nodes): LogReceipt["chain"]["links"] =>
  anchors.map(({ link: { root, size, time } }, index) => ({
    root: root.slice("0x".length),
    size,
    time,
    consistency: index === 0 ? [] : consistencyProof(anchors[index - 1]?.link.size ?? 0, size, nodes),
  }));
