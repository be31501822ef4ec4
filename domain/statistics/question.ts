/**
 * What a question computes: its measures as statistics, its groupings as partitions of the matched people, in the
 * columns that the collaboration declares. Nothing undeclared can be asked for.
 */
import { categoriesOf, participantWith, rangeOf } from "../terms/collaboration.ts";
import type { Column } from "./derived-columns.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Grouping, Statistic } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { ColumnReference, Question } from "../../schemas/json/request.ts";

const count: Statistic = {
  name: "count",
  kind: "count",
  dataset: null,
  column: null,
  lower: 0,
  sensitivity: 1,
};

/**
 * The statistics behind the measures, each once, `count` first. A measure of a column takes the sum of (value - lower),
 * a variance that of the squares too; and, where values may be missing and it is needed, the number of those with one.
 * Where no value may be missing that number is the count, and costs nothing more. Throws UNKNOWN_COLUMN.
 */
export function statisticsFor(question: Question, collaboration: Collaboration): Statistic[] {
  const statistics = new Map([[count.name, count]]);
  const add = (statistic: Statistic): unknown => statistics.set(statistic.name, statistic);
  for (const measure of question.measures) {
    if (measure.kind === "count") continue;
    const { dataset, index, column, columns } = columnAt(measure.of, collaboration);
    requireSummable(column, measure.of);
    const { lower, upper, nullable } = rangeOf(column, columns);
    const name = `${dataset}.${column.name}`;
    const place = { dataset, column: index };
    if (nullable && (measure.kind !== "sum" || lower !== 0)) {
      add({ name: `valid(${name})`, kind: "valid", ...place, lower: 0, sensitivity: 1 });
    }
    add({ name: `sum(${name})`, kind: "sum", ...place, lower, sensitivity: upper - lower });
    if (measure.kind !== "variance") continue;
    const squares = squaresOf(column, columns, measure.of);
    const squaresPlace = { dataset, column: columns.indexOf(squares) };
    const { upper: sensitivity } = rangeOf(squares, columns);
    add({ name: `squares(${name})`, kind: "squares", ...squaresPlace, lower: 0, sensitivity });
  }
  return [...statistics.values()];
}

/** Squares are summed beside their column alone: on their own they would be released twice under two names. */
function requireSummable({ kind }: Column, reference: ColumnReference): void {
  if (kind === "category") throw unfit(reference, "is a category and has no mean, sum or variance");
  if (kind === "bins") throw unfit(reference, "holds bins and has no mean, sum or variance");
  if (kind === "squares") throw unfit(reference, "holds squares, which only a variance uses");
}

function squaresOf({ name }: Column, columns: readonly Column[], reference: ColumnReference): Column {
  const squares = columns.find((column) => column.kind === "squares" && column.of === name);
  if (squares === undefined) throw unfit(reference, "has no squares column, which a variance needs");
  return squares;
}

/**
 * The groupings in the order of the question, each with every category its column declares. An answer tells them apart by
 * name alone, so no two share one. Throws UNKNOWN_COLUMN.
 */
export function groupingsFor(question: Question, collaboration: Collaboration): Grouping[] {
  const names = new Set<string>();
  return question.groupings.map(({ by }) => {
    const asked = by === "total" ? by : by.column;
    if (names.has(asked)) throw twice(asked);
    names.add(asked);
    if (by === "total") return { name: "total", dataset: null, column: null, categories: [""] };
    const { dataset, index, column, columns } = columnAt(by, collaboration);
    const categories = categoriesOf(column, columns);
    if (categories === undefined) throw unfit(by, "is not a category that can be grouped by");
    return { name: column.name, dataset, column: index, categories };
  });
}

function columnAt(
  reference: ColumnReference,
  collaboration: Collaboration,
): { dataset: string; index: number; column: Column; columns: readonly Column[] } {
  const columns = participantWith(collaboration, reference.dataset)?.columns ?? [];
  const index = columns.findIndex((candidate) => candidate.name === reference.column);
  const column = columns[index];
  if (column === undefined) throw unfit(reference, "is not declared");
  return { dataset: reference.dataset, index, column, columns };
}

const twice = (name: string): PavilionError =>
  new PavilionError(
    "UNKNOWN_COLUMN",
    `The question groups by the name ${name} twice, and an answer could not tell the two apart.`,
  );

const unfit = ({ dataset, column }: ColumnReference, why: string): PavilionError =>
  new PavilionError("UNKNOWN_COLUMN", `The column ${dataset}.${column} ${why}.`);
