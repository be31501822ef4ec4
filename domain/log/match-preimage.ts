/**
 * The replay of a match by a matching auditor: from the leaf in the log, the preimage that the region hands over, and
 * what lies in the providers' batches. It takes no key and opens no commitment.
 *
 * Promises, where `replayMatch` finds nothing: every group's C' is the sum of the commitments of exactly the listed
 * people's records, re-randomised by the listed blinding; a person is in one category of each grouping, and has one
 * record in each dataset, none later than the pinned head and none used twice. Where `replayTokens` finds nothing too,
 * the listed people are those whose token every dataset holds: nobody was left out, and nobody added.
 * Does not: see in which category somebody belongs; the proof of the release shows that a group is pure.
 */
import { createHash } from "node:crypto";
import {
  addPoints,
  blindingGenerator,
  decodePoint,
  decodeScalar,
  IDENTITY,
  multiply,
  type Point,
} from "../../crypto/commitment/commitment.ts";
import { CryptoError } from "../../crypto/errors.ts";
import type { MatchLeaf } from "../../schemas/json/match-leaf.ts";
import { partitionDigest, preimageDigest } from "./leaves.ts";

/** What a match leaf's `preimage` digests, as texts: the parts of each partition's list, in order, and the blindings. */
export interface Preimage {
  readonly partitions: readonly (readonly string[])[];
  readonly blindings: string;
}

/** The commitment of a dataset's record; undefined where its batches hold none there. */
export type CommitmentLookup = (dataset: string, sequence: number, row: number) => Point | undefined;

/** A record in a dataset's batches. */
export interface PlacedToken {
  readonly token: string;
  readonly sequence: number;
  readonly row: number;
}

interface ListedPerson {
  readonly categories: readonly number[];
  /** Batch and row, in each dataset. */
  readonly leaves: readonly (readonly [sequence: number, row: number])[];
}

/** What does not fit; its message is told to the auditor alone. */
class Mismatch extends Error {}

/** The first thing in which leaf, preimage and batches do not fit together; undefined where they do. */
export function replayMatch(
  leaf: MatchLeaf,
  preimage: Preimage,
  commitmentOf: CommitmentLookup,
): string | undefined {
  return mismatchOf(() => {
    requireDigest(leaf, preimage);
    const people = readPeople(leaf, preimage);
    const blindings = readBlindings(leaf, preimage.blindings);
    const sums = sumGroups(leaf, people, commitmentOf);
    for (const [index, { grouping, category, commitment }] of leaf.groups.entries()) {
      const blinded = multiply(blindingGenerator(), blindings[index] ?? 0n);
      const replayed = addPoints([...(sums.get(groupOf(grouping, category)) ?? []), blinded]);
      if (!replayed.equals(decodePoint(Buffer.from(commitment, "hex")))) {
        throw new Mismatch(
          `the commitment of group ${groupOf(grouping, category)} is not over the listed people`,
        );
      }
    }
  });
}

/**
 * The first thing in which the listed people are not those whom the tokens match. `records` are all of each dataset up
 * to its pinned head, in the leaf's order of datasets; the last batch of a token counts.
 */
export function replayTokens(
  leaf: MatchLeaf,
  preimage: Preimage,
  records: readonly Iterable<PlacedToken>[],
): string | undefined {
  return mismatchOf(() => {
    requireDigest(leaf, preimage);
    const listed = new Set(readPeople(leaf, preimage).map(({ leaves }) => leaves.join(" ")));
    const [first, ...others] = leaf.datasets.map((_, slot) => latestOf(records[slot] ?? []));
    const matched = new Set<string>();
    for (const [token, own] of first ?? []) {
      const leaves = [own, ...others.map((dataset) => dataset.get(token))];
      if (leaves.every((found) => found !== undefined)) matched.add(leaves.join(" "));
    }
    for (const person of matched) {
      if (!listed.has(person)) throw new Mismatch("a person who matches is not listed");
    }
    if (listed.size > matched.size) throw new Mismatch("a person is listed who does not match");
  });
}

function mismatchOf(replay: () => void): string | undefined {
  try {
    replay();
    return undefined;
  } catch (error) {
    if (error instanceof Mismatch) return error.message;
    if (error instanceof CryptoError) return "a commitment or a blinding is malformed";
    throw error;
  }
}

function requireDigest({ preimage }: MatchLeaf, { partitions, blindings }: Preimage): void {
  const digest = preimageDigest(
    partitions.map((parts) => partitionDigest(parts.map(sha256))),
    sha256(blindings),
  );
  if (digest === preimage) return;
  throw new Mismatch("the preimage is not the one that the leaf digests");
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const groupOf = (grouping: number, category: number): string => `${String(grouping)}/${String(category)}`;

/** The records of each group's people, as commitments. */
function sumGroups(
  leaf: MatchLeaf,
  people: readonly ListedPerson[],
  commitmentOf: CommitmentLookup,
): Map<string, [Point]> {
  const sums = new Map(leaf.groups.map(({ grouping, category }) => [groupOf(grouping, category), zero()]));
  const used = new Set<string>();
  for (const { categories, leaves } of people) {
    const points = leaf.datasets.map(({ dataset, sequence: head }, slot) => {
      const [sequence, row] = leaves[slot] ?? [];
      const commitment =
        sequence === undefined || row === undefined || sequence > head
          ? undefined
          : commitmentOf(dataset, sequence, row);
      if (commitment === undefined) throw new Mismatch("a listed record is in no batch of its dataset");
      const place = [dataset, sequence, row].join("/");
      if (used.has(place)) throw new Mismatch("a record is listed twice");
      used.add(place);
      return commitment;
    });
    const person = addPoints(points);
    for (const [grouping, category] of categories.entries()) {
      const sum = sums.get(groupOf(grouping, category));
      if (sum === undefined) throw new Mismatch("a person is listed in a group that the leaf lacks");
      sum[0] = sum[0].add(person);
    }
  }
  return sums;
}

const zero = (): [Point] => [IDENTITY];

/** Where each token stands: the last batch counts, and in it the last row. */
function latestOf(records: Iterable<PlacedToken>): Map<string, readonly [number, number]> {
  const latest = new Map<string, readonly [number, number]>();
  for (const { token, sequence, row } of records) {
    const [batch, place] = latest.get(token) ?? [0, 0];
    if (sequence > batch || (sequence === batch && row >= place)) latest.set(token, [sequence, row]);
  }
  return latest;
}

/** Everybody who is listed, partition by partition. */
function readPeople(leaf: MatchLeaf, { partitions }: Preimage): ListedPerson[] {
  const groupings = new Set(leaf.groups.map(({ grouping }) => grouping)).size;
  return partitions.flatMap((parts, partition) =>
    parts.flatMap((text, part) => {
      const { type, request, people, ...named } = membersOf(text);
      const belongs = type === "pavilion/matched-leaves" && request === leaf.request;
      const isPlaced = named.partition === partition && named.part === part;
      if (!belongs || !isPlaced || !Array.isArray(people)) throw new Mismatch("a list is not this match's");
      return people.map((person: unknown) => readPerson(person, groupings, leaf.datasets.length));
    }),
  );
}

function readPerson(person: unknown, groupings: number, datasets: number): ListedPerson {
  const { categories, leaves } = Object(person) as Partial<Record<string, unknown>>;
  const isNumbers = (list: unknown, length: number): list is number[] =>
    Array.isArray(list) && list.length === length && list.every((value) => Number.isSafeInteger(value));
  const isLeaf = (leaf: unknown): leaf is [number, number] => isNumbers(leaf, 2);
  if (
    isNumbers(categories, groupings) &&
    Array.isArray(leaves) &&
    leaves.length === datasets &&
    leaves.every(isLeaf)
  ) {
    return { categories, leaves };
  }
  throw new Mismatch(
    "a listed person does not have exactly one category of each grouping and one record of each dataset",
  );
}

/** What re-randomised each group of the leaf, in its order. */
function readBlindings(leaf: MatchLeaf, text: string): bigint[] {
  const { type, request, groups } = membersOf(text);
  const belongs = type === "pavilion/match-blindings" && request === leaf.request;
  if (!belongs || !Array.isArray(groups) || groups.length !== leaf.groups.length) {
    throw new Mismatch("the blindings are not this match's");
  }
  return leaf.groups.map(({ grouping, category }, index) => {
    const found = Object(groups[index]) as Partial<Record<string, unknown>>;
    if (
      found.grouping !== grouping ||
      found.category !== category ||
      typeof found.blinding !== "string" ||
      !/^[0-9a-f]{64}$/.test(found.blinding)
    ) {
      throw new Mismatch("the blindings are not of the leaf's groups");
    }
    return decodeScalar(Buffer.from(found.blinding, "hex"));
  });
}

function membersOf(text: string): Partial<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Partial<Record<string, unknown>>;
  } catch {
    throw new Mismatch("a part of the preimage is not JSON");
  }
}
