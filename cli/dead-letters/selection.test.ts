import assert from "node:assert/strict";
import { test } from "node:test";
import type { Letter } from "./letters.ts";
import { hindranceOf } from "./redrive.ts";
import { select, selectionOf, type SelectionOptions } from "./selection.ts";

const now = Date.parse("2026-11-25T12:00:00Z");

function letter(offset: number, change: Partial<Letter> = {}): Letter {
  const stage = change.stage ?? "psi";
  return {
    name: `${stage}/${String(offset)}`,
    offset: BigInt(offset),
    key: Buffer.from("k"),
    time: now - 60_000 * (10 - offset),
    redriven: false,
    stage,
    ...{ code: "INTERNAL_ERROR", message: "", eventType: "DatasetHead", attempts: 3, truncated: false },
    ...{ sourceTopic: "eu.dataset.heads", sourcePartition: 0, sourceOffset: offset, sourceLastOffset: null },
    ...{ sealed: Buffer.alloc(0), cause: null, traceparent: null },
    ...change,
  };
}

const letters = [
  letter(0),
  letter(1, { stage: "dp" }),
  letter(2, { code: "EVENT_UNREADABLE" }),
  letter(3),
  letter(9),
];

const chosenBy = (options: SelectionOptions, end: "oldest" | "newest" = "oldest"): [string[], number] => {
  const { chosen, left } = select(letters, selectionOf([], options, now), end);
  return [chosen.map(({ name }) => name), left];
};

test("without a filter all letters are chosen, oldest first", () => {
  assert.deepEqual(chosenBy({}), [["psi/0", "dp/1", "psi/2", "psi/3", "psi/9"], 0]);
});

test("filters are by stage, code and time, and hold together", () => {
  assert.deepEqual(chosenBy({ stage: "dp" }), [["dp/1"], 0]);
  assert.deepEqual(chosenBy({ stage: "dp,psi", code: "EVENT_UNREADABLE" }), [["psi/2"], 0]);
  assert.deepEqual(chosenBy({ since: "7m" }), [["psi/3", "psi/9"], 0]);
  assert.deepEqual(chosenBy({ since: "2026-11-25T11:58:30Z" }), [["psi/9"], 0]);
  assert.deepEqual(chosenBy({ since: "1d", stage: "psi", code: "INTERNAL_ERROR" }), [
    ["psi/0", "psi/3", "psi/9"],
    0,
  ]);
});

test("a limit keeps the oldest or the newest, and says how many are left", () => {
  assert.deepEqual(chosenBy({ limit: "2" }), [["psi/0", "dp/1"], 3]);
  assert.deepEqual(chosenBy({ limit: "2" }, "newest"), [["psi/3", "psi/9"], 3]);
});

test("letters that are named are chosen whatever the filters, and an unknown name is refused", () => {
  const { chosen } = select(letters, selectionOf(["psi/9", "psi/0"], { code: "X" }, now), "oldest");
  assert.deepEqual(
    chosen.map(({ name }) => name),
    ["psi/9", "psi/0"],
  );
  assert.throws(() => select(letters, selectionOf(["psi/1"], {}, now), "oldest"), {
    code: "DEAD_LETTER_UNKNOWN",
  });
});

for (const options of [
  { stage: "nosuch" },
  { limit: "0" },
  { limit: "many" },
  { limit: "1.5" },
  { since: "soon" },
  { since: "7w" },
  { since: "2026-13-40" },
]) {
  test(`${JSON.stringify(options)} is refused`, () => {
    assert.throws(() => selectionOf([], options, now), { code: "CONFIG_INVALID" });
  });
}

test("what was redriven, was cut off or is no known event is not redriven", () => {
  assert.equal(hindranceOf(letter(0)), undefined);
  assert.equal(hindranceOf(letter(0, { redriven: true })), "redriven already");
  assert.equal(hindranceOf(letter(0, { truncated: true })), "only its start was kept");
  for (const eventType of [null, "NoSuchEvent"]) {
    assert.equal(hindranceOf(letter(0, { eventType })), "no known event");
  }
});
