import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rangeOf } from "../../domain/terms/collaboration.ts";
import { oddTexts } from "../../test/odd-names.ts";
import { ageAt, readValue, type FileColumn } from "./columns.ts";

const integer = { name: "n", kind: "integer", source: "n", transform: "none", lower: -5, upper: 10 } as const;
const nullableInteger: FileColumn = { ...integer, nullable: true };
const neededInteger: FileColumn = { ...integer, nullable: false };
const age: FileColumn = {
  ...integer,
  transform: "age-at-reference-date",
  lower: 0,
  upper: 110,
  nullable: true,
};
const flag: FileColumn = { name: "f", kind: "flag", source: "f", true: ["Yes", "y"], nullable: false };
const category: FileColumn = {
  name: "c",
  kind: "category",
  source: "c",
  domain: ["nsw", "vic"],
  other: "other",
};

const read = (column: FileColumn, text: string) => readValue(column, text, "2000-01-01");

test("an integer is what the text says, within bounds", () => {
  assert.deepEqual(read(neededInteger, " 7 "), { value: 7 });
  assert.deepEqual(read(neededInteger, "-5"), { value: -5 });
  assert.deepEqual(read(neededInteger, "+010"), { value: 10 });
  assert.deepEqual(read(neededInteger, "-0"), { value: 0 });
});

test("what is no integer within bounds is null where the column may be null, and rejects its row where not", () => {
  const faults = {
    "": "missing-value",
    "  ": "missing-value",
    seven: "unreadable-value",
    "7.5": "unreadable-value",
    "0x7": "unreadable-value",
    "1e1": "unreadable-value",
    "99999999999999999999": "unreadable-value",
    "11": "out-of-bounds",
    "-6": "out-of-bounds",
  };
  for (const [text, fault] of Object.entries(faults)) {
    assert.deepEqual(read(nullableInteger, text), { value: null, fault }, text);
    assert.deepEqual(read(neededInteger, text), { fault }, text);
  }
});

test("an age is in whole years, and grows on the birthday", () => {
  assert.equal(ageAt("19500601", "2000-05-31"), 49);
  assert.equal(ageAt("19500601", "2000-06-01"), 50);
  assert.equal(ageAt("20000101", "2000-01-01"), 0);
  assert.equal(ageAt("20000102", "2000-01-01"), -1);
});

test("who was born on a 29th of February turns a year older on the 1st of March of other years", () => {
  assert.equal(ageAt("19960229", "1999-02-28"), 2);
  assert.equal(ageAt("19960229", "1999-03-01"), 3);
  assert.equal(ageAt("19960229", "2000-02-29"), 4);
});

test("has no age for dates that do not exist", () => {
  for (const text of [
    "19990229",
    "19000229",
    "19991301",
    "19990431",
    "19990100",
    "1999-01-01",
    "990101",
    "x",
  ]) {
    assert.equal(ageAt(text, "2000-01-01"), undefined, text);
  }
  assert.equal(ageAt("20000229", "2001-01-01"), 0);
  assert.equal(ageAt("00500101", "2000-01-01"), 1950);
});

test("an age out of bounds or unreadable says so", () => {
  assert.deepEqual(read(age, "19600101"), { value: 40 });
  assert.deepEqual(read(age, ""), { value: null, fault: "missing-value" });
  assert.deepEqual(read(age, "19600230"), { value: null, fault: "unreadable-value" });
  assert.deepEqual(read(age, "20010101"), { value: null, fault: "out-of-bounds" });
  assert.deepEqual(read(age, "18000101"), { value: null, fault: "out-of-bounds" });
});

test("a flag is yes for the declared texts, no for every other", () => {
  for (const text of ["yes", " YES ", "Y"]) assert.deepEqual(read(flag, text), { value: 1 });
  for (const text of ["no", "true", "1"]) assert.deepEqual(read(flag, text), { value: 0 });
});

test("an empty flag is null where it may be, no where not, and told either way", () => {
  assert.deepEqual(read(flag, " "), { value: 0, fault: "missing-value" });
  assert.deepEqual(read({ ...flag, nullable: true }, " "), { value: null, fault: "missing-value" });
});

test("a category is its index; what is not in the domain is the other one, and told", () => {
  assert.deepEqual(read(category, " NSW"), { value: 0 });
  assert.deepEqual(read(category, "vic"), { value: 1 });
  assert.deepEqual(read(category, "Other"), { value: 2 });
  assert.deepEqual(read(category, "nws"), { value: 2, fault: "unknown-category" });
  assert.deepEqual(read(category, ""), { value: 2, fault: "missing-value" });
});

test("whatever the text, a value lies in the range that ingest checks, or the row is rejected", () => {
  const column = fc.constantFrom(nullableInteger, neededInteger, age, flag, category);
  const text = fc.oneof(fc.string(), fc.integer().map(String), fc.stringMatching(/^[0-9]{8}$/));
  fc.assert(
    fc.property(column, text, (declared, cell) => {
      const { value, fault } = read(declared, cell);
      const { lower, upper, nullable } = rangeOf(declared, [declared]);
      if (value === undefined) assert.notEqual(fault, undefined);
      else if (value === null) assert.ok(nullable && fault !== undefined);
      else assert.ok(Number.isSafeInteger(value) && value >= lower && value <= upper);
    }),
    { numRuns: 500 },
  );
});

test("a category is one of its domain's, whatever they are called", () => {
  for (const [value, text] of oddTexts.entries()) {
    assert.deepEqual(read({ ...category, domain: oddTexts }, text), { value });
    assert.deepEqual(read(category, text), { value: 2, fault: "unknown-category" });
  }
});
