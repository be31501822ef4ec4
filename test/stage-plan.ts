/**
 * A plan over two datasets, for the tests of the stages between matching and noise: count, valid and sum of a nullable
 * age, in total and by a state of two categories and `other`.
 */
import { participantWith } from "../domain/terms/collaboration.ts";
import { committedColumns } from "../domain/statistics/coordinates.ts";
import { populationTerms } from "../domain/terms/home.ts";
import type {
  CommittedColumn,
  MatchQuestion,
  PinnedDataset,
  Plan,
  RequestRef,
} from "../schemas/avro/index.ts";
import type { Home, Population } from "../schemas/json/population.ts";
import { collaboration, population } from "./stage-question.ts";
import { firstSeed } from "../domain/log/testing/seeds.ts";

export const DEADLINE = 1_700_000_060_000;
/** A minute before the deadline. */
export const ASKED = DEADLINE - 60_000;

export const headOf = (dataset: string, sequence: number): string =>
  Buffer.from(`${dataset} ${String(sequence)}`)
    .toString("hex")
    .padEnd(64, "0")
    .slice(0, 64);

/** What the example's collaboration declares: age from 16 to 116 or null, and a state; stays, and a flag or null. */
export const columnsOf = (dataset: string): CommittedColumn[] =>
  committedColumns(participantWith(collaboration, dataset)?.columns ?? []);

const pinned = (provider: string, dataset: string, sequence: number, head: string): PinnedDataset => ({
  provider,
  dataset,
  sequence,
  head,
  signature: `${provider} signs ${dataset}`,
  columns: columnsOf(dataset),
});

function requireHome({ homes: [home] }: Population): Home {
  if (home === undefined) throw new Error("the schema lets no population be without a home");
  return home;
}

/** What every example's plan agrees on. */
export const planTerms = {
  collaboration: "care",
  version: 3,
  epoch: 2,
  ...populationTerms({ population, home: requireHome(population) }),
  epsilon: "1/2",
  minimumGroup: 10,
  policyBundle: "0".repeat(64),
  seed: firstSeed,
  carried: [],
};

/** Two datasets at heads that no test looks into. */
export const pinnedDatasets: Plan["datasets"] = [
  pinned("north", "people", 5, "aa".repeat(32)),
  pinned("south", "visits", 2, "bb".repeat(32)),
];

/** At the given heads of `people` and `visits`. */
export function planAt(people = 1, visits = 1, changes: Partial<Plan> = {}): Plan {
  const age = { dataset: "people", column: 0 };
  return {
    ...planTerms,
    datasets: [
      pinned("north", "people", people, headOf("people", people)),
      pinned("south", "visits", visits, headOf("visits", visits)),
    ],
    statistics: [
      { name: "count", kind: "count", dataset: null, column: null, lower: 0, sensitivity: 1 },
      { name: "valid(people.age)", kind: "valid", ...age, lower: 0, sensitivity: 1 },
      { name: "sum(people.age)", kind: "sum", ...age, lower: 16, sensitivity: 100 },
    ],
    groupings: [
      { name: "total", dataset: null, column: null, categories: [""] },
      { name: "state", dataset: "people", column: 1, categories: ["nsw", "vic", "other"] },
    ],
    ...changes,
  };
}

/** A request's name; different numbers are different requests. */
export const requestNamed = (number: number, deadline = DEADLINE): RequestRef => ({
  requestId: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
  digest: number.toString(16).padStart(64, "0"),
  tenant: "clinic",
  broker: "core",
  collaboration: "care",
  deadline,
});

export const questionOf = (number: number, plan = planAt(), deadline = DEADLINE): MatchQuestion => ({
  request: requestNamed(number, deadline),
  document: `{"question":${String(number)}}`,
  plan,
});
