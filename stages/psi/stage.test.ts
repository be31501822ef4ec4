import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { partitionDigest } from "../../domain/log/leaves.ts";
import type { Outcome } from "../../runtime/contract/stage.ts";
import type { PartialAggregate } from "../../schemas/avro/index.ts";
import { statisticsIn } from "../../test/stage-aggregate.ts";
import { tokenOf } from "../../test/stage-match.ts";
import { ASKED, DEADLINE, planAt, questionOf } from "../../test/stage-plan.ts";
import { people, preimagesIn, question, run, slice, tick, visits } from "./testing/questions.ts";
import { refusalsIn } from "../../test/stage-run.ts";

const HOUR_MS = 3_600_000;

/** Of the people of the slices, 2 and 3 have visits. The plan's statistics, group by group. */
const answer = [
  [2, 1, 0],
  [0, 0, 0],
  [1, 1, 0],
  [1, 0, 0],
];

const partialsIn = ({ outputs }: Outcome): PartialAggregate[] =>
  outputs.filter(({ topic }) => topic === "psi.partials").map(({ value }) => value as PartialAggregate);
function assertAnswered(outcome: Outcome, cells = answer): void {
  assert.deepEqual(
    partialsIn(outcome).map((partial) => partial.cells.map((cell) => statisticsIn(cell, partial.plan))),
    [cells],
  );
  assert.deepEqual(refusalsIn(outcome), []);
}

function assertRefused(outcome: Outcome, code: string, number = 1): void {
  assert.deepEqual(outcome.outputs, []);
  assert.deepEqual(refusalsIn(outcome), [`${questionOf(number).request.digest} ${code}`]);
}

function assertSilent(outcome: Outcome): void {
  assert.equal(outcome.kind, "publish");
  assert.deepEqual([outcome.outputs, outcome.audit, refusalsIn(outcome)], [[], [], []]);
}

test("answers a question at the pinned heads with a partial that carries question and place", async () => {
  const asked = questionOf(1);
  const { last } = await run([slice("people", 1, people), slice("visits", 1, visits), question(asked)]);
  assertAnswered(last);
  const { request, document, plan } = asked;
  const [partial] = partialsIn(last);
  const [preimage] = preimagesIn(last);
  assert.ok(partial && preimage);
  const { cells } = partial;
  const digest = partitionDigest([createHash("sha256").update(preimage.text).digest("hex")]);
  const to = { key: request.requestId };
  const place = { partition: 3, partitions: 4 };
  const answered = { request, document, plan, ...place, cells, preimage: digest };
  const listed = { request, part: "partition-3-0", text: preimage.text };
  assert.deepEqual(last.outputs, [
    { topic: "psi.partials", type: "PartialAggregate", value: answered, ...to },
    { topic: "match.preimages", type: "MatchPreimage", value: listed, ...to },
  ]);
  assert.deepEqual(last.audit, [
    {
      tenant: request.tenant,
      action: "request.matched",
      request,
      details: { partition: "3", partitions: "4" },
    },
  ]);
});

test("answers with a later push's values where the pinned head has them", async () => {
  const events = [slice("people", 1, people), slice("visits", 1, visits), slice("people", 2, { 2: [17, 0] })];
  const { last } = await run([...events, question(questionOf(1, planAt(2, 1)))]);
  assertAnswered(last, [
    [2, 2, 1],
    [1, 1, 1],
    [1, 1, 0],
    [0, 0, 0],
  ]);
});

describe("a question", () => {
  test("is held until every pinned head is there, then answered as of exactly these", async () => {
    const { outcomes } = await run([
      question(questionOf(1, planAt(2, 1))),
      slice("people", 1, { 1: [40, 0], 2: [50, 1] }),
      slice("visits", 1, visits),
      slice("people", 2, { 2: [null, 2], 3: [16, 1] }),
    ]);
    outcomes.slice(0, 3).forEach(assertSilent);
    const [, , , last] = outcomes;
    assert.ok(last);
    assertAnswered(last);
  });

  test("is held once, and answered beside others in the order of their digests", async () => {
    const { outcomes, state } = await run([
      ...[3, 1, 2].map((number) => question(questionOf(number))),
      slice("people", 1, people),
      slice("visits", 1, visits),
    ]);
    assert.deepEqual(
      outcomes[3]?.changes.filter(({ table }) => table === "held"),
      [],
    );
    const asked = outcomes.flatMap(partialsIn).map(({ request }) => request.digest);
    assert.deepEqual(
      asked,
      [1, 2, 3].map((number) => questionOf(number).request.digest),
    );
    assert.deepEqual([...state.entries("held")], []);
  });

  test("is refused STALE_HEAD where a dataset is past its head", async () => {
    const events = [slice("people", 1, people), slice("visits", 1, visits), slice("visits", 2)];
    assertRefused((await run([...events, question(questionOf(1))])).last, "STALE_HEAD");
  });

  test("is refused STALE_HEAD where another batch stands at the pinned number", async () => {
    const events = [slice("people", 1, people, { head: "f".repeat(64) }), slice("visits", 1)];
    assertRefused((await run([...events, question(questionOf(1))])).last, "STALE_HEAD");
  });

  test("is refused STALE_HEAD once a dataset passes its head while another is still behind", async () => {
    const events = [question(questionOf(1, planAt(1, 2))), slice("visits", 1), slice("people", 1)];
    const { outcomes, last, state } = await run([...events, slice("people", 2)]);
    outcomes.slice(0, 3).forEach(assertSilent);
    assertRefused(last, "STALE_HEAD");
    assert.deepEqual([...state.entries("held")], []);
  });

  test("is refused STALE_HEAD when its epoch ends, held or not", async () => {
    const events = [question(questionOf(1)), slice("people", 1), slice("people", 1, {}, { epoch: 3 })];
    const { state, last } = await run(events);
    assertRefused(last, "STALE_HEAD");
    assertRefused((await run([question(questionOf(2))], state)).last, "STALE_HEAD", 2);
  });

  test("is refused DEADLINE_PASSED by a tick after its deadline, not at it", async () => {
    const { outcomes, last, state } = await run([
      question(questionOf(1)),
      question(questionOf(2, planAt(), DEADLINE + 1)),
      tick(DEADLINE),
      tick(DEADLINE + 1),
    ]);
    outcomes.slice(0, 3).forEach(assertSilent);
    assertRefused(last, "DEADLINE_PASSED");
    assert.deepEqual(
      [...state.entries("held")].map(([key]) => key),
      [questionOf(2).request.digest],
    );
  });

  test("is still answered at its deadline", async () => {
    const events = [slice("people", 1, people), slice("visits", 1, visits)];
    assertAnswered((await run([...events, question(questionOf(1), DEADLINE)])).last);
  });

  test("is refused DEADLINE_PASSED when it comes too late itself", async () => {
    const { last } = await run([
      slice("people", 1),
      slice("visits", 1),
      question(questionOf(1), DEADLINE + 1),
    ]);
    assertRefused(last, "DEADLINE_PASSED");
  });

  test("is refused INTERNAL_ERROR where its plan does not fit, and the slice that released it stays", async () => {
    const { outcomes, last, state } = await run([
      question(questionOf(1)),
      slice("people", 1, { 1: [5, 0] }),
      slice("visits", 1, { 1: [1, 0] }),
    ]);
    assertSilent(outcomes[0] ?? last);
    assertRefused(last, "INTERNAL_ERROR");
    assert.ok(state.get("heads", "care/2/visits"));
  });

  test("that comes twice is decided once, until an hour after its deadline", async () => {
    const asked = question(questionOf(1));
    const { state, last } = await run([slice("people", 1), slice("visits", 1), asked, asked]);
    assertSilent(last);
    await run([tick(DEADLINE + HOUR_MS)], state);
    assertSilent((await run([asked], state)).last);
    await run([tick(DEADLINE + HOUR_MS + 1)], state);
    assert.deepEqual([...state.entries("decided")], []);
  });
});

describe("a slice", () => {
  test("of an earlier batch changes nothing, its older values neither", async () => {
    const first = slice("people", 1, { 2: [99, 0] });
    const { state } = await run([first, slice("people", 2, people), slice("visits", 1, visits)]);
    const before = state.snapshot();
    assertSilent((await run([first], state)).last);
    assert.deepEqual(state.snapshot(), before);
    assertAnswered((await run([question(questionOf(1, planAt(2, 1)))], state)).last);
  });

  for (const [name, bad] of [
    ["that leaves a gap", slice("people", 3)],
    ["that forks its dataset", slice("people", 1, {}, { head: "f".repeat(64) })],
    ["numbered below 1", slice("visits", 0)],
  ] as const) {
    test(`${name} is rejected INTERNAL_ERROR and changes nothing`, async () => {
      const { last } = await run([slice("people", 1), bad]);
      assert.equal(last.kind === "reject" && last.code, "INTERNAL_ERROR");
      assert.deepEqual(last.changes, []);
    });
  }

  test("writes a state key of its own for every record, so that no key tells that two datasets share a token", async () => {
    const { outcomes } = await run([slice("people", 1, people), slice("visits", 1, visits)]);
    const [first, second] = outcomes.map(({ changes }) =>
      changes.filter(({ table }) => table.startsWith("records/")).map(({ table, key }) => `${table} ${key}`),
    );
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(first.length, Object.keys(people).length);
    assert.equal(second.length, Object.keys(visits).length);
    assert.equal(new Set([...first, ...second]).size, first.length + second.length);
  });

  test("counts a dataset's records once each, however often they come", async () => {
    const { state } = await run([
      slice("people", 1, people),
      slice("people", 2, { 2: [17, 0], 5: [30, 1] }),
      slice("visits", 1, visits),
    ]);
    const countOf = (dataset: string): unknown => {
      const { records } = state.get("heads", `care/2/${dataset}`) as { records: unknown };
      return records;
    };
    assert.deepEqual([countOf("people"), countOf("visits")], [4, 3]);
  });

  test("of a new epoch drops the old one's tables, of its collaboration alone", async () => {
    const other = slice("people", 1, people, { collaboration: "care-two" });
    const { state } = await run([slice("people", 1, people), slice("visits", 1, visits), other]);
    await run(
      [slice("people", 1, { 1: [20, 0] }, { epoch: 3 }), ...Array.from({ length: 4 }, () => tick(0))],
      state,
    );
    const places = new Set(
      state
        .snapshot()
        .map(([table, key]) =>
          table.startsWith("records/") ? table : `${table} ${key.split("/").slice(0, 2).join("/")}`,
        ),
    );
    assert.deepEqual([...places].sort(), [
      "epochs care",
      "epochs care-two",
      "heads care-two/2",
      "heads care/3",
      "records/care-two/2/people",
      "records/care/3/people",
    ]);
  });

  test("of a new epoch drops the old one's records so many with each tick, until none is left", async () => {
    const { state } = await run([slice("people", 1, people)]);
    const table = "records/care/2/people";
    state.apply(Array.from({ length: 2_400 }, (_, number) => ({ table, key: String(number), value: {} })));
    await run([slice("people", 1, {}, { epoch: 3 })], state);
    const left: number[] = [];
    for (let ticks = 0; ticks < 4; ticks++) {
      await run([tick(0)], state);
      left.push(state.entries(table).length);
    }
    assert.deepEqual(left, [1_403, 403, 0, 0]);
    assert.deepEqual(state.entries("over"), []);
  });

  test("of an epoch that is over is left out", async () => {
    const { state } = await run([slice("people", 1, {}, { epoch: 3 })]);
    const before = state.snapshot();
    assertSilent((await run([slice("visits", 1, visits)], state)).last);
    assert.deepEqual(state.snapshot(), before);
  });
});

test("doubling any event, or replaying any prefix, changes neither state nor outputs", async () => {
  const script = [
    question(questionOf(1)),
    slice("people", 1, people),
    question(questionOf(2, planAt(2, 1))),
    tick(ASKED + 1),
    slice("visits", 1, visits),
    slice("people", 2, { 2: [17, 0], 5: [30, 1] }),
    question(questionOf(3, planAt(1, 1))),
    question(questionOf(4, planAt(2, 2))),
    tick(DEADLINE + 1),
    slice("visits", 2, { 5: [1, null] }),
  ];
  const spoken = (outcomes: Outcome[]): unknown[] =>
    outcomes.flatMap((outcome) => [...outcome.outputs, ...refusalsIn(outcome)]);
  const expected = await run(script);
  assert.deepEqual(
    expected.outcomes.flatMap(refusalsIn),
    [3, 4].map(
      (number) => `${questionOf(number).request.digest} ${number === 3 ? "STALE_HEAD" : "DEADLINE_PASSED"}`,
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(script.length - 1)), fc.nat(script.length), async (doubled, prefix) => {
      const events = script.flatMap((event, index) => (doubled.includes(index) ? [event, event] : [event]));
      const actual = await run([...events, ...script.slice(0, prefix)]);
      assert.deepEqual(actual.state.snapshot(), expected.state.snapshot());
      assert.deepEqual(spoken(actual.outcomes), spoken(expected.outcomes));
    }),
  );
});

test("tokens and values leave in sealed partials alone", async () => {
  const { outcomes } = await run([
    slice("people", 1, { 1: [77, 0] }),
    slice("people", 3),
    question(questionOf(1)),
    tick(DEADLINE + 1),
  ]);
  const told = JSON.stringify(outcomes.map(({ changes: _, ...outcome }) => outcome));
  assert.ok(!told.includes(tokenOf(1).toString("hex")));
  assert.ok(!told.includes("77"));
});
