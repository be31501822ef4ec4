import assert from "node:assert/strict";
import { test } from "node:test";
import { Lags } from "./lag.ts";

const nothingWaits = (): undefined => undefined;

test("is what lies between the topic's end and what was handled", () => {
  const lags = new Lags();
  lags.hear("eu.clock.ticks", "clock.ticks", 100n, 60n);
  assert.deepEqual([...lags.records(() => 40n)], [["clock.ticks", 60]]);
});

test("is what was not fetched where all that was fetched is handled, markers and all", () => {
  const lags = new Lags();
  lags.hear("eu.clock.ticks", "clock.ticks", 100n, 100n);
  assert.deepEqual([...lags.records(nothingWaits)], [["clock.ticks", 0]]);
  lags.hear("eu.clock.ticks", "clock.ticks", 105n, 101n);
  assert.deepEqual([...lags.records(nothingWaits)], [["clock.ticks", 4]]);
});

test("adds up the topics of all providers under their declared name, and names none", () => {
  const lags = new Lags();
  lags.hear("eu.ingest.north", "ingest.<provider>", 10n, 8n);
  lags.hear("eu.ingest.south", "ingest.<provider>", 20n, 17n);
  assert.deepEqual([...lags.records(nothingWaits)], [["ingest.<provider>", 5]]);
});

test("is never negative, whatever was fetched before a seek", () => {
  const lags = new Lags();
  lags.hear("eu.clock.ticks", "clock.ticks", 5n, 5n);
  assert.deepEqual([...lags.records(() => 9n)], [["clock.ticks", 0]]);
});
