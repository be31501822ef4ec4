/**
 * What was released: every group of the plan, and for each that is not suppressed the parts that prove it. What a proof
 * has to hold for is computed here, from plan, match leaf and released values; of the bundle it takes the remainder alone.
 */
import {
  blindingGenerator,
  decodePoint,
  generator,
  verifyRepresentation,
  type Point,
} from "../../../crypto/commitment/commitment.ts";
import { releaseSignals } from "../../../crypto/groth16/release-statement.ts";
import {
  verifyProof,
  verifyProofs,
  type Proof,
  type VerificationKey,
} from "../../../crypto/groth16/verify.ts";
import {
  basesOf,
  groupNumber,
  openingOf,
  partsOf,
  remainderContext,
  type Part,
} from "../../../domain/statistics/opening.ts";
import type {
  EvidenceBundleDocument,
  PartProof,
  ReleasedGroup,
} from "../../../schemas/json/evidence-bundle.ts";
import type { MatchLeaf } from "../../../schemas/json/match-leaf.ts";
import { deviates, require } from "../../checklist.ts";
import type { PlacedLeaves } from "./log.ts";
import { groupsOf, type Planned } from "./plan.ts";

/** A part of a group's release: what it opens is what the match leaf commits to, without the remainder. */
export interface ReleasedPart {
  /** For a person. */
  readonly where: string;
  readonly remainder: Point;
  /** The bases of the remainder: all generators that the part does not open, then the blinding's. */
  readonly peeled: readonly Point[];
  readonly context: Uint8Array;
  readonly representation: PartProof["representation"];
  readonly proof: Proof;
  readonly signals: readonly bigint[];
}

/** Every group is there in order; each has all its values and proofs, or is suppressed and has none. */
export function releasedGroups(
  { release: { groups } }: EvidenceBundleDocument,
  { plan }: Planned,
): readonly ReleasedGroup[] {
  const places = groupsOf(plan);
  const parts = partsOf(plan);
  require(groups.length === places.length, "The groups of the answer are not those of the question.");
  for (const [index, { grouping, category }] of places.entries()) {
    const group = groups[index];
    require(group?.grouping === grouping &&
      group.category === category, "The groups are not in the plan's order.");
    const { suppressed, values, proofs } = group;
    if (suppressed) {
      require(values.length === 0 && proofs.length === 0, "A suppressed group has values or proofs.");
      continue;
    }
    require(values.length ===
      plan.statistics.length, "A group does not have exactly one value for each statistic.");
    require(proofs.length === parts.length &&
      parts.every(
        ({ part }, at) => proofs[at]?.part === part,
      ), "A group does not have exactly one proof for each part, in order.");
    require((values[0] ?? -1) >= plan.minimumGroup, "A group below the minimum is not suppressed.");
  }
  return groups;
}

/** What has to be proven of every group that is not suppressed. */
export function releasedParts(
  groups: readonly ReleasedGroup[],
  planned: Planned,
  leaf: MatchLeaf,
  { match }: PlacedLeaves,
): readonly ReleasedPart[] {
  const parts = partsOf(planned.plan);
  return groups.flatMap((group, index) => {
    const commitment = leaf.groups[index]?.commitment ?? deviates("A group has no commitment.");
    if (group.suppressed) return [];
    return parts.map((part, at) => {
      const proof = group.proofs[at] ?? deviates("A part has no proof.");
      return releasedPart({ group, commitment, part, proof, match }, planned);
    });
  });
}

interface GivenPart {
  readonly group: ReleasedGroup;
  readonly commitment: string;
  readonly part: Part;
  readonly proof: PartProof;
  /** Hash of the match leaf. */
  readonly match: string;
}

function releasedPart({ group, commitment, part, proof, match }: GivenPart, planned: Planned): ReleasedPart {
  const { plan, widths } = planned;
  const { grouping, category, values } = group;
  const stated = plan.groupings[grouping] ?? deviates("A group is of no grouping.");
  const opening = openingOf(plan, stated, category, part);
  const remainder = decodePoint(Buffer.from(proof.remainder, "hex"));
  const opened = decodePoint(Buffer.from(commitment, "hex")).subtract(remainder);
  const signals = releaseSignals({
    digest: Buffer.from(match, "hex"),
    seedCommitment: BigInt(`0x${plan.seed.commitment}`),
    group: groupNumber(grouping, category),
    part: part.part,
    statistics: part.statistics,
    point: opened.toAffine(),
    bases: basesOf(opening).map((base) => base.toAffine()),
    released: part.statistics.map((at) => BigInt(values[at] ?? deviates("A value is missing."))),
    bounds: part.statistics.map((at) => widths[at] ?? deviates("A width is missing.")),
  });
  return {
    where: `part ${String(part.part)} of category ${String(category)} of grouping ${String(grouping)}`,
    remainder,
    peeled: [...opening.peeled.map(({ slot, index }) => generator(slot, index)), blindingGenerator()],
    context: remainderContext(match, grouping, category, part, commitment),
    representation: proof.representation,
    proof: proof.proof as unknown as Proof,
    signals,
  };
}

/** Each remainder is over its bases alone: whatever a part opens, the remainder takes nothing of. */
export function soundRemainders(parts: readonly ReleasedPart[]): true {
  for (const { where, remainder, peeled, context, representation } of parts) {
    require(verifyRepresentation(
      peeled,
      remainder,
      context,
      representation,
    ), `The remainder of ${where} is not shown to be over its coordinates alone.`);
  }
  return true;
}

/** Every proof holds for the signals that were computed. `randomBytes` as verifyProofs takes it. */
export function soundProofs(
  parts: readonly ReleasedPart[],
  key: VerificationKey,
  randomBytes: (length: number) => Uint8Array,
): true {
  if (parts.length === 0 || verifyProofs(key, parts, randomBytes)) return true;
  const wrong = parts.find(({ proof, signals }) => !verifyProof(key, proof, signals));
  deviates(
    wrong === undefined
      ? "The proofs do not hold when they are checked as a whole."
      : `The proof of ${wrong.where} does not hold.`,
  );
}
