import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  blindingGenerator,
  commitSums,
  decodePoint,
  encodePoint,
  encodeScalar,
  generator,
  scalarFrom,
  verifyRepresentation,
} from "../../crypto/commitment/commitment.ts";
import { releaseCircuit } from "../../pipelines/private-computation/circuit.ts";
import { releaseSignals } from "../../crypto/groth16/release-statement.ts";
import { verifyProofs } from "../../crypto/groth16/verify.ts";
import { bySlot, coordinateOf, layoutOf, positionOf } from "../../domain/statistics/coordinates.ts";
import { widthsOf } from "../../domain/statistics/mechanism.ts";
import {
  basesOf,
  groupNumber,
  openingOf,
  partsOf,
  remainderContext,
} from "../../domain/statistics/opening.ts";
import { openProver } from "../../runtime/prover/prover.ts";
import { PavilionError, type ErrorCode } from "../../errors/errors.ts";
import type { StageEvent } from "../../runtime/contract/stage.ts";
import type { Cell, Plan, ReleasedCell, ReleaseProof, ReleaseWitness } from "../../schemas/avro/index.ts";
import type { Release } from "../../schemas/json/evidence-bundle.ts";
import { checkOpening, representHere } from "./testing/reference-prover.ts";
import { ASKED, planAt, requestNamed } from "../../test/stage-plan.ts";
import { blinding, seedBytes } from "../../domain/log/testing/seeds.ts";
import { collaboration, tableOf } from "../../test/stage-question.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { zkp, type ZkpPorts } from "./stage.ts";

const matchLeaf = "5a".repeat(32);
const ports: ZkpPorts = {
  partition: 0,
  collaborations: tableOf(collaboration),
  prove: checkOpening,
  represent: representHere,
  circuit: "c1".repeat(32),
  seed: (id) => Promise.resolve(seedBytes(id)),
  blinding,
};

/** A group's sums as records would make them: so many people, all of the category, in the plan's columns. */
function cellOf(plan: Plan, grouping: number, category: number, count: number): Cell {
  const layout = layoutOf(plan);
  const sums = Array.from({ length: layout.length }, () => 0);
  for (const { offset } of layout.slots) sums[offset] = count;
  const [people] = layout.slots;
  assert.ok(people);
  const [age, state] = people.places;
  assert.ok(age?.valid !== undefined && state);
  sums[age.first] = 20 * count;
  sums[age.valid] = count;
  sums[state.first + (grouping === 0 ? 0 : category)] = count;
  const blindingOf = scalarFrom(Buffer.alloc(64, 1 + grouping * 16 + category));
  return { grouping, category, sums, blinding: Buffer.from(encodeScalar(blindingOf)) };
}

/** Every group with so many people, and each statistic that much off. */
function witnessOf(
  plan: Plan,
  count: number,
  noise: number,
  suppressed: readonly number[] = [],
): ReleaseWitness {
  const layout = layoutOf(plan);
  const exact = plan.groupings.flatMap(({ categories }, grouping) =>
    categories.map((_, category) => cellOf(plan, grouping, category, count)),
  );
  const released = exact.map(({ grouping, category, sums }, index): ReleasedCell => {
    const isSmall = suppressed.includes(index);
    const values = plan.statistics.map(
      (statistic) => (sums[positionOf(coordinateOf(statistic, plan), layout)] ?? 0) + noise,
    );
    return { grouping, category, suppressed: isSmall, values: isSmall ? [] : values };
  });
  return { request: requestNamed(1), plan, exact, released, matchLeaf };
}

async function proven(witness: ReleaseWitness, own: Partial<ZkpPorts> = {}): Promise<Release> {
  const event: StageEvent<"ReleaseWitness"> = {
    type: "ReleaseWitness",
    value: witness,
    topic: "zkp.turns",
    key: witness.request.requestId,
    time: ASKED,
  };
  const { outputs, audit } = await zkp.handle(event, new MemoryState(), { ...ports, ...own });
  assert.deepEqual(
    audit.map(({ action }) => action),
    ["release.proven"],
  );
  const [output] = outputs;
  assert.ok(output?.topic === "zkp.proven" && outputs.length === 1);
  return JSON.parse((output.value as ReleaseProof).text) as Release;
}

/** Holds remainders to exactly what their parts do not open, and answers the statements behind the proofs. */
function statementsIn(release: Release, { plan, exact }: ReleaseWitness) {
  const widths = widthsOf(plan);
  return release.groups.flatMap(({ grouping, category, values, proofs }, index) => {
    const cell = exact[index];
    const asked = plan.groupings[grouping];
    assert.ok(cell && asked);
    const commitment = commitSums(
      bySlot(cell.sums, layoutOf(plan)),
      BigInt(`0x${cell.blinding.toString("hex")}`),
    );
    const hex = Buffer.from(encodePoint(commitment)).toString("hex");
    const parts = partsOf(plan);
    if (proofs.length > 0)
      assert.deepEqual(
        proofs.map(({ part }) => part),
        parts.map(({ part }) => part),
      );
    return proofs.map(({ remainder, representation, proof }, at) => {
      const part = parts[at];
      assert.ok(part);
      const opening = openingOf(plan, asked, category, part);
      const bases = [
        ...opening.peeled.map(({ slot, index: own }) => generator(slot, own)),
        blindingGenerator(),
      ];
      const point = decodePoint(Buffer.from(remainder, "hex"));
      const context = remainderContext(matchLeaf, grouping, category, part, hex);
      assert.ok(verifyRepresentation(bases, point, context, representation));
      const signals = releaseSignals({
        digest: Buffer.from(matchLeaf, "hex"),
        seedCommitment: BigInt(`0x${plan.seed.commitment}`),
        group: groupNumber(grouping, category),
        part: part.part,
        statistics: part.statistics,
        point: commitment.subtract(point).toAffine(),
        bases: basesOf(opening).map((base) => base.toAffine()),
        released: part.statistics.map((statistic) => BigInt(values[statistic] ?? Number.NaN)),
        bounds: part.statistics.map((statistic) => widths[statistic] ?? -1n),
      });
      return { proof: proof as unknown as Parameters<typeof verifyProofs>[1][number]["proof"], signals };
    });
  });
}

const column = { dataset: "visits", column: 0 };
const all: Plan["statistics"] = [
  ...planAt().statistics,
  { name: "sum(visits.stays)", kind: "sum", ...column, lower: 0, sensitivity: 30 },
  { name: "valid(visits.urgent)", kind: "valid", dataset: "visits", column: 1, lower: 0, sensitivity: 1 },
];

for (const statistics of [1, 2, 3, 4, 5]) {
  test(`proves every group of a plan of ${String(statistics)} statistics, in as many parts as it takes`, async () => {
    const plan = planAt(1, 1, { statistics: all.slice(0, statistics) });
    const witness = witnessOf(plan, 40, -7);
    const release = await proven(witness);
    assert.equal(release.circuit, ports.circuit);
    const parts = Math.max(1, Math.ceil((statistics - 1) / 2));
    assert.equal(statementsIn(release, witness).length, 4 * parts);
  });
}

test("proves groups of nobody, and values that noise made negative", async () => {
  const witness = witnessOf(planAt(), 0, -3);
  assert.equal(statementsIn(await proven(witness), witness).length, 4);
});

test("a suppressed group has no values and no proofs", async () => {
  const release = await proven(witnessOf(planAt(), 40, 2, [1, 3]));
  assert.deepEqual(
    release.groups.map(({ values, proofs }) => [values.length, proofs.length]),
    [
      [3, 1],
      [0, 0],
      [3, 1],
      [0, 0],
    ],
  );
});

test("of a seed that is destroyed comes no proof, which is told; one whose HSM is away is waited for", async () => {
  const value = witnessOf(planAt(), 3, 0);
  const key = value.request.requestId;
  const event = { type: "ReleaseWitness" as const, value, topic: "zkp.turns" as const, key, time: ASKED };
  const under = (code: ErrorCode) => ({
    ...ports,
    seed: () => Promise.reject(new PavilionError(code, "no seed")),
  });
  const outcome = await zkp.handle(event, new MemoryState(), under("HSM_KEY_MISSING"));
  assert.deepEqual(
    [outcome.kind, outcome.outputs, outcome.audit.map(({ action }) => action)],
    ["publish", [], ["evidence.incomplete"]],
  );
  await assert.rejects(async () => zkp.handle(event, new MemoryState(), under("HSM_UNAVAILABLE")), {
    code: "HSM_UNAVAILABLE",
  });
});

test("a replay gives the same remainders, and another request others", async () => {
  const witness = witnessOf(planAt(), 40, 2);
  const remaindersOf = ({ groups }: Release): string[] =>
    groups.flatMap(({ proofs }) => proofs.map(({ remainder }) => remainder));
  const first = remaindersOf(await proven(witness));
  assert.deepEqual(remaindersOf(await proven(witness)), first);
  const other = remaindersOf(await proven({ ...witness, request: requestNamed(2) }));
  const later = remaindersOf(await proven({ ...witness, matchLeaf: "5b".repeat(32) }));
  assert.equal(new Set([...first, ...other, ...later]).size, 12);
});

describe("cannot prove", () => {
  const witness = witnessOf(planAt(), 40, 2);
  const refuses = (name: string, changed: () => ReleaseWitness, own: Partial<ZkpPorts> = {}): void => {
    test(name, () => assert.rejects(proven(changed(), own)));
  };
  const inCell = (change: (cell: Cell) => Cell): ReleaseWitness => ({
    ...witness,
    exact: witness.exact.map(change),
  });

  refuses("a value beyond the width of its noise", () => ({
    ...witness,
    released: witness.released.map((cell) => ({
      ...cell,
      values: cell.values.map((value) => value + 1_000_000),
    })),
  }));
  refuses("datasets that hold unequally many people of a group", () =>
    inCell((cell) => {
      const second = layoutOf(witness.plan).slots[1]?.offset ?? Number.NaN;
      return { ...cell, sums: cell.sums.map((sum, index) => (index === second ? sum + 1 : sum)) };
    }),
  );
  refuses("a group with somebody of another category", () => {
    const place = layoutOf(witness.plan).slots[0]?.places[1]?.first ?? Number.NaN;
    return inCell((cell) =>
      cell.grouping === 1 && cell.category === 0
        ? {
            ...cell,
            sums: cell.sums.map((sum, index) => (index === place ? sum - 1 : index === place + 1 ? 1 : sum)),
          }
        : cell,
    );
  });
  refuses("under another seed than the one committed to", () => witness, {
    seed: (id) => Promise.resolve(seedBytes(id + 1)),
  });
  refuses("groups in another order than they were released in", () => ({
    ...witness,
    exact: witness.exact.toReversed(),
  }));
});

test("the circuit's own proofs verify, all groups at once, and none for other values", async () => {
  const prover = await openProver(releaseCircuit);
  after(() => prover.close());
  const witness = witnessOf(planAt(), 40, 5, [0, 2]);
  const release = await proven(witness, { prove: prover.prove, represent: prover.represent });
  const statements = statementsIn(release, witness);
  assert.equal(statements.length, 2);
  const random = (length: number): Uint8Array => Buffer.alloc(length, 7);
  assert.ok(verifyProofs(prover.verificationKey, statements, random));
  const [first] = release.groups.filter(({ values }) => values.length > 0);
  assert.ok(first);
  first.values[0] = (first.values[0] ?? 0) + 1;
  assert.ok(!verifyProofs(prover.verificationKey, statementsIn(release, witness), random));
});
