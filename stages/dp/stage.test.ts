import assert from "node:assert/strict";
import { test } from "node:test";
import { originOf } from "../../domain/log/leaves.ts";
import { deltaOf } from "../../domain/statistics/mechanism.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Plan } from "../../schemas/avro/index.ts";
import { topics } from "../../pipelines/pipelines.ts";
import {
  aggregate,
  cells,
  DAY_MS,
  emptyCells,
  handle,
  matchLeaf,
  noisesIn,
  outputsOf,
  plan,
  releasedIn,
  spend,
} from "../../test/stage-aggregate.ts";
import { issuedAt, request } from "../../test/stage-question.ts";
import { seedBytes, seedRef } from "../../domain/log/testing/seeds.ts";
import { MemoryState } from "../../test/stage-state.ts";

test("releases every cell of the plan, noised, with its scales and its spend", async () => {
  const exact = await aggregate();
  const outcome = await handle(exact, new MemoryState());
  const released = releasedIn(outcome);
  assert.deepEqual(
    outcome.outputs.map(({ topic, type, key }) => [topic, type, key]),
    [
      ["proofs.pending", "LogLeaf", originOf("au-east")],
      ["dp.released", "ReleasedAggregate", request.id],
      ["dp.witnesses", "ReleaseWitness", request.id],
      ["budget.states", "BudgetState", "adults"],
    ],
  );
  assert.deepEqual([released.matchLeaf, released.repeats], [matchLeaf, null]);
  assert.deepEqual(
    [released.request, released.document, released.plan],
    [exact.request, exact.document, plan],
  );
  assert.deepEqual(
    released.cells.map(({ grouping, category }) => [grouping, category]),
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [1, 2],
    ],
  );
  // Sensitivity over epsilon / (2 groupings * 2 statistics).
  assert.deepEqual(released.scales, ["8", "800"]);
  const { population, sequence, epsilon, total, left } = released.spend;
  assert.deepEqual([population, sequence, epsilon, total, left], ["adults", 1, "1/2", "1/2", "3/2"]);
  for (const [index, value] of noisesIn(released).entries()) {
    const scale = index % 2 === 0 ? 8 : 800;
    assert.ok(Math.abs(value) < 60 * scale);
  }
  assert.ok(noisesIn(released).some((value) => value !== 0));
});

test("audits the spend, and nothing that depends on a record", async () => {
  const outcome = await handle(await aggregate(), new MemoryState());
  const [audit] = outcome.audit;
  const { spendLeaf, spend } = releasedIn(outcome);
  const { delta, deltaLeft } = spend;
  assert.equal(delta, deltaOf(plan));
  assert.equal(audit?.action, "budget.spent");
  assert.deepEqual(audit.details, {
    population: "adults",
    epsilon: "1/2",
    total: "1/2",
    left: "3/2",
    delta,
    deltaTotal: delta,
    deltaLeft,
    sequence: "1",
    spendLeaf,
  });
});

test("no exact count or sum leaves: not in releases, leaves, state, audit events, refusals or rejections", async () => {
  const exact = new Set(cells.flatMap(({ sums }) => sums).filter((value) => value > 1000));
  const numbersIn = (value: unknown): number[] =>
    (JSON.stringify(value).match(/-?\d+/g) ?? []).map(Number).filter((found) => exact.has(found));
  // Noise at scale 8 is zero now and then: draws at a scale where it practically never is.
  const wide = { epsilon: "1/1000" };
  const state = new MemoryState();
  const outcomes = [
    await handle(await aggregate(1, wide), state),
    await handle(await aggregate(1, wide), state),
    await handle(await aggregate(2, { ...wide, epsilon: "9" }), state),
    await handle(await aggregate(3, wide), state, issuedAt + DAY_MS),
    await handle({ ...(await aggregate(4, wide)), cells: cells.slice(1) }, state),
  ];
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ["publish", "publish", "publish", "publish", "reject"],
  );
  const [unsealed, sealed] = [
    outcomes.map(({ outputs, ...rest }) => ({
      ...rest,
      outputs: outputs.filter(({ topic }) => topic !== "dp.witnesses"),
    })),
    outcomes.flatMap((outcome) => outputsOf(outcome, "dp.witnesses")),
  ];
  assert.deepEqual(numbersIn(unsealed), []);
  // The witness of the one release holds them, and is sealed.
  assert.equal(sealed.length, 1);
  assert.notDeepEqual(numbersIn(sealed), []);
  assert.equal(topics.of("dp.witnesses").sealed, true);
  assert.deepEqual(numbersIn(state.snapshot()), []);
  assert.notDeepEqual(numbersIn(cells), []);
});

test("suppresses groups below the minimum on the noised count, with their values, and only those", async () => {
  for (let number = 0; number < 20; number++) {
    const open = releasedIn(
      await handle(await aggregate(number, { minimumGroup: -1_000_000 }), new MemoryState()),
    );
    const least = open.cells[3]?.values[0] ?? 0;
    const at = async (minimumGroup: number) =>
      releasedIn(await handle(await aggregate(number, { minimumGroup }), new MemoryState())).cells;
    assert.equal((await at(least))[3]?.suppressed, false);
    const above = await at(least + 1);
    assert.deepEqual(above[3], { grouping: 1, category: 2, suppressed: true, values: [] });
    assert.deepEqual(above.slice(0, 3), open.cells.slice(0, 3));
  }
});

test("suppresses the total as well", async () => {
  const { cells: found } = releasedIn(
    await handle(await aggregate(0, { minimumGroup: 1_000_000 }), new MemoryState()),
  );
  assert.ok(found.every(({ suppressed, values }) => suppressed && values.length === 0));
});

test("releases negative values as they are", async () => {
  const exact = await aggregate(0, { minimumGroup: -1_000_000 });
  const values: number[] = [];
  for (let number = 0; number < 10; number++) {
    const { request: ref } = await aggregate(number);
    const outcome = await handle({ ...exact, request: ref, cells: emptyCells }, new MemoryState());
    values.push(...releasedIn(outcome).cells.flatMap((cell) => cell.values));
  }
  assert.ok(values.some((value) => value < 0) && values.some((value) => value > 0));
});

test("the same request over the same heads draws the same noise, whatever the state", async () => {
  const first = releasedIn(await handle(await aggregate(), new MemoryState()));
  const used = new MemoryState();
  await handle(await aggregate(1), used);
  assert.deepEqual(releasedIn(await handle(await aggregate(), used)).cells, first.cells);
});

test("another digest, seed, head, version, grouping, category or statistic draws other noise", async () => {
  const wide = { epsilon: "1/1000", minimumGroup: -1_000_000_000 };
  const drawn = async (number: number, change: Partial<Plan> = {}) =>
    noisesIn(releasedIn(await handle(await aggregate(number, { ...wide, ...change }), new MemoryState())));
  const [north, south] = plan.datasets;
  assert.ok(north !== undefined && south !== undefined);
  const all = [
    await drawn(0),
    await drawn(1),
    await drawn(0, { seed: seedRef(2) }),
    await drawn(0, { version: 4 }),
    await drawn(0, { datasets: [{ ...north, head: "ab" }, south] }),
    await drawn(0, { datasets: [north, { ...south, sequence: 3 }] }),
    await drawn(0, { datasets: [south, north] }),
    await drawn(0, { statistics: plan.statistics.map((found) => ({ ...found, name: `${found.name}'` })) }),
  ];
  const draws = all.flat();
  assert.equal(draws.length, 8 * 8);
  // Scales of thousands: two equal draws among 64 would be a rare chance, many would be a shared label.
  assert.ok(new Set(draws).size >= draws.length - 3);
  assert.equal(new Set(all.map(String)).size, all.length);
});

test("noise follows the discrete Laplace distribution at its scale", async () => {
  const draws: number[] = [];
  const categories = Array.from({ length: 60 }, (_, index) => index.toString());
  const groupings = [{ name: "state", dataset: "people", column: 1, categories }];
  const statistics = plan.statistics.slice(0, 1);
  const [empty] = emptyCells;
  assert.ok(empty);
  const zeros = categories.map((_, category) => ({ ...empty, category }));
  for (let number = 0; number < 50; number++) {
    const exact = await aggregate(number, { groupings, statistics, minimumGroup: -1000, epsilon: "1/4" });
    const released = releasedIn(await handle({ ...exact, cells: zeros }, new MemoryState()));
    assert.deepEqual(released.scales, ["4"]);
    draws.push(...released.cells.flatMap(({ values }) => values));
  }
  // Scale 4: P(0) = tanh(1/8) = 0.1244, mean 0, variance 1 / (2 sinh(1/8)^2) = 31.8. Bounds are five deviations of 3000 draws.
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  const variance = draws.reduce((sum, value) => sum + value * value, 0) / draws.length;
  const zeroShare = draws.filter((value) => value === 0).length / draws.length;
  assert.ok(Math.abs(mean) < 0.52, `mean ${mean.toString()}`);
  assert.ok(Math.abs(variance - 31.8) < 6.6, `variance ${variance.toString()}`);
  assert.ok(Math.abs(zeroShare - 0.1244) < 0.031, `zeros ${zeroShare.toString()}`);
});

test("publishes the same release again for a digest that has paid, over other heads too, and spends nothing", async () => {
  const state = new MemoryState();
  const first = await handle(await aggregate(), state);
  const before = state.snapshot();
  const others = plan.datasets.map((dataset) => ({ ...dataset, head: "cc" }));
  for (const again of [await aggregate(), await aggregate(0, { datasets: others })]) {
    const outcome = await handle(again, state);
    // No second leaf and no second witness.
    assert.deepEqual(
      outcome.outputs,
      first.outputs.filter(({ topic }) => topic === "dp.released"),
    );
    assert.deepEqual(outcome.changes, []);
    assert.equal(outcome.audit[0]?.action, "release.repeated");
  }
  assert.deepEqual(state.snapshot(), before);
});

test("forgets a release a day after its deadline, when its request is refused anyway", async () => {
  const state = new MemoryState();
  const exact = await aggregate();
  await handle(exact, state);
  await spend(1, {}, state, exact.request.deadline + DAY_MS);
  assert.notEqual(state.get("released", exact.request.digest), undefined);
  await spend(2, {}, state, exact.request.deadline + DAY_MS + 1);
  assert.equal(state.get("released", exact.request.digest), undefined);
});

test("rejects an aggregate that does not follow its plan, unspent", async () => {
  const [first, ...rest] = cells;
  assert.ok(first !== undefined);
  const faults = [
    [],
    rest,
    [...cells, first],
    [first, first, ...rest.slice(1)],
    [{ ...first, category: 1 }, ...rest],
    [{ ...first, sums: first.sums.slice(1) }, ...rest],
    [{ ...first, sums: [...first.sums, 0] }, ...rest],
    [{ ...first, sums: first.sums.with(0, -1) }, ...rest],
    [{ ...first, sums: first.sums.with(4, 0.5) }, ...rest],
    [{ ...first, sums: first.sums.with(1, 2 ** 53) }, ...rest],
  ];
  for (const fault of faults) {
    const outcome = await handle({ ...(await aggregate()), cells: fault }, new MemoryState());
    assert.ok(outcome.kind === "reject");
    assert.deepEqual(
      [outcome.code, outcome.changes.length, outcome.outputs.length],
      ["INTERNAL_ERROR", 0, 0],
    );
  }
});

test("takes the cells in any order", async () => {
  const exact = await aggregate();
  const first = releasedIn(await handle(exact, new MemoryState()));
  const second = releasedIn(await handle({ ...exact, cells: cells.toReversed() }, new MemoryState()));
  assert.deepEqual(second, first);
});

test("rejects a seed that is not the one its commitment names, with nothing spent, and serves the true one then", async () => {
  const exact = await aggregate();
  const state = new MemoryState();
  for (const seed of [seedBytes(2), new Uint8Array(64), Uint8Array.from(seedBytes(1)).reverse()]) {
    const outcome = await handle(exact, state, issuedAt, { seed: () => Promise.resolve(seed) });
    assert.ok(outcome.kind === "reject");
    assert.equal(outcome.code, "INTERNAL_ERROR");
    assert.deepEqual([outcome.outputs, outcome.changes, outcome.audit], [[], [], []]);
  }
  assert.deepEqual(state.snapshot(), []);
  const { spend: paid } = releasedIn(await handle(exact, state));
  assert.deepEqual([paid.sequence, paid.total], [1, "1/2"]);
});

test("asks for the seed of the plan's number; charges nothing where it was destroyed, and fails as the HSM does", async () => {
  const exact = await aggregate(0, { seed: seedRef(7) });
  const asked: number[] = [];
  const seed = (id: number): Promise<Uint8Array> => {
    asked.push(id);
    return Promise.resolve(seedBytes(id));
  };
  assert.equal((await handle(exact, new MemoryState(), issuedAt, { seed })).kind, "publish");
  assert.deepEqual(asked, [7]);
  const gone = new PavilionError("HSM_KEY_MISSING", "The seed was destroyed.");
  const refused = await handle(exact, new MemoryState(), issuedAt, { seed: () => Promise.reject(gone) });
  assert.ok(refused.kind === "publish");
  assert.deepEqual([refused.refusals.map(({ code }) => code), refused.changes], [["STALE_SEED"], []]);
  const away = new PavilionError("HSM_UNAVAILABLE", "The token is gone.");
  const failing = { seed: () => Promise.reject(away) };
  await assert.rejects(handle(exact, new MemoryState(), issuedAt, failing), away);
});

test("fails rather than noise with a seed of another length", async () => {
  const exact = await aggregate();
  for (const length of [0, 32, 63, 65]) {
    const short = { seed: () => Promise.resolve(new Uint8Array(length)) };
    await assert.rejects(handle(exact, new MemoryState(), issuedAt, short), {
      code: "GROTH16_INVALID_INPUT",
    });
  }
});
