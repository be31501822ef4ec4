import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { digestOf } from "../../crypto/jws/canonical.ts";
import { pushed, recordOf } from "../../test/agent-messages.ts";
import { datasetHeadOf, payloadDigest, recordLeaf, recordRoot } from "./batch.ts";

const sha256 = (...parts: Uint8Array[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest();
const salt = "5a".repeat(32);

/** RFC 6962 section 2.1, word for word. */
function merkleTreeHash(leaves: readonly Uint8Array[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return sha256();
  if (leaves.length === 1) return sha256(Uint8Array.of(0), only);
  let split = 1;
  while (2 * split < leaves.length) split *= 2;
  return sha256(
    Uint8Array.of(1),
    merkleTreeHash(leaves.slice(0, split)),
    merkleTreeHash(leaves.slice(split)),
  );
}

test("the root is RFC 6962's over each row's salt and commitment", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 64, maxLength: 64 }), { maxLength: 20 }),
      (commitments) => {
        const leaves = commitments.map((commitment, row) => {
          const rowSalt = createHmac("sha256", Buffer.from(salt, "hex"))
            .update(`record ${String(row)}`)
            .digest();
          return Buffer.concat([rowSalt, commitment]);
        });
        assert.equal(recordRoot(salt, commitments), merkleTreeHash(leaves).toString("hex"));
        for (const [row, commitment] of commitments.entries()) {
          const leaf = leaves[row] ?? Buffer.alloc(0);
          assert.equal(recordLeaf(salt, row, commitment), merkleTreeHash([leaf]).toString("hex"));
        }
      },
    ),
  );
});

test("equal commitments have other leaves in other rows, and under other salts", () => {
  const commitment = Buffer.alloc(64, 1);
  const leaves = [
    recordLeaf(salt, 0, commitment),
    recordLeaf(salt, 1, commitment),
    recordLeaf("5b".repeat(32), 0, commitment),
  ];
  assert.equal(new Set(leaves).size, 3);
});

test("a head names its batch's place, the manifest's digest and whether the push ends, and nothing else", async () => {
  const { header } = await pushed([recordOf(1)]);
  assert.deepEqual(datasetHeadOf(header), {
    type: "pavilion/dataset-head",
    collaboration: "health",
    epoch: 1,
    provider: "beta",
    dataset: "beta-people",
    sequence: 1,
    head: digestOf(header),
    complete: true,
  });
  const told = JSON.stringify(datasetHeadOf(header));
  for (const secret of [header.salt, header.root, header.payloadDigest, header.push]) {
    assert.ok(!told.includes(secret));
  }
});

test("a manifest of the same records under another salt makes another head", async () => {
  const { header } = await pushed([recordOf(1)]);
  assert.notEqual(datasetHeadOf({ ...header, salt }).head, datasetHeadOf(header).head);
});

test("no two lists of parts have one payload digest", () => {
  const lists = [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["", "abc"], []];
  const digests = lists.map((parts) => payloadDigest(parts.map((part) => Buffer.from(part))));
  assert.equal(new Set(digests).size, lists.length);
});
