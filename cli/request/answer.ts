/**
 * An answer as a table for people: a row a group, each measure with the interval that holds its exact value; and where
 * it is grouped by bins, the quartiles.
 */
import { histogramsIn, quantileOf } from "../../services/clients/broker/quantile.ts";
import type { Answer, AnswerGroup } from "../../schemas/avro/index.ts";
import { tableLines } from "../table.ts";

export function answerTable(answer: Answer): string[] {
  const measures = answer.groups.find(({ estimates }) => estimates.length > 0)?.estimates ?? [];
  const header = ["group", ...measures.flatMap(({ measure }) => [measure, "interval"])];
  const rows = answer.groups.map((group) => rowOf(group, measures.length));
  return [
    ...tableLines(header, rows, header).map((line) => `  ${line}`),
    ...quartileLines(answer),
    `  each interval holds the exact value with probability ${answer.confidence}`,
    `  epsilon spent ${answer.epsilonSpent}; the population may spend ${answer.epsilonLeft} more`,
  ];
}

/** So soon that nobody needs to be told. */
const soonSeconds = 5;

/** When the evidence comes, where others' comes before it. */
export function evidenceLines(seconds: number | null): string[] {
  if (seconds === null || seconds <= soonSeconds) return [];
  const wait = seconds < 120 ? `${String(seconds)} seconds` : `${String(Math.ceil(seconds / 60))} minutes`;
  return [`  its evidence comes in about ${wait}: the proofs of other answers are made first`];
}

const quartileLines = (answer: Answer): string[] =>
  [...histogramsIn(answer)].flatMap(([name, bins]) => {
    const quartiles = [0.25, 0.5, 0.75].map((share) => quantileOf(bins, share));
    if (quartiles.includes(undefined)) return [];
    const rest = bins.some(({ suppressed }) => suppressed) ? " and nobody in those with too few" : "";
    return [
      `  quartiles by ${name}: ${quartiles.join(", ")}, as if people were spread evenly over each bin${rest}`,
    ];
  });

function rowOf({ grouping, category, suppressed, estimates }: AnswerGroup, measures: number): string[] {
  const name = category === "" ? grouping : `${grouping} = ${category}`;
  if (suppressed) return [name, "too few", ...Array.from({ length: 2 * measures - 1 }, () => "")];
  const cells = estimates.flatMap(({ measure, value, lower, upper }) => {
    const digits = /^(mean|variance)\(/.test(measure) ? 2 : 0;
    return [fixed(value, digits), `${fixed(lower, digits)} … ${fixed(upper, digits)}`];
  });
  return [name, ...cells];
}

const fixed = (value: number | null, digits: number): string => value?.toFixed(digits) ?? "–";
