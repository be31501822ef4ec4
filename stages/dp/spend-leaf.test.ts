/**
 * The leaves of spends: one chain a population, each committing to what was paid for and released.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { deltaOf } from "../../domain/statistics/mechanism.ts";
import { hashOfLeaf, releasedDigest } from "../../domain/log/leaves.ts";
import { parseDocument } from "../../schemas/reading/validate.ts";
import type { Outcome } from "../../runtime/contract/stage.ts";
import type { LogLeaf, Plan } from "../../schemas/avro/index.ts";
import type { SpendLeaf } from "../../schemas/json/spend-leaf.ts";
import {
  aggregate,
  handle,
  handleOverdue,
  matchLeaf,
  outputsOf,
  releasedIn,
} from "../../test/stage-aggregate.ts";
import { issuedAt } from "../../test/stage-question.ts";
import { blindingUnder } from "../../domain/log/testing/seeds.ts";
import { MemoryState } from "../../test/stage-state.ts";

function leafIn(outcome: Outcome): SpendLeaf {
  const [leaf, ...more] = outputsOf(outcome, "proofs.pending") as LogLeaf[];
  assert.ok(leaf);
  assert.deepEqual([leaf.kind, leaf.completes, more], ["spend", true, []]);
  assert.equal(leaf.text, new TextDecoder().decode(canonicalBytes(JSON.parse(leaf.text))));
  return parseDocument("spend-leaf", leaf.text);
}

const payFor = async (state: MemoryState, number: number, change: Partial<Plan> = {}): Promise<SpendLeaf> =>
  leafIn(await handle(await aggregate(number, change), state));

test("a leaf says who paid how much for which match and which release, and its hash stands in the release", async () => {
  const exact = await aggregate();
  const outcome = await handle(exact, new MemoryState());
  const released = releasedIn(outcome);
  const { salt, ...leaf } = leafIn(outcome);
  assert.deepEqual(leaf, {
    type: "pavilion/spend-leaf",
    home: "au-east",
    request: exact.request.digest,
    population: "adults",
    document: exact.plan.populationDigest,
    sequence: 1,
    previous: null,
    epsilon: "1/2",
    delta: deltaOf(exact.plan),
    total: "1/2",
    deltaTotal: deltaOf(exact.plan),
    carried: [],
    match: matchLeaf,
    released: releasedDigest(released.cells),
  });
  assert.match(salt, /^[0-9a-f]{64}$/);
  assert.equal(released.spendLeaf, hashOfLeaf({ ...leaf, salt }));
});

test("leaves chain by hash, number and running total, exactly", async () => {
  const state = new MemoryState();
  const leaves: SpendLeaf[] = [];
  for (const [number, epsilon] of ["1/3", "1/6", "3/4"].entries()) {
    leaves.push(await payFor(state, number, { epsilon }));
  }
  const [first, second] = leaves;
  assert.ok(first && second);
  assert.deepEqual(
    leaves.map(({ sequence, previous, epsilon, total }) => [sequence, previous, epsilon, total]),
    [
      [1, null, "1/3", "1/3"],
      [2, hashOfLeaf(first), "1/6", "1/2"],
      [3, hashOfLeaf(second), "3/4", "5/4"],
    ],
  );
  assert.equal(new Set(leaves.map(({ salt }) => salt)).size, 3);
});

test("populations have chains of their own, which collaborations share", async () => {
  const state = new MemoryState();
  const first = await payFor(state, 1);
  const other = await payFor(state, 2, { population: "children" });
  assert.deepEqual([other.sequence, other.previous, other.total], [1, null, "1/2"]);
  const shared = await payFor(state, 3, { collaboration: "other" });
  assert.deepEqual([shared.sequence, shared.previous], [2, hashOfLeaf(first)]);
});

test("what pays nothing leaves no leaf and no gap: refused, expired, rejected, repeated", async () => {
  const state = new MemoryState();
  const first = await payFor(state, 1);
  const expiring = await aggregate(3);
  const outcomes = [
    await handle(await aggregate(2, { epsilon: "9" }), state),
    await handleOverdue(expiring.request, state),
    await handle(expiring, state),
    await handle(await aggregate(1), state),
    await handle(await aggregate(1, {}, { asking: 1 }), state),
    await handle({ ...(await aggregate(4)), cells: [] }, state),
    await handle(await aggregate(5), state, issuedAt, { seed: () => Promise.resolve(new Uint8Array(64)) }),
  ];
  for (const outcome of outcomes) assert.deepEqual(outputsOf(outcome, "proofs.pending"), []);
  const second = await payFor(state, 6);
  assert.deepEqual([second.sequence, second.previous], [2, hashOfLeaf(first)]);
});

test("the chain goes on over restarts, and is the same at a replay", async () => {
  const chain = async (restarts: boolean): Promise<SpendLeaf[]> => {
    let state = new MemoryState();
    const leaves: SpendLeaf[] = [];
    for (const number of [1, 2, 3]) {
      if (restarts) {
        state = state.restored();
      }
      leaves.push(await payFor(state, number));
    }
    return leaves;
  };
  assert.deepEqual(await chain(true), await chain(false));
});

test("the salt is keyed: under another key a leaf of the same spend has another hash", async () => {
  const exact = await aggregate();
  const blinding = blindingUnder("another key");
  const one = leafIn(await handle(exact, new MemoryState()));
  const { salt, ...other } = leafIn(await handle(exact, new MemoryState(), issuedAt, { blinding }));
  assert.notEqual(salt, one.salt);
  assert.deepEqual({ ...other, salt: one.salt }, one);
});

test("leaves of different releases of one question differ in the released groups' digest", async () => {
  const leaves = await Promise.all(
    [0, 10_000_000].map((minimumGroup) => payFor(new MemoryState(), 1, { minimumGroup })),
  );
  assert.notEqual(leaves[0]?.released, leaves[1]?.released);
});
