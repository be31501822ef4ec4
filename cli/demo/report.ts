/**
 * What the demo prints: the answer with its error bounds beside the plain join, and how long each stage took.
 */
import type { Answer, AnswerGroup } from "../../schemas/avro/index.ts";
import { tableLines } from "../table.ts";
import type { PlainGroup } from "./plain-join.ts";

export interface StageTime {
  readonly name: string;
  readonly ms: number;
}

export function stageLines(title: string, stages: readonly StageTime[]): string[] {
  const width = Math.max(...stages.map((stage) => stage.name.length));
  const lines = stages.map(
    ({ name, ms }) => `    ${name.padEnd(width)}  ${String(Math.round(ms)).padStart(6)} ms`,
  );
  return [`  stages, ${title}:`, ...lines];
}

/** A row a group: each measure with its interval, and what the plain join gives. */
export function answerLines(answer: Answer, plain: ReadonlyMap<string, PlainGroup>): string[] {
  const header = ["group", "people", "interval", "plain", "mean age", "interval", "plain"];
  const rows = answer.groups.map((group) => rowOf(group, plain));
  return tableLines(header, rows, header).map((line) => `  ${line}`);
}

function rowOf(group: AnswerGroup, plain: ReadonlyMap<string, PlainGroup>): string[] {
  const name = group.grouping === "total" ? "total" : group.category;
  const known = plain.get(name) ?? { people: 0, aged: 0, years: 0 };
  const mean = known.aged === 0 ? "" : (known.years / known.aged).toFixed(1);
  if (group.suppressed) return [name, "too few", "", String(known.people), "", "", mean];
  const [people = [], age = []] = group.estimates.map(({ measure, value, lower, upper }) => {
    const digits = measure === "count" ? 0 : 1;
    return [fixed(value, digits), `${fixed(lower, digits)} … ${fixed(upper, digits)}`];
  });
  return [name, people[0] ?? "", people[1] ?? "", String(known.people), age[0] ?? "", age[1] ?? "", mean];
}

const fixed = (value: number | null, digits: number): string =>
  value === null ? "–" : value.toFixed(digits);
