/**
 * The match leaf of real batches, matched by the psi stage: what it commits to, and what it hides.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  addPoints,
  blindingGenerator,
  commitSums,
  decodePoint,
  decodeScalar,
  multiply,
  ORDER,
  type Point,
} from "../../crypto/commitment/commitment.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { bySlot, layoutOf } from "../../domain/statistics/coordinates.ts";
import { hashOfLeaf, partitionDigest, preimageDigest } from "../../domain/log/leaves.ts";
import { parseDocument } from "../../schemas/reading/validate.ts";
import type { MatchQuestion } from "../../schemas/avro/index.ts";
import {
  blindingOf,
  commitmentsIn,
  REGION,
  runMatch,
  type Batch,
  type MatchRun,
} from "../../test/stage-match.ts";
import { planAt, questionOf } from "../../test/stage-plan.ts";
import { blinding, blindingUnder } from "../../domain/log/testing/seeds.ts";
import { commitAggregate } from "./commitment.ts";
import { join, type Join } from "./join.ts";

const plan = planAt();
const layout = layoutOf(plan);
const batches: Batch[] = [
  {
    dataset: "people",
    sequence: 1,
    people: Array.from({ length: 12 }, (_, person) => [
      person,
      [person % 5 === 0 ? null : 30 + person, person % 3],
    ]),
  },
  {
    dataset: "visits",
    sequence: 1,
    people: Array.from({ length: 12 }, (_, index) => [index + 3, [index, index % 2]]),
  },
];
const question = questionOf(1, plan);
const found = await runMatch(batches, question);
const commitmentOf = commitmentsIn(batches, plan);

interface Blindings {
  readonly salt: string;
  readonly groups: { grouping: number; category: number; blinding: string }[];
}
const blindingsIn = ({ preimage }: MatchRun): Blindings => JSON.parse(preimage.blindings) as Blindings;
const scalarIn = (hex: string): bigint => decodeScalar(Buffer.from(hex, "hex"));
const pointIn = (hex: string): Point => decodePoint(Buffer.from(hex, "hex"));

/** ΣC of each group: persons 3 to 11 are in both datasets, at row n of the one and n - 3 of the other. */
const groupSums = plan.groupings.flatMap(({ dataset, categories }) =>
  categories.map((_, category) => {
    const people = [3, 4, 5, 6, 7, 8, 9, 10, 11].filter(
      (person) => dataset === null || person % 3 === category,
    );
    return addPoints(
      people.flatMap((person) => {
        const records = [commitmentOf("people", 1, person), commitmentOf("visits", 1, person - 3)];
        return records.filter((record) => record !== undefined);
      }),
    );
  }),
);

test("each group's commitment is the sum of its records', re-randomised by the listed blinding", () => {
  const { groups } = blindingsIn(found);
  assert.equal(found.leaf.groups.length, 4);
  for (const [index, { grouping, category, commitment }] of found.leaf.groups.entries()) {
    const sum = groupSums[index];
    const rho = groups[index];
    assert.ok(sum && rho);
    assert.deepEqual([rho.grouping, rho.category], [grouping, category]);
    const expected = sum.add(multiply(blindingGenerator(), scalarIn(rho.blinding)));
    assert.ok(pointIn(commitment).equals(expected));
    assert.ok(!pointIn(commitment).equals(sum));
  }
});

test("the aggregate opens the commitments: its sums, with the records' blindings and the listed one together", () => {
  const { groups } = blindingsIn(found);
  for (const [index, { sums, blinding: own }] of found.exact.cells.entries()) {
    const committed = commitSums(bySlot(sums, layout), decodeScalar(own));
    assert.ok(committed.equals(pointIn(found.leaf.groups[index]?.commitment ?? "")));
    const partials = found.partials.map(({ cells }) =>
      decodeScalar(cells[index]?.blinding ?? Buffer.alloc(0)),
    );
    const total = partials.reduce((sum, partial) => sum + partial, scalarIn(groups[index]?.blinding ?? ""));
    assert.equal(decodeScalar(own), total % ORDER);
  }
  const everybody = [3, 4, 5, 6, 7, 8, 9, 10, 11].flatMap((person) => [
    blindingOf("people", 1, person),
    blindingOf("visits", 1, person - 3),
  ]);
  const total = everybody.reduce(
    (sum, bytes) => sum + decodeScalar(bytes),
    scalarIn(groups[0]?.blinding ?? ""),
  );
  assert.equal(decodeScalar(found.exact.cells[0]?.blinding ?? Buffer.alloc(0)), total % ORDER);
});

test("the leaf is a match leaf of the schema, canonical, and names request, version, heads, seed and home", () => {
  const { leaf, leafText, exact } = found;
  assert.deepEqual(parseDocument("match-leaf", leafText), leaf);
  assert.equal(new TextDecoder().decode(canonicalBytes(leaf)), leafText);
  assert.equal(exact.matchLeaf, hashOfLeaf(leaf));
  assert.deepEqual(
    [leaf.home, leaf.request, leaf.collaboration, leaf.version, leaf.epoch, leaf.seed],
    [REGION, question.request.digest, "care", plan.version, plan.epoch, plan.seed.commitment],
  );
  assert.deepEqual(
    leaf.datasets,
    plan.datasets.map(({ provider, dataset, sequence, head }) => ({ provider, dataset, sequence, head })),
  );
});

test("the leaf digests every partition's list, in the order of their numbers, and the blindings", () => {
  const { leaf, preimage, partials } = found;
  const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
  const lists = preimage.partitions.map((parts) => partitionDigest(parts.map(sha256)));
  assert.deepEqual(
    partials.map((partial) => partial.preimage),
    lists,
  );
  assert.equal(leaf.preimage, preimageDigest(lists, sha256(preimage.blindings)));
});

test("partials that come in another order make the same leaf", async () => {
  const joined = (order: readonly number[]): Join => {
    let sum: Join | undefined;
    for (const index of order) {
      const partial = found.partials[index];
      assert.ok(partial);
      sum = join(sum, partial, found.partials.length);
    }
    assert.ok(sum);
    return sum;
  };
  for (const order of [
    [0, 1, 2],
    [2, 0, 1],
    [1, 2, 0],
  ]) {
    const { leaf } = await commitAggregate(joined(order), REGION, blinding);
    assert.equal(leaf.text, found.leafText);
  }
});

test("a replay has the same leaf; another request, version or head shares no blinding, salt or commitment", async () => {
  const secretsIn = (run: MatchRun): string[] => {
    const { salt, groups } = blindingsIn(run);
    return [
      run.leaf.salt,
      salt,
      ...groups.map((group) => group.blinding),
      ...run.leaf.groups.map((group) => group.commitment),
    ];
  };
  assert.equal((await runMatch(batches, question)).leafText, found.leafText);
  const empty: Batch = { dataset: "people", sequence: 2, people: [] };
  const others: MatchQuestion[] = [questionOf(2, plan), questionOf(1, { ...plan, version: 4 })];
  const runs = [
    found,
    ...(await Promise.all(others.map((other) => runMatch(batches, other)))),
    await runMatch([...batches, empty], questionOf(1, planAt(2, 1))),
  ];
  const secrets = runs.flatMap(secretsIn);
  assert.equal(secrets.length, 4 * (2 + 4 + 4));
  assert.equal(new Set(secrets).size, secrets.length);
});

test("another key gives other blindings: nobody without the region's can make them", async () => {
  const joined = found.partials.reduce<Join | undefined>(
    (sum, partial) => join(sum, partial, found.partials.length),
    undefined,
  );
  assert.ok(joined);
  const other = await commitAggregate(joined, REGION, blindingUnder("another key"));
  for (const [index, { commitment }] of (JSON.parse(other.leaf.text) as typeof found.leaf).groups.entries()) {
    assert.notEqual(commitment, found.leaf.groups[index]?.commitment);
  }
});

test("the blinding never depends on what matched, only on who asked what over which heads", async () => {
  const [people, visits] = batches;
  assert.ok(people && visits);
  const fewer = await runMatch([people, { ...visits, people: visits.people.slice(0, 2) }], question);
  assert.deepEqual(blindingsIn(fewer), blindingsIn(found));
  assert.notEqual(fewer.leaf.preimage, found.leaf.preimage);
});

test("neither leaf nor blindings hold a sum or a blinding of a record", () => {
  const told = `${found.leafText}${found.preimage.blindings}`;
  const blindings = [...found.exact.cells, ...found.partials.flatMap(({ cells }) => cells)]
    .filter(({ sums }) => sums[0] !== 0)
    .map((cell) => cell.blinding.toString("hex"));
  assert.ok(blindings.length > 4);
  for (const own of blindings) assert.ok(!told.includes(own));
  // What is left are public names, and digests and commitments that a test above accounts for one by one.
  const members = ["collaboration", "datasets", "epoch", "groups", "home", "preimage", "request", "salt"];
  assert.deepEqual(Object.keys(found.leaf).sort(), [...members, "seed", "type", "version"]);
});
