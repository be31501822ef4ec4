/**
 * A request is charged or expires, never both, whatever the order between the topics.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Outcome } from "../../runtime/contract/stage.ts";
import { aggregate, DAY_MS, handle, handleOverdue, releasedIn, spend } from "../../test/stage-aggregate.ts";
import { issuedAt } from "../../test/stage-question.ts";
import { MemoryState } from "../../test/stage-state.ts";

const codesIn = (outcome: Outcome): string[] =>
  outcome.kind === "publish" ? outcome.refusals.map(({ code }) => code) : [outcome.code];
const actionsIn = (outcome: Outcome): string[] => outcome.audit.map(({ action }) => action);

const exact = await aggregate();
const { request } = exact;
const late = request.deadline + 1;

test("refuses an overdue request that has not paid, once", async () => {
  const state = new MemoryState();
  const first = await handleOverdue(request, state);
  assert.deepEqual([codesIn(first), first.outputs], [["DEADLINE_PASSED"], []]);
  assert.deepEqual(first.kind === "publish" && first.refusals[0]?.request, request);
  const again = await handleOverdue(request, state);
  assert.deepEqual([codesIn(again), again.outputs, again.changes], [[], [], []]);
});

test("charges nothing for an aggregate whose request has expired, though it came in time, and says so", async () => {
  const state = new MemoryState();
  await handleOverdue(request, state);
  const before = state.snapshot();
  const outcome = await handle(exact, state, issuedAt);
  assert.deepEqual([codesIn(outcome), outcome.outputs, actionsIn(outcome)], [[], [], ["request.expired"]]);
  assert.deepEqual(state.snapshot(), before);
});

test("says nothing of an overdue request that has paid: its answer is on the way", async () => {
  const state = new MemoryState();
  await handle(exact, state);
  const before = state.snapshot();
  const outcome = await handleOverdue(request, state);
  assert.deepEqual([codesIn(outcome), outcome.outputs, outcome.audit], [[], [], []]);
  assert.deepEqual(state.snapshot(), before);
});

test("knows what has paid longer than it keeps the release", async () => {
  const state = new MemoryState();
  await handle(exact, state);
  await spend(1, {}, state, request.deadline + 2 * DAY_MS);
  assert.equal(state.get("released", request.digest), undefined);
  assert.deepEqual(codesIn(await handleOverdue(request, state)), []);
  assert.deepEqual(codesIn(await handle(exact, state, request.deadline + 2 * DAY_MS)), []);
});

test("refuses an aggregate after its deadline, not at it, and charges no other of the request", async () => {
  const state = new MemoryState();
  const outcome = await handle(exact, state, late);
  assert.deepEqual([codesIn(outcome), outcome.outputs], [["DEADLINE_PASSED"], []]);
  assert.deepEqual(state.snapshot(), [["expired", request.digest, request.deadline]]);
  assert.deepEqual(actionsIn(await handle(exact, state, issuedAt)), ["request.expired"]);
  assert.deepEqual(codesIn(await handleOverdue(request, state)), []);
  releasedIn(await handle(exact, new MemoryState(), request.deadline));
});

test("repeats a release after the deadline rather than refuse what was charged", async () => {
  const state = new MemoryState();
  const first = await handle(exact, state);
  const outcome = await handle(exact, state, late);
  assert.deepEqual([releasedIn(outcome), codesIn(outcome)], [releasedIn(first), []]);
});

test("forgets what expired a day after its deadline, by the time of aggregates", async () => {
  const state = new MemoryState();
  const other = await aggregate(1);
  const isKept = (): boolean => state.get("expired", request.digest) !== undefined;
  await handleOverdue(request, state);
  // Overdue requests are read from a topic of their own, which may run days ahead of the aggregates.
  await handleOverdue(other.request, state, request.deadline + 9 * DAY_MS);
  assert.ok(isKept());
  await handle(await aggregate(2), state, request.deadline + DAY_MS);
  assert.ok(isKept());
  await handle(await aggregate(3), state, request.deadline + DAY_MS + 1);
  assert.ok(!isKept());
});

test("whatever comes first decides, in every order and however often doubled: charged or expired", async () => {
  const early = "early" as const;
  const events = [early, early, "late" as const, "late" as const, "overdue" as const, "overdue" as const];
  const orders = fc.shuffledSubarray(events, { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(orders, async (order) => {
      const state = new MemoryState();
      const decided: string[] = [];
      for (const event of order) {
        const outcome =
          event === "overdue"
            ? await handleOverdue(request, state)
            : await handle(exact, state, event === "early" ? issuedAt : late);
        decided.push(...codesIn(outcome));
        decided.push(...actionsIn(outcome).filter((action) => action === "budget.spent"));
      }
      assert.deepEqual(decided, [order[0] === "early" ? "budget.spent" : "DEADLINE_PASSED"]);
      assert.equal([...state.entries("charges")].length, order[0] === "early" ? 1 : 0);
    }),
    { numRuns: 200 },
  );
});
