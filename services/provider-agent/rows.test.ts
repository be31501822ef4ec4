import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Participant } from "../../schemas/json/collaboration.ts";
import { oddTexts } from "../../test/odd-names.ts";
import { readRows } from "./csv.ts";
import { writeReport } from "./report.ts";
import { prepareRows, sourcesOf, summarise, type Prepared } from "./rows.ts";

const folder = mkdtempSync(join(tmpdir(), "rows-"));
after(() => {
  rmSync(folder, { recursive: true });
});

const states = ["act", "nsw", "nt", "qld", "sa", "tas", "vic", "wa"];
const people: Participant = {
  id: "north",
  key: "A".repeat(43),
  dataset: "people",
  identifier: { source: "soc_sec_id", normalisation: ["trim", "digits"] },
  columns: [
    {
      name: "age",
      kind: "integer",
      source: "date_of_birth",
      transform: "age-at-reference-date",
      lower: 0,
      upper: 100,
      nullable: true,
    },
    { name: "state", kind: "category", source: "state", domain: states, other: "other" },
  ],
  limits: { records: 5000, changesPerDay: 5000 },
};

const example = (name: string): string => join(import.meta.dirname, "../../examples", name);
const prepareExample = (name: string): Promise<Prepared> =>
  prepareRows(readRows(example(name), sourcesOf(people)), people, "2000-01-01");

/** Rows of an identifier, a birth date and a state. */
const prepare = (...rows: [string, string, string][]): Promise<Prepared> =>
  prepareRows(
    rows.map((cells, index) => ({ row: index + 1, cells })),
    people,
    "2000-01-01",
  );

test("squares and bins are computed from their column, wherever they stand, and take no column of the file", async () => {
  const [age, state] = people.columns;
  assert.ok(age && state);
  const columns: Participant["columns"] = [
    { name: "age-band", kind: "bins", of: "age", edges: [18, 40] },
    age,
    state,
    { name: "age-squares", kind: "squares", of: "age" },
  ];
  const derived = { ...people, columns };
  assert.deepEqual(sourcesOf(derived), ["soc_sec_id", "date_of_birth", "state"]);
  const rows = [
    { row: 1, cells: ["1", "19700101", "vic"] },
    { row: 2, cells: ["2", "", "wa"] },
  ];
  const prepared = await prepareRows(rows, derived, "2000-01-01");
  assert.deepEqual(
    prepared.rows.map(({ values }) => values),
    [
      [1, 30, 6, 900],
      [3, null, 7, 0],
    ],
  );
  assert.deepEqual(summarise(prepared).defaulted, { date_of_birth: { "missing-value": 1 } });
});

test("every row of the first example file can be pushed; the 94 without a birth date have no age", async () => {
  const prepared = await prepareExample("febrl4a.csv");
  const ages = prepared.rows.map(({ values }) => values[0]);
  assert.equal(prepared.rows.length, 5000);
  assert.equal(ages.filter((age) => age === null).length, 94);
  assert.ok(ages.every((age) => age === null || (age !== undefined && age >= 0 && age <= 100)));
  assert.deepEqual(summarise(prepared).defaulted.date_of_birth, { "missing-value": 94 });
  assert.deepEqual(summarise(prepared).rejected, {});
});

test("in the second, misspelt and missing states are the other one, and dates that do not exist are told", async () => {
  const prepared = await prepareExample("febrl4b.csv");
  const others = prepared.rows.filter(({ values }) => values[1] === states.length).length;
  const { defaulted, pushed } = summarise(prepared);
  const stateFaults = Object.values(defaulted.state ?? {}).reduce((sum, count) => sum + count, 0);
  assert.equal(pushed, 5000);
  assert.equal(others, stateFaults);
  assert.ok((defaulted.state?.["unknown-category"] ?? 0) > 50);
  assert.equal(defaulted.date_of_birth?.["missing-value"], 199);
});

test("the example files share 4,561 identifiers, each unique in its file", async () => {
  const [a, b] = await Promise.all(
    ["febrl4a.csv", "febrl4b.csv"].map(async (name) => {
      const { rows } = await prepareExample(name);
      return new Set(rows.map(({ identifier }) => Buffer.from(identifier).toString()));
    }),
  );
  assert.deepEqual([a?.size, b?.size], [5000, 5000]);
  assert.equal([...(a ?? [])].filter((identifier) => b?.has(identifier)).length, 4561);
});

test("a row without an identifier is rejected", async () => {
  const { rows, faults } = await prepare(["1", "", "nsw"], [" - ", "", "nsw"]);
  assert.deepEqual(
    rows.map(({ row }) => row),
    [1],
  );
  assert.deepEqual(faults.at(-1), {
    row: 2,
    column: "soc_sec_id",
    outcome: "rejected",
    reason: "missing-identifier",
  });
});

test("of several rows that normalise to one identifier the first stands", async () => {
  const { rows, faults } = await prepare(
    ["12", "19600101", "nsw"],
    ["1-2", "19700101", "vic"],
    ["3", "", "sa"],
  );
  assert.deepEqual(
    rows.map(({ row, values }) => [row, values[0]]),
    [
      [1, 40],
      [3, null],
    ],
  );
  const rejected = faults.filter(({ outcome }) => outcome === "rejected");
  assert.deepEqual(
    rejected.map(({ row, reason }) => [row, reason]),
    [[2, "duplicate-identifier"]],
  );
});

test("a value that a column needs and a row lacks rejects the row, and nothing else is told of it", async () => {
  const [ageColumn, stateColumn] = people.columns;
  assert.ok(ageColumn?.kind === "integer" && stateColumn !== undefined);
  const strict = { ...people, columns: [{ ...ageColumn, nullable: false }, stateColumn] };
  const rows = [
    { row: 1, cells: ["1", "19600101", "nsw"] },
    { row: 2, cells: ["2", "", "nws"] },
  ];
  const prepared = await prepareRows(rows, strict, "2000-01-01");
  assert.equal(prepared.rows.length, 1);
  assert.deepEqual(prepared.faults, [
    { row: 2, column: "date_of_birth", outcome: "rejected", reason: "missing-value" },
  ]);
  assert.deepEqual(summarise(prepared).rejected, { "missing-value": 1 });
});

test("a file of which no row can be pushed is refused, and why is told", async () => {
  const code = "INPUT_UNREADABLE";
  const none: [string, string, string] = ["", "", ""];
  await assert.rejects(prepare(none, none), {
    code,
    message: /: 2 for \w+: missing identifier, in rows 1, 2\.$/,
  });
  await assert.rejects(prepare(), { code, message: /: it has none\.$/ });
});

test("an identifier far too long to be one is rejected", async () => {
  const { faults } = await prepare(["1", "19600101", "nsw"], ["1".repeat(1025), "19600101", "nsw"]);
  assert.deepEqual(
    faults.map(({ reason }) => reason),
    ["unreadable-identifier"],
  );
});

test("the report is the owner's alone and holds row numbers, columns and reasons, never a cell", async () => {
  const marked = "77777777777";
  const { faults } = await prepare(
    [marked, "99991231", "atlantis"],
    [marked, "", "atlantis"],
    ["", "1960x101", "nsw"],
    ["8", "1960x101", "nsw"],
  );
  const place = { collaboration: "care", epoch: 1, dataset: "people" };
  const file = await writeReport(folder, place, "0".repeat(32), faults);
  const text = readFileSync(file, "utf8");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const allowed = new Set([
    "row",
    "column",
    "outcome",
    "reason",
    "soc_sec_id",
    "date_of_birth",
    "state",
    "rejected",
    "defaulted",
    "missing-identifier",
    "duplicate-identifier",
    "missing-value",
    "unreadable-value",
    "out-of-bounds",
    "unknown-category",
  ]);
  for (const [, word = ""] of text.matchAll(/"([^"]*)"/g)) assert.ok(allowed.has(word), word);
  for (const [, number = ""] of text.matchAll(/([0-9]+)/g)) assert.ok(Number(number) <= 4, number);
  assert.equal(text.trimEnd().split("\n").length, faults.length);
});

test("tells of columns whatever they are called", async () => {
  const columns = oddTexts.map((source) => ({
    ...({ name: "state", kind: "category", source, domain: states, other: "other" } as const),
  }));
  const cells = ["7", ...oddTexts.map(() => "nowhere")];
  const prepared = await prepareRows([{ row: 1, cells }], { ...people, columns }, "2000-01-01");
  const { defaulted } = summarise(prepared);
  assert.deepEqual(
    Object.entries(defaulted),
    oddTexts.map((source) => [source, { "unknown-category": 1 }]),
  );
});
