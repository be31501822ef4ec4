/**
 * A collaboration in words: what may be asked of whom, by whom, for what.
 */
import { categoriesOf, isEarlier, type AnyCollaboration } from "../../domain/terms/collaboration.ts";
import { isDerived, type Column } from "../../domain/statistics/derived-columns.ts";
import type { Participant } from "../../schemas/json/collaboration.ts";
import { tableLines } from "../table.ts";

export function collaborationWords(document: AnyCollaboration): string[] {
  const { referenceDate, matching, budget, minimumGroup, purposes, legalBases, brokers } = document;
  return [
    ...(isEarlier(document)
      ? [
          "of an earlier format: nothing is asked under it; agree on a population, then on a new version that names it",
        ]
      : []),
    ...tableLines(
      ["", ""],
      [
        ["may ask", brokers.map(({ id, tenants }) => `${id} for ${tenants.join(", ")}`).join("; ")],
        ["purposes", purposes.join(", ")],
        ["legal bases", legalBases.join(", ")],
        ["budget", `population ${document.population}, at most ε ${budget.epsilonPerQuestion} a question`],
        ["groups", `of at least ${String(minimumGroup)} people; smaller ones are left out of answers`],
        ["ages", `as of ${referenceDate}`],
        ["matching", `epoch ${String(matching.epoch)}; ${matching.sender}'s agent holds its key`],
      ],
    ).slice(1),
    ...document.providers.flatMap(datasetWords),
  ];
}

function datasetWords({ id, dataset, limits, columns }: Participant): string[] {
  const rows = columns.map((column) => [
    `  ${column.name}`,
    kindWords(column, columns),
    askWords(column, columns),
  ]);
  return [
    `${id} with the dataset ${dataset}, of at most ${String(limits.records)} people`,
    ...tableLines(["  column", "holds", "may be asked for"], rows),
  ];
}

function kindWords(column: Column, columns: readonly Column[]): string {
  if (column.kind === "integer") return rangeWords(column) + (column.nullable ? ", or nothing" : "");
  if (column.kind === "flag") return `yes or no${column.nullable ? ", or nothing" : ""}`;
  if (column.kind === "squares") return `squares of ${column.of}`;
  return `one of ${(categoriesOf(column, columns) ?? []).join(", ")}`;
}

const rangeWords = ({ lower, upper }: { lower: number; upper: number }): string =>
  `${String(lower)} to ${String(upper)}`;

function askWords(column: Column, columns: readonly Column[]): string {
  if (column.kind === "squares") return `the variance of ${column.of}`;
  if (column.kind === "bins") return `groups, a histogram and quantiles of ${column.of}`;
  if (column.kind === "category") return "groups";
  const squares = columns.some(
    (other) => other.kind === "squares" && isDerived(other) && other.of === column.name,
  );
  return `sum, mean${squares ? ", variance" : ""}`;
}
