/**
 * What a question computes: its measures as statistics, its groupings as partitions of the matched people, in the
 * columns that the collaboration declares. Nothing undeclared can be asked for.
 */
import { categoriesOf, participantWith, rangeOf, type Column } from "../../documents/collaboration.ts";
import { PavilionError } from "../../runtime/errors.ts";
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
 * The statistics behind the measures, each once, `count` first. A mean or sum takes the sum of (value - lower); and,
 * where values may be missing and it is needed, the number of those with one. Where no value may be missing that
 * number is the count, and costs nothing more. Throws UNKNOWN_COLUMN.
 */
export function statisticsFor(question: Question, collaboration: Collaboration): Statistic[] {
  const statistics = new Map([[count.name, count]]);
  for (const measure of question.measures) {
    if (measure.kind === "count") continue;
    const { dataset, index, column } = columnAt(measure.of, collaboration);
    if (column.kind === "category") throw unfit(measure.of, "is a category and has no mean or sum");
    const { lower, upper, nullable } = rangeOf(column);
    const name = `${dataset}.${column.name}`;
    const place = { dataset, column: index };
    if (nullable && (measure.kind === "mean" || lower !== 0)) {
      statistics.set(`valid(${name})`, {
        name: `valid(${name})`,
        kind: "valid",
        ...place,
        lower: 0,
        sensitivity: 1,
      });
    }
    const sum = { name: `sum(${name})`, kind: "sum", ...place, lower, sensitivity: upper - lower };
    statistics.set(sum.name, sum);
  }
  return [...statistics.values()];
}

/** The groupings in the order of the question, each with every category its column declares. Throws UNKNOWN_COLUMN. */
export function groupingsFor(question: Question, collaboration: Collaboration): Grouping[] {
  return question.groupings.map(({ by }) => {
    if (by === "total") return { name: "total", dataset: null, column: null, categories: [""] };
    const { dataset, index, column } = columnAt(by, collaboration);
    if (column.kind !== "category") throw unfit(by, "is no category to group by");
    return { name: column.name, dataset, column: index, categories: categoriesOf(column) };
  });
}

function columnAt(
  reference: ColumnReference,
  collaboration: Collaboration,
): { dataset: string; index: number; column: Column } {
  const columns = participantWith(collaboration, reference.dataset)?.columns ?? [];
  const index = columns.findIndex((candidate) => candidate.name === reference.column);
  const column = columns[index];
  if (column === undefined) throw unfit(reference, "is not declared");
  return { dataset: reference.dataset, index, column };
}

const unfit = ({ dataset, column }: ColumnReference, why: string): PavilionError =>
  new PavilionError("UNKNOWN_COLUMN", `The column ${dataset}.${column} ${why}.`);
