import assert from "node:assert/strict";
import { test } from "node:test";
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  verifyConsistency,
  verifyInclusion,
} from "../../crypto/merkle/merkle.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { anchorCount, anchorsFrom, firstAnchor, noteAnchor } from "./anchors.ts";
import { forgetBeginning } from "./forgetting.ts";
import { takeLeaf } from "./leaves.ts";
import { nodesIn, rootAt, sizeOf } from "./log.ts";
import { noteSeed } from "./seeds.ts";

const size = 1_300;
/** Its sibling is the leaf before it. */
const early = 7;
const zeros = `0x${"00".repeat(32)}`;

const textOf = (number: number): string => JSON.stringify({ leaf: number });

/** A log with an anchor for each leaf; of the early one's request the last leaf is still to come, where it is open. */
function logOf({ isOpen }: { readonly isOpen: boolean }): MemoryState {
  const state = new MemoryState();
  for (let number = 0; number < size; number++) {
    const request = {
      ...{ requestId: String(number), digest: String(number), tenant: "clinic", broker: "core" },
      ...{ collaboration: "care", deadline: 0 },
    };
    const completes = !(isOpen && number === early);
    state.apply(takeLeaf({ kind: "spend", request, text: textOf(number), completes }, state));
    const link = { previous: zeros, root: `0x${rootAt(number + 1, state)}`, size: number + 1, time: number };
    state.apply(
      noteAnchor({ link, transaction: zeros, block: number, blockHash: zeros, checkpoint: "" }, state),
    );
  }
  return state;
}

function forgetAll(state: MemoryState): void {
  for (let changes = forgetBeginning(state); changes.length > 0; changes = forgetBeginning(state))
    state.apply(changes);
}

function isProvable(place: number, state: MemoryState): boolean {
  const leaf = leafHash(Buffer.from(textOf(place)));
  try {
    const proof = inclusionProof(place, sizeOf(state), nodesIn(state));
    return verifyInclusion(leaf, place, sizeOf(state), proof, rootAt(sizeOf(state), state));
  } catch {
    return false;
  }
}

/** Every later anchor's tree is shown to hold the first one's. */
function requireConsistent(state: MemoryState): void {
  const [first, ...later] = anchorsFrom(firstAnchor(state), state).map(({ link }) => link);
  assert.ok(first !== undefined && later.length >= 999);
  for (const { size: whole, root } of later) {
    const proof = consistencyProof(first.size, whole, nodesIn(state));
    assert.ok(verifyConsistency(first.size, first.root.slice(2), whole, root.slice(2), proof));
  }
}

test("the beginning goes that no anchor is left of, and every anchor that is left is proven", () => {
  const state = logOf({ isOpen: false });
  forgetAll(state);
  assert.deepEqual([firstAnchor(state), anchorCount(state)], [300, size]);
  requireConsistent(state);
  assert.equal(isProvable(early, state), false);
  for (const place of [302, 700, size - 1]) assert.ok(isProvable(place, state));
});

test("a seed's leaf is proven until the seed is destroyed", () => {
  const state = logOf({ isOpen: false });
  const times = { madeAt: 0, openedAt: 0, closedAt: null };
  const seed = { id: 1, commitment: "", index: early, text: "", state: "open", anchor: early } as const;
  state.apply([noteSeed({ ...seed, ...times })]);
  forgetAll(state);
  assert.equal(firstAnchor(state), early);
  assert.ok(isProvable(early, state));
  requireConsistent(state);
});

test("a request's leaf is proven until the one that completes it came", () => {
  const state = logOf({ isOpen: true });
  forgetAll(state);
  assert.equal(firstAnchor(state), early);
  assert.ok(isProvable(early, state));
  requireConsistent(state);
});
