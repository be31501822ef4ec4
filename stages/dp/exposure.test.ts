import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  addFractions,
  compareFractions,
  formatFraction,
  fraction,
  multiplyFractions,
  parseFraction,
} from "../../crypto/fraction/fraction.ts";
import { deltaOf } from "../../domain/statistics/mechanism.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Outcome } from "../../runtime/contract/stage.ts";
import type { ExactAggregate, LogLeaf, ReleasedAggregate } from "../../schemas/avro/index.ts";
import {
  aggregate,
  DAY_MS,
  handle,
  handleAnchored,
  handleOverdue,
  outputsOf,
  plan,
  releasedIn,
} from "../../test/stage-aggregate.ts";
import { issuedAt } from "../../test/stage-question.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { HELD_MAX } from "./held.ts";

/** Of a share of 20, so much may be exposed: 1. */
const exposed = "1/20";
const rich = { budgetTotal: "20", budgetWindows: [], epsilon: "1/2" };

const leavesOf = (outcome: Outcome): LogLeaf[] => outputsOf(outcome, "proofs.pending") as LogLeaf[];
const releasesOf = (outcome: Outcome): string[] =>
  (outputsOf(outcome, "dp.released") as ReleasedAggregate[]).map(({ request }) => request.digest);
const codesOf = (outcome: Outcome): string[] =>
  outcome.kind === "publish" ? outcome.refusals.map(({ code }) => code) : [outcome.code];

async function asked(number: number, epsilon = "1/2"): Promise<ExactAggregate> {
  return aggregate(number, { ...rich, epsilon }, { asking: number });
}

describe("what is spent and not anchored", () => {
  test("is bounded: past it questions wait, and go on in their order as leaves are anchored", async () => {
    const state = new MemoryState();
    const questions = await Promise.all([1, 2, 3, 4, 5].map((number) => asked(number)));
    const leaves: LogLeaf[] = [];
    const released: string[] = [];
    for (const exact of questions) {
      const outcome = await handle(exact, state, issuedAt, { exposed });
      leaves.push(...leavesOf(outcome));
      released.push(...releasesOf(outcome));
    }
    const digests = questions.map(({ request }) => request.digest);
    assert.deepEqual(released, digests.slice(0, 2));
    // More come meanwhile.
    for (const leaf of leaves) {
      const outcome = await handleAnchored(leaf, state, issuedAt, { exposed });
      leaves.push(...leavesOf(outcome));
      released.push(...releasesOf(outcome));
    }
    assert.deepEqual(released, digests);
    // Nothing is left of what was remembered for it.
    for (const table of ["exposed", "unanchored", "held", "held-queues"])
      assert.deepEqual(state.entries(table), [], table);
  });

  test("is charged where it alone is dearer than the bound, and nothing else is exposed", async () => {
    const state = new MemoryState();
    const [dear, next] = [await asked(1, "2"), await asked(2, "1/2")];
    const first = await handle(dear, state, issuedAt, { exposed });
    assert.deepEqual(releasesOf(first), [dear.request.digest]);
    assert.deepEqual(releasesOf(await handle(next, state, issuedAt, { exposed })), []);
    const [leaf] = leavesOf(first);
    const after = await handleAnchored(leaf ?? assert.fail(), state, issuedAt, { exposed });
    assert.deepEqual(releasesOf(after), [next.request.digest]);
  });

  test("is bounded in delta as well", async () => {
    const state = new MemoryState();
    const delta = deltaOf(plan);
    const half = formatFraction(multiplyFractions(parseFraction(delta), fraction(30n)));
    const tight = { ...rich, budgetDelta: half, epsilon: "1/2" };
    const [one, other] = [await aggregate(1, tight, { asking: 1 }), await aggregate(2, tight, { asking: 2 })];
    // A twentieth of thirty prices is one and a half.
    assert.equal(releasesOf(await handle(one, state, issuedAt, { exposed })).length, 1);
    assert.equal(releasesOf(await handle(other, state, issuedAt, { exposed })).length, 0);
  });

  test("lets a repeat go on as soon as the question that it repeats is charged", async () => {
    const state = new MemoryState();
    const first = await handle(await asked(1, "2"), state, issuedAt, { exposed });
    const repeated = { ...rich, epsilon: "2" };
    const waiting = [
      await aggregate(2, repeated, { asking: 2 }),
      await aggregate(2, repeated, { asking: 3 }),
      await aggregate(2, repeated, { asking: 4 }),
    ];
    for (const exact of waiting) await handle(exact, state, issuedAt, { exposed });
    const after = await handleAnchored(leavesOf(first)[0] ?? assert.fail(), state, issuedAt, { exposed });
    assert.deepEqual(
      releasesOf(after),
      waiting.map(({ request }) => request.digest),
    );
    assert.equal(leavesOf(after).length, 1);
  });

  test("keeps nobody waiting who costs nothing, or who is refused anyway", async () => {
    const state = new MemoryState();
    await handle(await asked(1, "2"), state, issuedAt, { exposed });
    await handle(await asked(2, "1/2"), state, issuedAt, { exposed });
    const again = await aggregate(1, { ...rich, epsilon: "2" }, { asking: 9 });
    assert.equal(releasedIn(await handle(again, state, issuedAt, { exposed })).spend.epsilon, "0");
    const beyond = await handle(await asked(3, "19"), state, issuedAt, { exposed });
    assert.deepEqual(codesOf(beyond), ["BUDGET_EXHAUSTED"]);
  });

  test("leaves nobody behind whoever goes before without a charge", async () => {
    const state = new MemoryState();
    const first = await handle(await asked(1, "10"), state, issuedAt, { exposed });
    const expired = await asked(2, "8");
    const waiting = [expired, await asked(3, "8"), await asked(4, "3"), await asked(5, "2")];
    for (const exact of waiting)
      assert.deepEqual(releasesOf(await handle(exact, state, issuedAt, { exposed })), []);
    assert.deepEqual(codesOf(await handleOverdue(expired.request, state, issuedAt, { exposed })), [
      "DEADLINE_PASSED",
    ]);
    assert.equal(state.entries("held").length, 3);
    const second = await handleAnchored(leavesOf(first)[0] ?? assert.fail(), state, issuedAt, { exposed });
    assert.deepEqual(releasesOf(second), [waiting[1]?.request.digest]);
    // Of the next one more is asked than is left: the one after it has its turn at once, whatever is exposed.
    const third = await handleAnchored(leavesOf(second)[0] ?? assert.fail(), state, issuedAt, { exposed });
    assert.deepEqual(codesOf(third), ["BUDGET_EXHAUSTED"]);
    assert.deepEqual(releasesOf(third), [waiting[3]?.request.digest]);
    assert.deepEqual(state.entries("held"), []);
  });

  test("keeps a question no longer than to its deadline, and charges none that was told it was not", async () => {
    const state = new MemoryState();
    const first = await handle(await asked(1, "2"), state, issuedAt, { exposed });
    const [told, late] = [await asked(2), await asked(3)];
    for (const exact of [told, late]) await handle(exact, state, issuedAt, { exposed });
    const word = await handleOverdue(told.request, state, issuedAt, { exposed });
    assert.deepEqual(codesOf(word), ["DEADLINE_PASSED"]);
    // Days later: what expired is forgotten by then, and nothing came for the other.
    const days = issuedAt + 3 * DAY_MS;
    await handle(await aggregate(1, { ...rich, epsilon: "2" }, { asking: 9 }), state, days, { exposed });
    const after = await handleAnchored(leavesOf(first)[0] ?? assert.fail(), state, days, { exposed });
    assert.deepEqual([releasesOf(after), codesOf(after)], [[], ["DEADLINE_PASSED"]]);
    assert.deepEqual(state.entries("held"), []);
  });

  test("lets so many wait of a population, and refuses more before anything is charged", async () => {
    const state = new MemoryState();
    await handle(await asked(1, "2"), state, issuedAt, { exposed });
    await handle(await asked(2), state, issuedAt, { exposed });
    // One that waits and comes again does not wait twice.
    const again = await handle(await asked(2), state, issuedAt, { exposed });
    assert.deepEqual([codesOf(again), again.changes], [[], []]);
    for (let number = 1; number < HELD_MAX; number++)
      assert.deepEqual(codesOf(await handle(await asked(2 + number), state, issuedAt, { exposed })), []);
    const before = state.snapshot();
    const more = await handle(await asked(1_000), state, issuedAt, { exposed });
    assert.deepEqual([codesOf(more), more.changes], [["BUDGET_UNANCHORED"], []]);
    assert.deepEqual(state.snapshot(), before);
  });

  test("a question that cannot be decided holds up nothing of what made room for it", async () => {
    const state = new MemoryState();
    const first = await handle(await asked(1, "2"), state, issuedAt, { exposed });
    await handle(await asked(2), state, issuedAt, { exposed });
    const failure = new PavilionError("HSM_OPERATION_FAILED", "The token failed.");
    const failing = { exposed, seed: () => Promise.reject(failure) };
    // The turn is an input of its own, and that is what fails.
    await assert.rejects(
      handleAnchored(leavesOf(first)[0] ?? assert.fail(), state, issuedAt, failing),
      failure,
    );
    assert.deepEqual([state.entries("exposed"), state.entries("held")], [[], []]);
  });

  test("is the same noise and the same answer, whether the question waited or not", async () => {
    const [waited, direct] = [new MemoryState(), new MemoryState()];
    const question = await asked(2);
    const first = await handle(await asked(1, "2"), waited, issuedAt, { exposed });
    await handle(question, waited, issuedAt, { exposed });
    const after = await handleAnchored(leavesOf(first)[0] ?? assert.fail(), waited, issuedAt, { exposed });
    assert.deepEqual(releasedIn(after).cells, releasedIn(await handle(question, direct)).cells);
    const witness = (outcome: Outcome): unknown =>
      (outputsOf(outcome, "dp.witnesses")[0] as { exact: unknown }).exact;
    assert.deepEqual(witness(after), witness(await handle(question, new MemoryState())));
  });

  test("never exceeds the bound, or the price of one question that is dearer", async () => {
    const step = fc.oneof(
      fc.constantFrom("1/4", "1/2", "1", "3/2").map((epsilon) => ({ epsilon })),
      fc.constant("anchor" as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (steps) => {
        const state = new MemoryState();
        const open: { readonly leaf: LogLeaf; readonly epsilon: string }[] = [];
        let asking = 0;
        const spent = (outcome: Outcome): void => {
          for (const leaf of leavesOf(outcome))
            open.push({ leaf, epsilon: (JSON.parse(leaf.text) as { epsilon: string }).epsilon });
          const sum = open.map(({ epsilon }) => parseFraction(epsilon)).reduce(addFractions, fraction(0n));
          assert.ok(compareFractions(sum, fraction(1n)) <= 0 || open.length === 1);
        };
        for (const one of steps) {
          if (one !== "anchor")
            spent(await handle(await asked(++asking, one.epsilon), state, issuedAt, { exposed }));
          const over = one === "anchor" ? open.shift() : undefined;
          if (over !== undefined) spent(await handleAnchored(over.leaf, state, issuedAt, { exposed }));
        }
        while (open.length > 0) {
          const over = open.shift();
          if (over !== undefined) spent(await handleAnchored(over.leaf, state, issuedAt, { exposed }));
        }
        assert.deepEqual(state.entries("held"), []);
      }),
      { numRuns: 25 },
    );
  });
});
