/** The three leaves that a result stands on, each held to request, plan and trust. */
import {
  addFractions,
  compareFractions,
  formatFraction,
  parseFraction,
} from "../../../crypto/fraction/fraction.ts";
import { deltaOf } from "../../../domain/statistics/mechanism.ts";
import { releasedDigest } from "../../../domain/log/leaves.ts";
import type { ReadRequest } from "../../../domain/terms/request.ts";
import { validateDocument } from "../../../schemas/reading/validate.ts";
import type { Plan } from "../../../schemas/avro/index.ts";
import type { AnchorLink, EvidenceBundleDocument } from "../../../schemas/json/evidence-bundle.ts";
import type { MatchLeaf } from "../../../schemas/json/match-leaf.ts";
import type { SeedLeaf } from "../../../schemas/json/seed-leaf.ts";
import type { SpendLeaf } from "../../../schemas/json/spend-leaf.ts";
import type { TrustedRegion } from "../../../schemas/json/trust.ts";
import { require } from "../../checklist.ts";
import type { PlacedLeaves } from "./log.ts";
import { groupsOf, type Planned } from "./plan.ts";

/** A request may be dated this much before the seed's anchor: what two clocks may differ by. */
const SKEW_MS = 300_000;

/** The leaf of the seed that the request names. */
export function seedLeaf(
  { log }: EvidenceBundleDocument,
  { region }: TrustedRegion,
  { document }: ReadRequest,
): SeedLeaf {
  const leaf = validateDocument("seed-leaf", log.seed.leaf);
  require(leaf.region === region, "The seed leaf is of another region.");
  require(leaf.commitment === document.seedCommitment, "The request names another seed.");
  return leaf;
}

/** The seed's anchor is no later than the request. */
export function seedFirst(anchor: AnchorLink, { issuedAt }: ReadRequest): true {
  require(anchor.time * 1000 <= issuedAt + SKEW_MS, "The seed was anchored after the request was issued.");
  return true;
}

/** The leaf of the match: of this request, over these heads, with this seed, for every group. */
export function matchLeaf(
  { log }: EvidenceBundleDocument,
  { region }: TrustedRegion,
  { digest }: ReadRequest,
  { plan }: Planned,
): MatchLeaf {
  const leaf = validateDocument("match-leaf", log.match.leaf);
  require(leaf.home === region, "The match leaf is of another home.");
  require(leaf.request === digest, "The match leaf is of another request.");
  require(leaf.collaboration === plan.collaboration &&
    leaf.version === plan.version &&
    leaf.epoch === plan.epoch, "The match leaf is of another collaboration, version or epoch.");
  require(leaf.seed === plan.seed.commitment, "The match leaf names another seed.");
  require(isOverHeads(leaf, plan), "The match leaf is over other heads.");
  const groups = groupsOf(plan);
  require(leaf.groups.length === groups.length &&
    groups.every(({ grouping, category }, index) => {
      const group = leaf.groups[index];
      return group?.grouping === grouping && group.category === category;
    }), "The match leaf does not commit to every group, in the plan's order.");
  return leaf;
}

const isOverHeads = (leaf: MatchLeaf, { datasets }: Plan): boolean =>
  leaf.datasets.length === datasets.length &&
  datasets.every(({ provider, dataset, sequence, head }, slot) => {
    const pinned = leaf.datasets[slot];
    return (
      pinned?.provider === provider &&
      pinned.dataset === dataset &&
      pinned.sequence === sequence &&
      pinned.head === head
    );
  });

/** The leaf of the spend: this request's epsilon, for that match and these released values. */
export function spendLeaf(
  { log, release }: EvidenceBundleDocument,
  { region }: TrustedRegion,
  { digest }: ReadRequest,
  { plan }: Planned,
  { match }: PlacedLeaves,
): SpendLeaf {
  const leaf = validateDocument("spend-leaf", log.spend.leaf);
  require(leaf.home === region, "The spend leaf is of another home.");
  require(leaf.request === digest, "The spend leaf is of another request.");
  require(leaf.population === plan.population, "The spend leaf charges another population.");
  require(leaf.document ===
    plan.populationDigest, "The spend leaf was charged under another version of the population's document.");
  require(leaf.epsilon ===
    formatFraction(parseFraction(plan.epsilon)), "The spend leaf charges another epsilon.");
  require(leaf.delta === deltaOf(plan), "The spend leaf charges another delta.");
  require(leaf.match === match, "The spend leaf is for another match.");
  require(leaf.released === releasedDigest(release.groups), "The spend leaf is for other released values.");
  requireLedger(leaf, plan);
  return leaf;
}

/** What one leaf shows of the ledger: its first is its first, and the totals stay within what was agreed. */
function requireLedger(leaf: SpendLeaf, { budgetTotal, budgetDelta }: Plan): void {
  const { sequence, previous, carried } = leaf;
  require((sequence === 1) ===
    (previous === null), "Only a first spend names no spend before it, and this leaf breaks that.");
  require(sequence === 1 ||
    carried.length === 0, "A spend that is not the first takes over earlier accounts.");
  requireTotal(leaf, "epsilon", leaf.total, budgetTotal);
  requireTotal(leaf, "delta", leaf.deltaTotal, budgetDelta);
}

function requireTotal(leaf: SpendLeaf, part: "epsilon" | "delta", total: string, budget: string): void {
  const sum = parseFraction(total);
  const known = [leaf, ...leaf.carried].map((one) => parseFraction(one[part])).reduce(addFractions);
  require(formatFraction(sum) === total, `The spend leaf's total of ${part} is not in lowest terms.`);
  const beyond = compareFractions(sum, known);
  require(leaf.sequence === 1
    ? beyond === 0
    : beyond > 0, `The spend leaf's total of ${part} does not add up with its spends.`);
  require(compareFractions(sum, parseFraction(budget)) <=
    0, `The population has spent more ${part} than its budget.`);
}
