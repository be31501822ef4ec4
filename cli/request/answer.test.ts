import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnswerGroup } from "../../schemas/avro/index.ts";
import { answerTable, evidenceLines } from "./answer.ts";

const told = (category: string, value: number): AnswerGroup => ({
  ...{ grouping: "age-band", category, suppressed: false },
  estimates: [{ measure: "count", value, lower: value - 5, upper: value + 5 }],
});
const tooFew = (category: string): AnswerGroup => ({
  ...{ grouping: "age-band", category, suppressed: true },
  estimates: [],
});
const table = (...groups: AnswerGroup[]): string[] =>
  answerTable({ groups, confidence: "19/20", epsilonSpent: "1", epsilonLeft: "3" });

test("a row a group, with what was spent", () => {
  const everybody: AnswerGroup = { ...told("", 100), grouping: "total" };
  assert.deepEqual(table(everybody, { ...told("nsw", 40), grouping: "state" }), [
    "        group  count  interval",
    "        total    100  95 … 105",
    "  state = nsw     40   35 … 45",
    "  each interval holds the exact value with probability 19/20",
    "  epsilon spent 1; the population may spend 3 more",
  ]);
});

test("quartiles beneath a histogram say what they leave out", () => {
  const quartilesIn = (lines: string[]): string | undefined =>
    lines.find((line) => line.includes("quartiles"));
  assert.equal(
    quartilesIn(table(told("0 to 9", 10), told("10 to 19", 10))),
    "  quartiles by age-band: 5, 9, 15, as if people were spread evenly over each bin",
  );
  assert.match(
    quartilesIn(table(tooFew("0 to 9"), told("10 to 19", 10))) ?? "",
    /12, 15, 17, .* and nobody in those with too few$/,
  );
  assert.equal(quartilesIn(table(tooFew("0 to 9"), tooFew("10 to 19"))), undefined);
});

test("it is said when the evidence comes only where that takes a while", () => {
  for (const seconds of [null, 1, 5]) assert.deepEqual(evidenceLines(seconds), []);
  assert.match(evidenceLines(6).join(), /in about 6 seconds:/);
  assert.match(evidenceLines(119).join(), /in about 119 seconds:/);
  assert.match(evidenceLines(121).join(), /in about 3 minutes:/);
});
