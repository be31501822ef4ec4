import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { ReleasedCell } from "../../schemas/avro/index.ts";
import type { SeedLeaf } from "../../schemas/json/seed-leaf.ts";
import { hashOfLeaf, leafText, originOf, preimageDigest, releasedDigest } from "./leaves.ts";
import { parseDocument } from "../../schemas/reading/validate.ts";

const leaf: SeedLeaf = {
  type: "pavilion/seed-leaf",
  region: "au-east",
  seed: 1,
  commitment: "1".repeat(64),
  salt: "2".repeat(64),
};

test("a leaf is its canonical text, and its hash RFC 6962's over it, whatever the order of members", () => {
  const shuffled = Object.fromEntries(Object.entries(leaf).toReversed()) as unknown as SeedLeaf;
  const text = leafText(leaf);
  assert.equal(leafText(shuffled), text);
  assert.deepEqual(parseDocument("seed-leaf", text), leaf);
  const expected = createHash("sha256").update(Uint8Array.of(0)).update(text).digest("hex");
  assert.deepEqual([hashOfLeaf(leaf), hashOfLeaf(shuffled)], [expected, expected]);
});

test("each member of a leaf counts in its hash", () => {
  const changes: Partial<SeedLeaf>[] = [
    { region: "au-west" },
    { seed: 2 },
    { commitment: "3".repeat(64) },
    { salt: "3".repeat(64) },
  ];
  const hashes = [{}, ...changes].map((change) => hashOfLeaf({ ...leaf, ...change }));
  assert.equal(new Set(hashes).size, hashes.length);
});

test("regions have logs of their own", () => {
  assert.notEqual(originOf("au-east"), originOf("au-west"));
});

test("what was released has one digest, and every value, group and suppression changes it", () => {
  const cells: ReleasedCell[] = [
    { grouping: 0, category: 0, suppressed: false, values: [12, 3] },
    { grouping: 1, category: 0, suppressed: true, values: [] },
  ];
  const [first, second] = cells;
  assert.ok(first && second);
  const digests = [
    cells,
    [first],
    [second, first],
    [{ ...first, values: [12, 4] }, second],
    [{ ...first, values: [1, 23] }, second],
    [{ ...first, values: [3, 12] }, second],
    [{ ...first, category: 1 }, second],
    [{ ...first, grouping: 1 }, second],
    [first, { ...second, suppressed: false }],
  ].map(releasedDigest);
  assert.equal(new Set(digests).size, digests.length);
  const extended = cells.map((cell) => ({ ...cell, extra: 1 }));
  assert.equal(releasedDigest(extended), digests[0]);
});

test("a preimage's digest knows its lists by their order, and them from the blindings", () => {
  const [one, two, three] = ["1", "2", "3"].map((digit) => digit.repeat(64)) as [string, string, string];
  const digests = [
    preimageDigest([one, two], three),
    preimageDigest([two, one], three),
    preimageDigest([one, three], two),
    preimageDigest([one, two, three], three),
    preimageDigest([one], three),
    preimageDigest([], three),
  ];
  assert.equal(new Set(digests).size, digests.length);
});
