/**
 * A question that was answered before is answered from what is stored: it costs nothing, and draws no second noise.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Outcome } from "../../runtime/contract/stage.ts";
import type { ExactAggregate, Plan } from "../../schemas/avro/index.ts";
import type { Request } from "../../schemas/json/request.ts";
import {
  aggregate,
  DAY_MS,
  handle,
  handleOverdue,
  outputsOf,
  plan,
  releasedIn,
  spend,
} from "../../test/stage-aggregate.ts";
import { issuedAt, request } from "../../test/stage-question.ts";
import { seedRef } from "../../domain/log/testing/seeds.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { answeredData, noteAnswer } from "./repeats.ts";

/** The same question asked again: another id, nonce and time, another deadline, and a newer seed. */
const again = (asking: number, change: Partial<Plan> = {}): Promise<ExactAggregate> =>
  aggregate(0, { seed: seedRef(1 + asking), ...change }, { asking });

const first = await aggregate();

/** A state that has answered the question once. */
async function answered(): Promise<{ state: MemoryState; outcome: Outcome }> {
  const state = new MemoryState();
  return { outcome: await handle(first, state), state };
}

const ledgerIn = (state: MemoryState): unknown =>
  state.snapshot().filter(([table]) => table === "accounts" || table === "charges");

test("gets the stored answer under its own name, which names the first request, and costs nothing", async () => {
  const { state, outcome } = await answered();
  const stored = releasedIn(outcome);
  const before = ledgerIn(state);
  const asked = await again(1);
  assert.notEqual(asked.request.digest, first.request.digest);
  const seed = (): never => assert.fail("no noise is drawn");
  const repeated = await handle(asked, state, issuedAt + 1000, { seed });
  assert.deepEqual(
    repeated.outputs.map(({ topic, type, key }) => [topic, type, key]),
    [["dp.released", "ReleasedAggregate", asked.request.requestId]],
  );
  assert.deepEqual(releasedIn(repeated), {
    ...stored,
    request: asked.request,
    document: asked.document,
    spend: { ...stored.spend, epsilon: "0", delta: "0" },
    repeats: first.request,
  });
  assert.deepEqual(ledgerIn(state), before);
  assert.deepEqual(repeated.audit, [
    {
      tenant: "clinic",
      action: "release.repeated",
      request: asked.request,
      details: { first: first.request.digest },
    },
  ]);
});

test("tells where the population stands by now, not where it stood", async () => {
  const { state } = await answered();
  await spend(1, {}, state);
  const { spend: told } = releasedIn(await handle(await again(1), state));
  const { total, left, sequence, epsilon } = told;
  assert.deepEqual([total, left, sequence, epsilon], ["1", "1", 1, "0"]);
});

test("is answered where no budget is left, and refused only as late as any other", async () => {
  const { state } = await answered();
  await spend(1, { epsilon: "3/2" }, state);
  assert.equal(await spend(2, { epsilon: "1/100" }, state), "BUDGET_EXHAUSTED");
  assert.equal(releasedIn(await handle(await again(1), state)).spend.left, "0");
  const late = await again(2);
  const outcome = await handle(late, state, late.request.deadline + 1);
  assert.ok(outcome.kind === "publish");
  assert.deepEqual([outcome.refusals.map(({ code }) => code), outcome.outputs], [["DEADLINE_PASSED"], []]);
});

test("however often it is repeated, every answer names the first request, and all have the same values", async () => {
  const { state, outcome } = await answered();
  for (const asking of [1, 2, 3]) {
    const { repeats, cells, spendLeaf, matchLeaf } = releasedIn(await handle(await again(asking), state));
    assert.deepEqual(repeats, first.request);
    const stored = releasedIn(outcome);
    assert.deepEqual([cells, spendLeaf, matchLeaf], [stored.cells, stored.spendLeaf, stored.matchLeaf]);
  }
});

test("an aggregate of it that comes again is repeated word for word, and its deadline finds it answered", async () => {
  const { state } = await answered();
  const asked = await again(1);
  const repeated = await handle(asked, state);
  await spend(1, {}, state);
  assert.deepEqual((await handle(asked, state)).outputs, repeated.outputs);
  const overdue = await handleOverdue(asked.request, state);
  assert.ok(overdue.kind === "publish");
  assert.deepEqual([overdue.refusals, overdue.outputs], [[], []]);
});

describe("pays like any other where it differs in", () => {
  const [north, south] = plan.datasets;
  const [count, sum] = plan.statistics;
  const [total, state] = plan.groupings;
  assert.ok(north && south && count && sum && total && state);
  const differs = (name: string, change: Partial<Plan>, document: Partial<Request> = {}): void => {
    test(name, async () => {
      const { state: memory, outcome } = await answered();
      const other = await handle(await aggregate(0, change, { asking: 1, document }), memory);
      const { repeats, spend: paid, cells } = releasedIn(other);
      assert.equal(repeats, null);
      assert.equal(paid.sequence, 2);
      assert.notDeepEqual(cells, releasedIn(outcome).cells);
      assert.equal(outputsOf(other, "proofs.pending").length, 1);
      assert.equal(outputsOf(other, "dp.witnesses").length, 1);
    });
  };

  differs("its tenant", {}, { tenant: "insurer" });
  differs("its broker", {}, { broker: "other" });
  differs("its purpose", {}, { purpose: "research" });
  differs("its legal basis", {}, { legalBasis: "consent" });
  differs("its epsilon", { epsilon: "1/3" }, { epsilon: "1/3" });
  differs("its measures", {}, { question: { ...request.question, measures: [{ kind: "count" }] } });
  differs("its groupings", {}, { question: { ...request.question, groupings: [{ by: "total" }] } });
  differs("a dataset's head", { datasets: [{ ...north, head: "ab".repeat(32) }, south] });
  differs("a dataset's number of batches", { datasets: [north, { ...south, sequence: 3 }] });
  differs("the epoch", { epoch: 3 });
  differs("the collaboration's version", { version: 4 });
  differs("the policy that allowed it", { policyBundle: "1".repeat(64) });
  differs("what it computes", { statistics: [count, { ...sum, lower: 17 }] });
  differs("the smallest group", { minimumGroup: 11 });
});

test("another collaboration's question over datasets of the same name is another", async () => {
  const { state } = await answered();
  const other = await aggregate(0, { collaboration: "care-two" }, { asking: 1 });
  assert.equal(releasedIn(await handle(other, state)).repeats, null);
  // And it leaves alone what was stored of the first.
  assert.deepEqual(releasedIn(await handle(await again(2), state)).repeats, first.request);
});

test("answers are forgotten once the data has moved on, and not before, whatever the time", async () => {
  const { state } = await answered();
  await handle(await aggregate(1), state);
  const answersIn = (): number => [...state.entries("answers")].length;
  assert.equal(answersIn(), 2);
  const later = await again(1);
  const inTime = { ...later, request: { ...later.request, deadline: issuedAt + 40 * DAY_MS } };
  assert.deepEqual(releasedIn(await handle(inTime, state, issuedAt + 40 * DAY_MS)).repeats, first.request);
  const moved = plan.datasets.map((dataset) => ({ ...dataset, head: "cc".repeat(32), sequence: 9 }));
  await handle(await again(2, { datasets: moved }), state);
  assert.equal(answersIn(), 1);
});

test("answers are forgotten too where a dataset that stood still stays and another has taken a third one's place", async () => {
  const state = new MemoryState();
  const [still, moving] = plan.datasets;
  assert.ok(still && moving);
  const asked = async (asking: number, sequence: number, dataset = "others"): Promise<void> => {
    const datasets = [still, { ...moving, dataset, sequence }];
    await handle(await again(asking, { datasets }), state);
  };
  await asked(1, 3, moving.dataset);
  for (const sequence of [1, 2, 3, 4]) await asked(1 + sequence, sequence);
  // Of the dataset that left nothing says that it is behind; of the one in its place the newest stays.
  assert.equal(state.entries("answers").length, 2);
});

test("how many data answers are kept of is told of the collaboration that has the most", async () => {
  const { state, outcome } = await answered();
  const { held, most } = answeredData(new MemoryState());
  assert.deepEqual([held, most, answeredData(state).held], [0, 100, 1]);
  const [one] = plan.datasets;
  assert.ok(one);
  const note = (collaboration: string, dataset: string): void => {
    const changed = { ...plan, collaboration, datasets: [...plan.datasets, { ...one, dataset }] };
    const released = { ...releasedIn(outcome), plan: changed };
    state.apply(noteAnswer({ ...first, plan: changed }, released, state));
  };
  for (const dataset of ["a", "b", "b", "c"]) note("other", dataset);
  assert.equal(answeredData(state).held, 3);
});

test("doubled, or after a restart, askings of one question pay once", async () => {
  const askings = await Promise.all([0, 1, 2].map((asking) => again(asking)));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(2), fc.boolean()), { minLength: 1, maxLength: 8 }),
      async (order) => {
        let state = new MemoryState();
        const values = new Set<string>();
        for (const [asking, restarts] of order) {
          if (restarts) {
            state = state.restored();
          }
          const asked = askings[asking];
          assert.ok(asked);
          values.add(JSON.stringify(releasedIn(await handle(asked, state)).cells));
        }
        assert.equal(values.size, 1);
        assert.equal([...state.entries("charges")].length, 1);
      },
    ),
    { numRuns: 40 },
  );
});
