import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Outcome, StageEvent } from "../../runtime/contract/stage.ts";
import { encodeScalar, ORDER } from "../../crypto/commitment/commitment.ts";
import { layoutOf } from "../../domain/statistics/coordinates.ts";
import { hashOfLeaf, originOf } from "../../domain/log/leaves.ts";
import type {
  Cell,
  ExactAggregate,
  LogLeaf,
  MatchPreimage,
  PartialAggregate,
} from "../../schemas/avro/index.ts";
import type { MatchLeaf } from "../../schemas/json/match-leaf.ts";
import { REGION } from "../../test/stage-match.ts";
import { ASKED, DEADLINE, planAt, questionOf } from "../../test/stage-plan.ts";
import { refusalsIn, runStage, type StageRun } from "../../test/stage-run.ts";
import { blinding } from "../../domain/log/testing/seeds.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { aggregate, type AggregatePorts } from "./stage.ts";

type AggregateEvent = StageEvent<"PartialAggregate" | "Tick">;

const HOUR_MS = 3_600_000;
const ports: AggregatePorts = { region: REGION, partitions: 3, blinding };
const digestOf = (number: number): string => questionOf(number).request.digest;

/** Coordinates of the test plan's two datasets. */
const LENGTH = layoutOf(planAt()).length;
const sumsOf = (...first: number[]): number[] => [
  ...first,
  ...Array.from({ length: LENGTH - first.length }, () => 0),
];
const scalarBytes = (scalar: bigint): Buffer => Buffer.from(encodeScalar(scalar % ORDER));

/** Cells of the test plan, with each partition's numbers and blindings its own. */
const cellsOf = (partition: number): Cell[] =>
  [
    [0, 0],
    [1, 0],
    [1, 1],
    [1, 2],
  ].map(([grouping = 0, category = 0], index) => ({
    grouping,
    category,
    sums: sumsOf(10 ** partition * (index + 1), 10 ** partition, 0),
    blinding: scalarBytes(ORDER - 7n ** BigInt(10 * Math.abs(partition) + index)),
  }));

function partial(
  number: number,
  partition: number,
  changes: Partial<PartialAggregate> = {},
  time = ASKED,
): AggregateEvent {
  const { request, document, plan } = questionOf(number);
  const place = { partition, partitions: ports.partitions };
  const preimage = String(Math.abs(partition)).padStart(64, "d");
  const value = { request, document, plan, ...place, cells: cellsOf(partition), preimage, ...changes };
  return { type: "PartialAggregate", value, topic: "psi.partials", key: "", time };
}

const tick = (time: number): AggregateEvent => ({
  type: "Tick",
  value: { worker: "w", stages: [] },
  topic: "clock.ticks",
  key: "",
  time,
});

const run = (events: readonly AggregateEvent[], state = new MemoryState()): Promise<StageRun> =>
  runStage((event: AggregateEvent, view) => aggregate.handle(event, view, ports), events, state);

const sumsIn = ({ outputs }: Outcome): ExactAggregate[] =>
  outputs.filter(({ topic }) => topic === "aggregate.sums").map(({ value }) => value as ExactAggregate);
const leavesIn = ({ outputs }: Outcome): LogLeaf[] =>
  outputs.filter(({ topic }) => topic === "proofs.pending").map(({ value }) => value as LogLeaf);
const blindingsIn = ({ outputs }: Outcome): MatchPreimage[] =>
  outputs.filter(({ topic }) => topic === "match.preimages").map(({ value }) => value as MatchPreimage);

function assertSilent(outcome: Outcome): void {
  assert.equal(outcome.kind, "publish");
  assert.deepEqual([outcome.outputs, outcome.audit, refusalsIn(outcome)], [[], [], []]);
}

const all = (number: number): AggregateEvent[] => [0, 1, 2].map((partition) => partial(number, partition));

test("publishes the sums once every partition has answered, with the leaf, and what it carries unchanged", async () => {
  const { outcomes, last, state } = await run(all(1));
  outcomes.slice(0, 2).forEach(assertSilent);
  const { request, document, plan } = questionOf(1);
  const [exact] = sumsIn(last);
  const [leaf] = leavesIn(last);
  const [blindings] = blindingsIn(last);
  assert.ok(exact && leaf && blindings);
  const matchLeaf = hashOfLeaf(JSON.parse(leaf.text) as MatchLeaf);
  assert.deepEqual(last.outputs, [
    {
      topic: "proofs.pending",
      type: "LogLeaf",
      key: originOf(REGION),
      value: { kind: "match", request, text: leaf.text, completes: false },
    },
    {
      topic: "match.preimages",
      type: "MatchPreimage",
      key: request.requestId,
      value: { request, part: "blindings", text: blindings.text },
    },
    {
      topic: "aggregate.sums",
      type: "ExactAggregate",
      key: "AU",
      value: { request, document, plan, cells: exact.cells, matchLeaf },
    },
  ]);
  assert.deepEqual(
    exact.cells.map(({ grouping, category, sums }) => ({ grouping, category, sums })),
    cellsOf(0).map(({ grouping, category }, index) => ({
      grouping,
      category,
      sums: sumsOf(111 * (index + 1), 111, 0),
    })),
  );
  assert.deepEqual(last.audit, [
    { tenant: "clinic", action: "request.aggregated", request, details: { matchLeaf } },
  ]);
  assert.deepEqual(state.snapshot(), [["done", request.digest, DEADLINE]]);
});

test("gives the same sums in whatever order partials come, requests interleaved", async () => {
  const expected = [1, 2].map((number) => digestOf(number));
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([...all(1), ...all(2)], { minLength: 6 }), async (events) => {
      const sums = (await run(events)).outcomes.flatMap(sumsIn);
      assert.deepEqual(sums.map(({ request }) => request.digest).sort(), expected);
      for (const { cells } of sums) assert.deepEqual(cells[3]?.sums, sumsOf(444, 111, 0));
    }),
    { numRuns: 30 },
  );
});

test("joins by digest: two requests of one id stay apart", async () => {
  const squatted = { ...questionOf(2).request, requestId: questionOf(1).request.requestId };
  const { last } = await run([partial(1, 0), partial(1, 1), partial(2, 2, { request: squatted })]);
  assertSilent(last);
});

test("counts a partition once, whatever it says the second time", async () => {
  const { outcomes, last } = await run([
    partial(1, 0),
    partial(1, 0, { cells: cellsOf(5) }),
    partial(1, 1),
    partial(1, 2),
  ]);
  outcomes.slice(0, 3).forEach(assertSilent);
  assert.deepEqual(sumsIn(last)[0]?.cells[0]?.sums, sumsOf(111, 111, 0));
});

test("leaves a late duplicate of a finished request out, until an hour after the deadline", async () => {
  const { state } = await run(all(1));
  assertSilent((await run([partial(1, 2)], state)).last);
  await run([tick(DEADLINE + HOUR_MS)], state);
  assertSilent((await run([partial(1, 2)], state)).last);
  await run([tick(DEADLINE + HOUR_MS + 1)], state);
  assert.deepEqual(state.snapshot(), []);
});

describe("a request is refused DEADLINE_PASSED", () => {
  test("by a tick after its deadline where partials are missing, not at it", async () => {
    const { outcomes, last, state } = await run([
      partial(1, 0),
      ...all(2),
      tick(DEADLINE),
      tick(DEADLINE + 1),
    ]);
    assertSilent(outcomes.at(-2) ?? last);
    assert.deepEqual(refusalsIn(last), [`${digestOf(1)} DEADLINE_PASSED`]);
    assert.deepEqual([...state.entries("joins")], []);
    assertSilent((await run([partial(1, 1)], state)).last);
  });

  test("by a partial that comes too late, once", async () => {
    const late = [0, 1, 2].map((partition) => partial(1, partition, {}, DEADLINE + 1));
    const { outcomes } = await run(late);
    assert.deepEqual(outcomes.flatMap(refusalsIn), [`${digestOf(1)} DEADLINE_PASSED`]);
    assert.deepEqual(outcomes.flatMap(sumsIn), []);
  });
});

describe("a partial is rejected INTERNAL_ERROR, and ends its request,", () => {
  const rejects = (name: string, changes: Partial<PartialAggregate>, partition = 1): void => {
    test(name, async () => {
      const { last, state } = await run([partial(1, 0), partial(1, partition, changes)]);
      assert.equal(last.kind, "reject");
      assert.equal(last.code, "INTERNAL_ERROR");
      assert.doesNotMatch(last.detail, /\d/);
      assert.deepEqual([last.outputs, last.audit], [[], []]);
      assert.deepEqual(
        state.snapshot().map(([table, key]) => [table, key]),
        [["done", digestOf(1)]],
      );
      assertSilent((await run([partial(1, 1), partial(1, 2)], state)).last);
    });
  };
  const [first, ...rest] = cellsOf(1);
  assert.ok(first);
  const withSums = (sums: number[]): Partial<PartialAggregate> => ({
    cells: [{ ...first, sums }, ...rest],
  });

  rejects("for another plan", { plan: planAt(1, 2) });
  rejects("for another document", { document: "{}" });
  rejects("for another deadline", { request: { ...questionOf(1).request, deadline: DEADLINE - 1 } });
  rejects("of another number of partitions", { partitions: 4 });
  rejects("of a partition past the last", {}, 3);
  rejects("of a partition below the first", {}, -1);
  rejects("of a group less", { cells: rest });
  rejects("of groups in another order", { cells: [...rest, first] });
  rejects("of a coordinate less", withSums(sumsOf(1).slice(1)));
  rejects("with a negative number", withSums(sumsOf(1, -1)));
  rejects("with a number that is not whole", withSums(sumsOf(1, 0.5)));
  rejects("whose sum is no longer exact", withSums(sumsOf(2 ** 53 - 1, 1)));

  test("the first one too", async () => {
    const { last } = await run([partial(1, 0, withSums(sumsOf(2 ** 53, 1)))]);
    assert.equal(last.kind === "reject" && last.code, "INTERNAL_ERROR");
  });
});

test("the largest exact sum is still published", async () => {
  const cells = cellsOf(0).map((cell) => ({ ...cell, sums: sumsOf() }));
  const most = cells.map((cell) => ({ ...cell, sums: sumsOf(2 ** 53 - 1) }));
  const { last } = await run([
    partial(1, 0, { cells }),
    partial(1, 1, { cells: most }),
    partial(1, 2, { cells }),
  ]);
  assert.deepEqual(
    sumsIn(last)[0]?.cells.map(({ sums }) => sums),
    most.map(({ sums }) => sums),
  );
});

test("doubling any event, or replaying any prefix, changes neither state nor outputs", async () => {
  const script = [...all(1), partial(2, 1), partial(3, 0), tick(ASKED + 1), ...all(3), tick(DEADLINE + 1)];
  const spoken = (outcomes: Outcome[]): unknown[] =>
    outcomes.flatMap((outcome) => [...outcome.outputs, ...outcome.audit, ...refusalsIn(outcome)]);
  const expected = await run(script);
  assert.deepEqual(expected.outcomes.flatMap(refusalsIn), [`${digestOf(2)} DEADLINE_PASSED`]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(script.length - 1)), fc.nat(script.length), async (doubled, prefix) => {
      const events = script.flatMap((event, index) => (doubled.includes(index) ? [event, event] : [event]));
      const actual = await run([...events, ...script.slice(0, prefix)]);
      assert.deepEqual(actual.state.snapshot(), expected.state.snapshot());
      assert.deepEqual(spoken(actual.outcomes), spoken(expected.outcomes));
    }),
    { numRuns: 30 },
  );
});
