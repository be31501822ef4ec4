/**
 * The match leaf of a joined aggregate: its sums as commitments that nobody can link to the records they came from.
 *
 * Each group's commitment is re-randomised, C' = ΣC + ρ·H: ΣC alone would tell which set of records matched. What
 * re-randomises, and the salts, are keyed functions of the request and the group, secret and the same at a replay.
 */
import type { BlindingSource } from "../../domain/log/blinding.ts";
import { createHash, createHmac } from "node:crypto";
import {
  commitSums,
  decodeScalar,
  encodePoints,
  encodeScalar,
  ORDER,
  scalarFrom,
} from "../../crypto/commitment/commitment.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { bySlot, layoutOf } from "../../domain/statistics/coordinates.ts";
import { hashOfLeaf, leafText, preimageDigest } from "../../domain/log/leaves.ts";
import type { Cell, ExactAggregate, LogLeaf, MatchPreimage } from "../../schemas/avro/index.ts";
import type { MatchLeaf } from "../../schemas/json/match-leaf.ts";
import type { Join } from "./join.ts";

export interface CommittedAggregate {
  readonly aggregate: ExactAggregate;
  readonly leaf: LogLeaf;
  readonly preimage: MatchPreimage;
}

/** The aggregate with re-randomised blindings, the leaf that commits to it, and the blindings for a matching auditor. */
export async function commitAggregate(
  join: Join,
  region: string,
  source: BlindingSource,
): Promise<CommittedAggregate> {
  const { request, document, plan } = join;
  const heads = plan.datasets.map(({ provider, dataset, sequence, head }) => ({
    provider,
    dataset,
    sequence,
    head,
  }));
  // The region's sums are over these heads: under others, the same request never meets the same blindings.
  const key = await source(
    canonicalBytes(["pavilion/match-blinding/v1", request.digest, plan.version, heads]),
  );
  const additions = join.cells.map(({ grouping, category }) =>
    scalarOf(key, `${String(grouping)}/${String(category)}`),
  );
  const cells = join.cells.map((cell, index): Cell => {
    const blinding = (decodeScalar(Buffer.from(cell.blinding, "hex")) + (additions[index] ?? 0n)) % ORDER;
    return { ...cell, sums: [...cell.sums], blinding: Buffer.from(encodeScalar(blinding)) };
  });
  const blindings = blindingsText(request.digest, join, additions, secretOf(key, "preimage salt"));
  const leaf: MatchLeaf = {
    type: "pavilion/match-leaf",
    home: region,
    request: request.digest,
    collaboration: plan.collaboration,
    version: plan.version,
    epoch: plan.epoch,
    datasets: heads,
    seed: plan.seed.commitment,
    groups: groupsOf(cells, plan),
    preimage: preimageDigest(partitionDigests(join), sha256(blindings)),
    salt: secretOf(key, "leaf salt"),
  };
  return {
    aggregate: { request, document, plan, cells, matchLeaf: hashOfLeaf(leaf) },
    leaf: { kind: "match", request, text: leafText(leaf), completes: false },
    preimage: { request, part: "blindings", text: blindings },
  };
}

function groupsOf(cells: readonly Cell[], plan: Join["plan"]): MatchLeaf["groups"] {
  const layout = layoutOf(plan);
  const points = encodePoints(
    cells.map(({ sums, blinding }) => commitSums(bySlot(sums, layout), decodeScalar(blinding))),
  );
  return cells.map(({ grouping, category }, index) => ({
    grouping,
    category,
    commitment: Buffer.from(points[index] ?? []).toString("hex"),
  }));
}

/** In the order of the partitions' numbers. */
const partitionDigests = ({ joined }: Join): string[] =>
  Object.keys(joined)
    .map(Number)
    .sort((a, b) => a - b)
    .map((partition) => joined[partition] ?? "");

function blindingsText(digest: string, { cells }: Join, additions: readonly bigint[], salt: string): string {
  const groups = cells.map(({ grouping, category }, index) => ({
    grouping,
    category,
    blinding: Buffer.from(encodeScalar(additions[index] ?? 0n)).toString("hex"),
  }));
  return new TextDecoder().decode(
    canonicalBytes({ type: "pavilion/match-blindings", request: digest, groups, salt }),
  );
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const secretOf = (key: Uint8Array, label: string): string =>
  createHmac("sha256", key).update(label).digest("hex");

const scalarOf = (key: Uint8Array, group: string): bigint =>
  scalarFrom(createHmac("sha512", key).update(`group ${group}`).digest());
