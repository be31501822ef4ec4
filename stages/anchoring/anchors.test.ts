import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryState } from "../../test/stage-state.ts";
import {
  anchorCount,
  anchorsFrom,
  firstAnchor,
  forgetAnchors,
  intendedIn,
  lastAnchor,
  loseAnchors,
  noteAnchor,
  type Anchor,
} from "./anchors.ts";

const word = (number: number): string => `0x${number.toString(16).padStart(64, "0")}`;

const anchorOf = (number: number): Anchor => ({
  link: { previous: word(number - 1), root: word(number), size: number, time: number },
  transaction: word(number),
  block: number,
  blockHash: word(number),
  checkpoint: `checkpoint ${String(number)}`,
});

/** Anchors of trees of 1, 2 … leaves. */
function stateWith(count: number): MemoryState {
  const state = new MemoryState();
  for (let size = 1; size <= count; size++) state.apply(noteAnchor(anchorOf(size), state));
  return state;
}

const kept = (state: MemoryState): number => [...state.entries("anchors")].length;

test("forgets nothing that is needed, nor the last thousand, and no more than a thousand at once", () => {
  for (const [needed, left] of [
    [0, 3_500],
    [10, 3_490],
    [900, 2_600],
    [Infinity, 2_500],
  ] as const) {
    const state = stateWith(3_500);
    state.apply(forgetAnchors(needed, state));
    assert.deepEqual([kept(state), firstAnchor(state)], [left, 3_500 - left]);
  }
  const state = stateWith(3_500);
  for (let n = 0; n < 5; n++) state.apply(forgetAnchors(Infinity, state));
  assert.equal(kept(state), 1_000);
  assert.deepEqual(forgetAnchors(Infinity, state), []);
  assert.deepEqual([anchorCount(state), lastAnchor(state)], [3_500, anchorOf(3_500)]);
});

test("what fell after others were forgotten is anchored anew, in order, and keeps its numbers", () => {
  const state = stateWith(1_200);
  state.apply(forgetAnchors(Infinity, state));
  state.apply(loseAnchors(1_197, state));
  assert.equal(lastAnchor(state)?.link.size, 1_197);
  for (const size of [1_198, 1_199, 1_200]) {
    assert.deepEqual(intendedIn(state), {
      size,
      root: word(size),
      checkpoint: `checkpoint ${String(size)}`,
    });
    state.apply(noteAnchor({ ...anchorOf(size), blockHash: word(9_000 + size) }, state));
  }
  assert.equal(intendedIn(state), undefined);
  assert.deepEqual(
    anchorsFrom(firstAnchor(state), state).map(({ link }) => link.size),
    Array.from({ length: 1_000 }, (_, index) => 201 + index),
  );
});
