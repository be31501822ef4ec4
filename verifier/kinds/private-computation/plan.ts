/**
 * The plan, computed again from what the providers and the broker signed: statistics, groupings, and the noise's scales
 * and widths. Nothing of it is taken from the connector.
 */
import { committedColumns } from "../../../domain/statistics/coordinates.ts";
import { populationTerms } from "../../../domain/terms/home.ts";
import { widthsOf } from "../../../domain/statistics/mechanism.ts";
import type { ReadRequest } from "../../../domain/terms/request.ts";
import type { Plan } from "../../../schemas/avro/index.ts";
import type { Collaboration } from "../../../schemas/json/collaboration.ts";
import type { EvidenceBundleDocument, SignedHead } from "../../../schemas/json/evidence-bundle.ts";
import type { SeedLeaf } from "../../../schemas/json/seed-leaf.ts";
import { groupingsFor, statisticsFor } from "../../../domain/statistics/question.ts";
import type { AnsweringHome } from "./population.ts";

export interface Planned {
  readonly plan: Plan;
  /** Of each statistic's noise, in either direction. */
  readonly widths: readonly bigint[];
}

/** The plan of the request over these heads with that seed. */
export function planned(
  { document: { question, epsilon } }: ReadRequest,
  collaboration: Collaboration,
  home: AnsweringHome,
  heads: readonly SignedHead[],
  { seed: id, commitment }: SeedLeaf,
  { policy }: EvidenceBundleDocument,
): Planned {
  const { providers } = collaboration;
  const plan: Plan = {
    collaboration: collaboration.id,
    version: collaboration.version,
    epoch: collaboration.matching.epoch,
    ...populationTerms(home),
    epsilon,
    minimumGroup: collaboration.minimumGroup,
    datasets: heads.map((head, slot) => ({
      ...head,
      columns: committedColumns(providers[slot]?.columns ?? []),
    })),
    statistics: statisticsFor(question, collaboration),
    groupings: groupingsFor(question, collaboration),
    policyBundle: policy.bundle,
    seed: { id, commitment },
    // What the ledger took over stands in the spend leaf.
    carried: [],
  };
  return { plan, widths: widthsOf(plan) };
}

/** A group's place in a plan. */
export interface GroupPlace {
  readonly grouping: number;
  readonly category: number;
}

/** Every group of a plan, in order. */
export const groupsOf = ({ groupings }: Plan): GroupPlace[] =>
  groupings.flatMap(({ categories }, grouping) =>
    categories.map((_, category): GroupPlace => ({ grouping, category })),
  );
