/**
 * What the log tells of a request whose leaves are complete: where they stand, under which checkpoint, and that the chain
 * holds it. It knows no kind of leaf; the pipeline that logged them makes its evidence of it.
 */
import type { ChainEvidence, PlacedSeed } from "../../schemas/json/evidence-bundle.ts";

export interface LogReceipt {
  /** Signed checkpoint, under which all leaves stand. */
  readonly checkpoint: string;
  /** In the log's order; the last one completes them. */
  readonly leaves: readonly ReceiptLeaf[];
  /** Of the noise seed whose commitment a leaf names in its member `seed`; null where none does. */
  readonly seed: PlacedSeed | null;
  /** Its links begin with the anchor of the seed, or else of the first leaf. */
  readonly chain: ChainEvidence;
}

interface ReceiptLeaf {
  readonly kind: string;
  readonly leaf: Record<string, unknown>;
  readonly index: number;
  /** Inclusion under the checkpoint's root: hashes of 64 hex digits. */
  readonly proof: string[];
}
