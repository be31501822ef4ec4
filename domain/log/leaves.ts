/**
 * Leaves of a region's log: a seed before it may be used, a match before noise is drawn, a spend. A leaf is the RFC 8785
 * text of a document with a salt of its own; its hash is RFC 6962's.
 */
import { canonicalBytes, digestOf } from "../../crypto/jws/canonical.ts";
import { leafHash } from "../../crypto/merkle/merkle.ts";
import type { ReleasedCell } from "../../schemas/avro/index.ts";
import type { EarlierMatchLeaf } from "../../schemas/json/earlier-match-leaf.ts";
import type { EarlierSpendLeaf } from "../../schemas/json/earlier-spend-leaf.ts";
import type { MatchLeaf } from "../../schemas/json/match-leaf.ts";
import type { SeedLeaf } from "../../schemas/json/seed-leaf.ts";
import type { SpendLeaf } from "../../schemas/json/spend-leaf.ts";

export type Leaf = SeedLeaf | MatchLeaf | SpendLeaf;

/** What a log may hold: one that began before populations were documents holds leaves of the format of then, too. */
export type LoggedLeaf = Leaf | EarlierMatchLeaf | EarlierSpendLeaf;

/** The origin of a region's log: its id in checkpoints and on topics. */
export const originOf = (region: string): string => `pavilion.example/log/${region}`;

/** The leaf's bytes, as text. */
export const leafText = (leaf: LoggedLeaf): string => new TextDecoder().decode(canonicalBytes(leaf));

/** The leaf's hash, 64 hex digits. */
export const hashOfLeaf = (leaf: Leaf): string => leafHash(canonicalBytes(leaf));

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
