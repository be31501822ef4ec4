/**
 * The plan of a request: everything that later stages need to know, pinned, so that none reads a table's latest.
 */
import { compareFractions, parseFraction } from "../../crypto/fraction/fraction.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { StateView } from "../../runtime/contract/state.ts";
import { committedColumns, placesOf } from "../../domain/statistics/coordinates.ts";
import { matchesMax } from "../../domain/terms/collaboration.ts";
import { populationTerms, type CollaborationHome } from "../../domain/terms/home.ts";
import { partsOf } from "../../domain/statistics/opening.ts";
import { staysExact } from "../../domain/statistics/mechanism.ts";
import { epsilonLeast, epsilonMost, isPrivate } from "../../domain/statistics/epsilon-range.ts";
import type { Plan, SeedRef } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { Request } from "../../schemas/json/request.ts";
import { pinDatasets } from "./heads.ts";
import { groupingsFor, statisticsFor } from "../../domain/statistics/question.ts";

/** What is asked under; `carried` are accounts from before the population was a document. */
export interface Terms extends CollaborationHome {
  readonly collaboration: Collaboration;
  readonly carried: string[];
}

/** Throws UNKNOWN_COLUMN, EPSILON_OUT_OF_RANGE or DATASET_NOT_READY, checked in that order. */
export function planFor(
  request: Request,
  { collaboration, population, home, carried }: Terms,
  { seed, policyBundle }: { seed: SeedRef; policyBundle: string },
  state: StateView,
): Plan {
  const { budget, matching } = collaboration;
  const statistics = statisticsFor(request.question, collaboration);
  const groupings = groupingsFor(request.question, collaboration);
  requireEpsilon(request.epsilon, budget.epsilonPerQuestion);
  requireWidths({ epsilon: request.epsilon, statistics, groupings }, collaboration);
  requireProvable({ statistics, groupings }, collaboration);
  const datasets = pinDatasets(collaboration, state);
  return {
    collaboration: collaboration.id,
    version: collaboration.version,
    epoch: matching.epoch,
    ...populationTerms({ population, home }),
    epsilon: request.epsilon,
    minimumGroup: collaboration.minimumGroup,
    datasets,
    statistics,
    groupings,
    policyBundle,
    seed,
    carried,
  };
}

/**
 * Denominators of an epsilon, in lowest terms. The ledger's totals are exact: with these, no sum of however many
 * spends has a denominator above 44 digits (the least common multiple of 1 to 100 and a million).
 */
const isFitDenominator = (denominator: bigint): boolean =>
  denominator <= 100n || 1_000_000n % denominator === 0n;

function requireEpsilon(asked: string, limit: string): void {
  const epsilon = parseFraction(asked);
  if (!isFitDenominator(epsilon.denominator)) {
    const wrong = "In lowest terms, epsilon's denominator has to be at most 100 or to divide a million.";
    throw new PavilionError("EPSILON_OUT_OF_RANGE", wrong);
  }
  if (compareFractions(epsilon, parseFraction(limit)) > 0) {
    throw new PavilionError(
      "EPSILON_OUT_OF_RANGE",
      `The collaboration allows at most ${limit} for one question.`,
    );
  }
}

/** What to ask for instead is worked out of the question and the terms alone. */
function requireWidths(
  plan: Pick<Plan, "epsilon" | "statistics" | "groupings">,
  collaboration: Collaboration,
): void {
  const records = matchesMax(collaboration);
  if (!isPrivate(plan)) {
    throw new PavilionError(
      "EPSILON_OUT_OF_RANGE",
      `At epsilon ${plan.epsilon} the noise on this question would be too narrow to hide anybody; it may ask for at most ${epsilonMost(plan)}.`,
    );
  }
  if (staysExact(plan, records)) return;
  const least = epsilonLeast(plan, records);
  const instead =
    least === undefined
      ? "no epsilon is enough, so ask for fewer measures and groupings, or for columns with narrower bounds"
      : `it needs at least ${least}, or less with fewer measures and groupings, or columns with narrower bounds`;
  throw new PavilionError(
    "EPSILON_OUT_OF_RANGE",
    `At epsilon ${plan.epsilon} the noise on this question would be so wide that sums were no longer exact; ${instead}.`,
  );
}

/**
 * A proof's remainder tells a number of 64 digits for each coordinate that it does not open: so many of them, over all
 * groups and parts, make a release of some 2 MB, which its topic and a bundle can hold.
 */
const REMAINDERS_MAX = 30_000;
/** What a proof takes beside its remainder, in such numbers. */
const PROOF_SIZE = 16;

function requireProvable(
  { statistics, groupings }: Pick<Plan, "statistics" | "groupings">,
  { providers }: Collaboration,
): void {
  const widths = providers.map(({ columns }) => placesOf(committedColumns(columns)).width);
  const coordinates = widths.reduce((sum, width) => sum + width, 0);
  const groups = groupings.reduce((sum, { categories }) => sum + categories.length, 0);
  if (groups * partsOf({ statistics }).length * (coordinates + PROOF_SIZE) <= REMAINDERS_MAX) return;
  throw new PavilionError(
    "QUESTION_TOO_LARGE",
    "The question's measures and groups need more proofs than one evidence bundle holds.",
  );
}
