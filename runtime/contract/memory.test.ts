import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryState } from "../../test/stage-state.ts";
import { Memory } from "./memory.ts";

const hour = 3_600_000;
const memory = new Memory<number>("kept", (time) => time, 10 * hour);

test("what is old is let go in pieces, and up to the last piece all of it counts as forgotten", () => {
  const state = new MemoryState();
  const count = 4_500;
  state.apply(Array.from({ length: count }, (_, time) => memory.entries.put(String(time), time)));
  const now = 10 * hour + count;
  const left = (): number => state.entries("kept").length;
  for (const expected of [2_500, 500, 0]) {
    state.apply(memory.forget(state, now));
    assert.equal(left(), expected);
    assert.ok(memory.isForgotten(count - expected - 1, state));
    assert.ok(!memory.isForgotten(count + 1, state));
  }
  assert.deepEqual(memory.forget(state, now + hour - 1), [], "and then rests for an hour");
});

test("what was forgotten stays so, whatever comes late", () => {
  const state = new MemoryState();
  state.apply(memory.forget(state, 100 * hour));
  assert.ok(memory.isForgotten(80 * hour, state));
  state.apply(Array.from({ length: 3_000 }, (_, time) => memory.entries.put(String(time), time)));
  state.apply(memory.forget(state, 102 * hour));
  assert.ok(memory.isForgotten(80 * hour, state));
});
