import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { decodeScalar, encodeScalar, ORDER } from "../../crypto/commitment/commitment.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import type { MatchLeaf } from "../../schemas/json/match-leaf.ts";
import { commitmentsIn, runMatch, tokensIn, type Batch } from "../../test/stage-match.ts";
import { planAt, questionOf } from "../../test/stage-plan.ts";
import { partitionDigest, preimageDigest } from "./leaves.ts";
import { replayMatch, replayTokens, type Preimage } from "./match-preimage.ts";

const plan = planAt(2, 1);
/** Persons 5 to 24 are in both; 5 and 6 were written again by the second batch of `people`. */
const batches: Batch[] = [
  {
    dataset: "people",
    sequence: 1,
    people: Array.from({ length: 25 }, (_, person) => [
      person,
      [person % 4 === 0 ? null : 16 + person, person % 3],
    ]),
  },
  {
    dataset: "visits",
    sequence: 1,
    people: Array.from({ length: 25 }, (_, index) => [
      index + 5,
      [index % 9, index % 5 === 0 ? null : index % 2],
    ]),
  },
  {
    dataset: "people",
    sequence: 2,
    people: [
      [5, [90, 2]],
      [6, [null, 1]],
    ],
  },
];
const { leaf, preimage } = await runMatch(batches, questionOf(1, plan));
const commitmentOf = commitmentsIn(batches, plan);
const records = plan.datasets.map(({ dataset }) => tokensIn(batches, dataset));

interface Listed {
  categories: number[];
  leaves: [sequence: number, row: number][];
}
interface List {
  people: Listed[];
}
interface Blindings {
  groups: { grouping: number; category: number; blinding: string }[];
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A region that hands over another preimage than the true one, and has logged a leaf that digests it. */
function forged(change: (lists: List[], blindings: Blindings) => void): {
  leaf: MatchLeaf;
  preimage: Preimage;
} {
  const lists = preimage.partitions.flat().map((text) => JSON.parse(text) as List);
  const blindings = JSON.parse(preimage.blindings) as Blindings;
  change(lists, blindings);
  const textOf = (part: unknown): string => new TextDecoder().decode(canonicalBytes(part));
  return logged({ partitions: lists.map((list) => [textOf(list)]), blindings: textOf(blindings) });
}

const logged = (forgery: Preimage): { leaf: MatchLeaf; preimage: Preimage } => ({
  leaf: {
    ...leaf,
    preimage: preimageDigest(
      forgery.partitions.map((parts) => partitionDigest(parts.map(sha256))),
      sha256(forgery.blindings),
    ),
  },
  preimage: forgery,
});

function replays(change: (lists: List[], blindings: Blindings) => void, mismatch: RegExp): void {
  const forgery = forged(change);
  assert.match(replayMatch(forgery.leaf, forgery.preimage, commitmentOf) ?? "nothing found", mismatch);
}

/** Somebody's entry in the first list that has one. */
function entryIn(lists: readonly List[]): Listed {
  const entry = lists.find(({ people }) => people.length > 0)?.people[0];
  assert.ok(entry);
  return entry;
}
const listWith = (lists: readonly List[], entry: Listed): List => {
  const list = lists.find(({ people }) => people.includes(entry));
  assert.ok(list);
  return list;
};

test("a replay of an honest match finds nothing, from the commitments in the batches and the tokens alone", () => {
  const listed = preimage.partitions.flat().flatMap((text) => (JSON.parse(text) as List).people);
  assert.equal(listed.length, 20);
  assert.equal(replayMatch(leaf, preimage, commitmentOf), undefined);
  assert.equal(replayTokens(leaf, preimage, records), undefined);
});

test("a replay of a match of nobody finds nothing", async () => {
  const apart: Batch[] = [
    { dataset: "people", sequence: 1, people: [[1, [40, 0]]] },
    { dataset: "visits", sequence: 1, people: [[2, [1, 1]]] },
  ];
  const empty = await runMatch(apart, questionOf(2));
  assert.equal(replayMatch(empty.leaf, empty.preimage, commitmentsIn(apart, planAt())), undefined);
  const tokens = planAt().datasets.map(({ dataset }) => tokensIn(apart, dataset));
  assert.equal(replayTokens(empty.leaf, empty.preimage, tokens), undefined);
});

describe("a replay finds", () => {
  const otherSum = /commitment of group \d\/\d is not over the listed people/;

  test("a person who was left out", () => {
    replays((lists) => {
      const entry = entryIn(lists);
      const list = listWith(lists, entry);
      list.people = list.people.filter((person) => person !== entry);
    }, otherSum);
  });

  test("a person who was added", () => {
    // Persons 0 and 29 are in one dataset each.
    replays(
      (lists) =>
        lists[0]?.people.push({
          categories: [0, 0],
          leaves: [
            [1, 0],
            [1, 24],
          ],
        }),
      otherSum,
    );
  });

  test("a person in another group", () => {
    replays((lists) => {
      const entry = entryIn(lists);
      entry.categories = [0, ((entry.categories[1] ?? 0) + 1) % 3];
    }, /commitment of group 1\/\d is not/);
  });

  test("another record of a person: one that a later batch wrote again", () => {
    replays((lists) => {
      const entry = lists.flatMap(({ people }) => people).find(({ leaves }) => leaves[0]?.[0] === 2);
      assert.ok(entry);
      entry.leaves[0] = [1, 5 + (entry.leaves[0]?.[1] ?? 0)];
    }, otherSum);
  });

  test("another blinding, though all of them add up", () => {
    replays((_, { groups }) => {
      const [first, second] = groups;
      assert.ok(first && second);
      const shifted = (hex: string, by: bigint): string =>
        Buffer.from(encodeScalar((decodeScalar(Buffer.from(hex, "hex")) + by) % ORDER)).toString("hex");
      first.blinding = shifted(first.blinding, 1n);
      second.blinding = shifted(second.blinding, ORDER - 1n);
    }, otherSum);
  });

  test("a record that is used twice", () => {
    replays((lists) => {
      const entry = entryIn(lists);
      listWith(lists, entry).people.push(entry);
    }, /a record is listed twice/);
  });

  test("a record that no batch holds, or that came after the pinned head", () => {
    replays((lists) => {
      entryIn(lists).leaves[0] = [1, 99];
    }, /in no batch of its dataset/);
    const early = { ...leaf, datasets: leaf.datasets.map((dataset) => ({ ...dataset, sequence: 1 })) };
    assert.match(replayMatch(early, preimage, commitmentOf) ?? "", /in no batch of its dataset/);
  });

  test("a person in no group, or in a category that there is none of", () => {
    replays((lists) => {
      entryIn(lists).categories = [0];
    }, /one category of each grouping/);
    replays((lists) => {
      entryIn(lists).categories = [0, 3];
    }, /a group that the leaf lacks/);
    replays((lists) => {
      entryIn(lists).leaves.pop();
    }, /one record of each dataset/);
  });

  test("another request's lists or blindings, and lists in another order", () => {
    const renamed = (text: string): string => text.replace(leaf.request, "0".repeat(64));
    const [one = [], two = [], three = []] = preimage.partitions;
    for (const [forgery, mismatch] of [
      [{ ...preimage, partitions: [one.map(renamed), two, three] }, /a list is not this match's/],
      [{ ...preimage, partitions: [two, one, three] }, /a list is not this match's/],
      [{ ...preimage, blindings: renamed(preimage.blindings) }, /the blindings are not this match's/],
      [{ ...preimage, blindings: "{" }, /not JSON/],
      [{ ...preimage, partitions: [["null"], two, three] }, /a list is not this match's/],
    ] as const) {
      const { leaf: own } = logged(forgery);
      assert.match(replayMatch(own, forgery, commitmentOf) ?? "", mismatch);
    }
  });

  test("whatever differs from what the leaf digests, before it looks any further", () => {
    const salted = preimage.partitions.map((parts) =>
      parts.map((text) => text.replace(/"salt":"./, '"salt":"x')),
    );
    for (const other of [
      { ...preimage, partitions: salted },
      { ...preimage, partitions: preimage.partitions.slice(1) },
      { ...preimage, blindings: `${preimage.blindings} ` },
    ]) {
      assert.match(replayMatch(leaf, other, commitmentOf) ?? "", /not the one that the leaf digests/);
      assert.match(replayTokens(leaf, other, records) ?? "", /not the one that the leaf digests/);
    }
  });

  test("a leaf over other commitments", () => {
    const [first, second, ...rest] = leaf.groups;
    assert.ok(first && second);
    const swapped = [{ ...first, commitment: second.commitment }, second, ...rest];
    assert.match(replayMatch({ ...leaf, groups: swapped }, preimage, commitmentOf) ?? "", otherSum);
    const malformed = [{ ...first, commitment: "0".repeat(128) }, second, ...rest];
    assert.match(replayMatch({ ...leaf, groups: malformed }, preimage, commitmentOf) ?? "", /malformed/);
  });
});

describe("with tokens, a replay finds what list and commitments keep silent about together:", () => {
  const [everybody] = records;
  assert.ok(everybody);

  test("a person who was left out of both", async () => {
    const without = batches.map((batch) => ({
      ...batch,
      people: batch.people.filter(([person]) => batch.dataset !== "visits" || person !== 24),
    }));
    const short = await runMatch(without, questionOf(1, plan));
    assert.equal(replayMatch(short.leaf, short.preimage, commitmentsIn(without, plan)), undefined);
    assert.match(replayTokens(short.leaf, short.preimage, records) ?? "", /matches is not listed/);
  });

  test("a person who was added to both, or matched with another's record", () => {
    const visits = records[1]?.filter(({ token }) => token !== everybody[10]?.token);
    assert.match(replayTokens(leaf, preimage, [everybody, visits ?? []]) ?? "", /listed who does not match/);
  });

  test("a person at a record that was written again since", () => {
    const first = everybody.filter(({ sequence }) => sequence === 1);
    assert.match(replayTokens(leaf, preimage, [first, records[1] ?? []]) ?? "", /not listed/);
  });
});
