/**
 * A release for the signing stage's tests: a total and two categories, the second suppressed.
 */
import type { ReleasedAggregate } from "../schemas/avro/index.ts";
import type { Question } from "../schemas/json/request.ts";
import { pinnedDatasets, planTerms } from "./stage-plan.ts";
import { routed } from "./stage-question.ts";

const { request, document } = await routed();
const column = { dataset: "people", column: 0 };

export const release: ReleasedAggregate = {
  request,
  document,
  plan: {
    ...planTerms,
    datasets: pinnedDatasets,
    statistics: [
      { name: "count", kind: "count", dataset: null, column: null, lower: 0, sensitivity: 1 },
      { name: "valid(people.age)", kind: "valid", ...column, lower: 0, sensitivity: 1 },
      { name: "sum(people.age)", kind: "sum", ...column, lower: 16, sensitivity: 100 },
    ],
    groupings: [
      { name: "total", dataset: null, column: null, categories: [""] },
      { name: "state", dataset: "people", column: 1, categories: ["nsw", "other"] },
    ],
  },
  cells: [
    { grouping: 0, category: 0, suppressed: false, values: [1000, 980, 40_000] },
    { grouping: 1, category: 0, suppressed: false, values: [900, 870, 35_000] },
    { grouping: 1, category: 1, suppressed: true, values: [] },
  ],
  scales: ["12", "12", "1200"],
  spend: {
    population: "adults",
    sequence: 1,
    epsilon: "1/2",
    total: "1/2",
    left: "3/2",
    delta: "9/1024",
    deltaTotal: "9/1024",
    deltaLeft: "1/2",
  },
  matchLeaf: "11".repeat(32),
  spendLeaf: "22".repeat(32),
  repeats: null,
};

export const measuring = (...measures: Question["measures"]): Question => ({
  measures,
  groupings: [{ by: "total" }],
});
