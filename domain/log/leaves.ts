/**
 * Leaves of a region's log. A leaf is the RFC 8785 text of a document with a `type` and a salt of its own; its hash is RFC 6962's.
 * What kinds of leaves there are, the pipelines say that log them, and the verifier's kinds of evidence.
 */
import { canonicalBytes, digestOf } from "../../crypto/jws/canonical.ts";
import { leafHash } from "../../crypto/merkle/merkle.ts";
import type { ReleasedCell } from "../../schemas/avro/index.ts";

/** The origin of a region's log: its id in checkpoints and on topics. */
export const originOf = (region: string): string => `pavilion.example/log/${region}`;

/** The leaf's bytes, as text. */
export const leafText = (leaf: unknown): string => new TextDecoder().decode(canonicalBytes(leaf));

/** The leaf's hash, 64 hex digits. */
export const hashOfLeaf = (leaf: object): string => leafHash(canonicalBytes(leaf));

/**
 * What a leaf's text says that it is: `spend` of a document of the type `pavilion/spend-leaf`, and the digest of the request that it is
 * about. Undefined and null where it does not say.
 */
export function namesIn(text: string): {
  readonly kind: string | undefined;
  readonly request: string | null;
} {
  const { type, request } = JSON.parse(text) as { readonly type?: unknown; readonly request?: unknown };
  const [, kind] = /\/([a-z-]+)-leaf$/.exec(typeof type === "string" ? type : "") ?? [];
  return { kind, request: typeof request === "string" ? request : null };
}

/** What a spend leaf says was released: every group in the plan's order, suppressed ones without values. */
export const releasedDigest = (cells: readonly ReleasedCell[]): string =>
  digestOf(
    cells.map(({ grouping, category, suppressed, values }) => ({ grouping, category, suppressed, values })),
  );

/** The digest of a partition's list of matched leaves, from the SHA-256 of each of its parts, in order. */
export const partitionDigest = (parts: readonly string[]): string =>
  digestOf(["pavilion/matched-leaves/v1", ...parts]);

/** What a match leaf's `preimage` digests: the digest of each partition's list, in order, then of the blindings. */
export const preimageDigest = (partitions: readonly string[], blindings: string): string =>
  digestOf(["pavilion/match-preimage/v1", ...partitions, blindings]);
