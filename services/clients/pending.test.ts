import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { Pending } from "./pending.ts";

const late = { code: "TIMED_OUT" };

test("a value that comes in time is handed over, to a wait of years too", async () => {
  const pending = new Pending<string>("It did not come.");
  const value = pending.await("key", 1e15);
  await sleep(20);
  pending.take("key", "value");
  assert.equal(await value, "value");
});

test("a wait that is over, or was from the start, ends with TIMED_OUT", async () => {
  const pending = new Pending<string>("It did not come.");
  await assert.rejects(pending.await("key", 10), late);
  await assert.rejects(pending.await("key", -10_000), late);
});
