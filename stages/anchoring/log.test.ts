import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { consistencyProof, inclusionProof, leafHash, rootOfLeaves } from "../../crypto/merkle/merkle.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { appendLeaf, forgetNodes, nodesIn, rootAt, sizeOf } from "./log.ts";

const leaf = (number: number): string => leafHash(Buffer.from(`leaf ${String(number)}`));

function logOf(size: number): MemoryState {
  const state = new MemoryState();
  for (let number = 0; number < size; number++) state.apply(appendLeaf(leaf(number), state));
  return state;
}

test("whatever was forgotten of the beginning, every proof about what comes after it is the same", () => {
  fc.assert(
    fc.property(fc.nat(90), fc.nat(40), fc.nat(90), (before, between, later) => {
      const whole = logOf(before + between + later);
      const state = logOf(before + between);
      state.apply(forgetNodes(before, state));
      for (let number = sizeOf(state); number < sizeOf(whole); number++)
        state.apply(appendLeaf(leaf(number), state));
      state.apply(forgetNodes(before, state));
      const size = sizeOf(whole);
      assert.equal(
        rootAt(size, state),
        rootOfLeaves(Array.from({ length: size }, (_, number) => leaf(number))),
      );
      for (let place = before; place < size; place++) {
        assert.deepEqual(
          inclusionProof(place, size, nodesIn(state)),
          inclusionProof(place, size, nodesIn(whole)),
        );
      }
      for (let from = Math.max(1, before); from <= size; from++) {
        assert.equal(rootAt(from, state), rootAt(from, whole));
        assert.deepEqual(
          consistencyProof(from, size, nodesIn(state)),
          consistencyProof(from, size, nodesIn(whole)),
        );
      }
    }),
  );
});

test("of what is forgotten a hash for each largest full subtree stays, and no more", () => {
  const state = logOf(1_000);
  for (let times = 0; times < 3; times++) state.apply(forgetNodes(1_000, state));
  // 1,000 is 512 + 256 + 128 + 64 + 32 + 8.
  assert.equal(state.entries("nodes").length, 6);
  assert.deepEqual(forgetNodes(1_000, state), []);
});
