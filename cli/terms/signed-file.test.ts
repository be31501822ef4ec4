import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { collaborationOf, signed } from "../../test/agent-messages.ts";
import { collaborations } from "../collaboration/kind.ts";
import { populations } from "../population/kind.ts";
import {
  budgetOf,
  departureFrom,
  populationAfter,
  populationEntry,
  populationOf,
} from "../../test/populations.ts";
import { readSigned } from "./signed-file.ts";
import { check } from "./signing.ts";

const readCollaboration = (name: string) => readSigned(collaborations, name);

const dir = mkdtempSync(join(tmpdir(), "pavilion-collaboration-"));
const file = join(dir, "health.signed.json");
const document = collaborationOf();
const signatures = await Promise.all(
  ["alpha", "beta"].map(async (provider) => {
    const { signature } = await signed("collaboration", document, provider);
    return { provider, signature };
  }),
);
const write = (content: object): void => {
  writeFileSync(file, JSON.stringify(content));
};
const invalid = { code: "BAD_SIGNATURE" };

after(() => {
  rmSync(dir, { recursive: true, force: true });
});

test("signatures that fit the document stand, whoever has still to sign", () => {
  write({ document, signatures });
  assert.deepEqual(readCollaboration(file), { document, signatures, departures: [], signedFile: file });
  assert.equal(check(collaborations, [file], { json: true }), 0);
});

test("a document that was changed after it was signed is refused, by check too", () => {
  write({ document: { ...document, purposes: ["marketing"] }, signatures });
  assert.throws(() => readCollaboration(file), invalid);
  assert.throws(() => check(collaborations, [file], { json: false }), invalid);
});

test("a signature under another's name is refused, and that of somebody who takes no part", () => {
  const [first, second] = signatures;
  write({ document, signatures: [first, { ...second, provider: "gamma" }] });
  assert.throws(() => readCollaboration(file), invalid);
  write({ document, signatures: [{ ...first, provider: "delta" }] });
  assert.throws(() => readCollaboration(file), { code: "DOCUMENT_INVALID" });
});

test("beside a document that somebody edits, what was signed before counts for nothing", () => {
  write({ document, signatures });
  const edited = join(dir, "health.json");
  writeFileSync(edited, JSON.stringify({ ...document, purposes: ["marketing"] }));
  assert.deepEqual(readCollaboration(edited).signatures, []);
});

test("a file that is not there is told as that", () => {
  assert.throws(() => readCollaboration(join(dir, "nothing.yaml")), /There is no file/);
});

test("a population travels in the same way, with the departures of those who leave it", async () => {
  const first = populationOf();
  const document = populationAfter(first, { datasets: first.datasets.slice(0, 2) });
  const { signatures } = await populationEntry(document);
  const departures = [await departureFrom(first, "gamma")];
  write({ document, signatures, departures });
  assert.deepEqual(readSigned(populations, file), { document, signatures, departures, signedFile: file });
  write({ document, signatures: [...signatures, { ...signatures[0], provider: "gamma" }] });
  assert.throws(() => readSigned(populations, file), { code: "DOCUMENT_INVALID" });
});

test("a removal is the operator's, and travels in no file", () => {
  const document = populationOf();
  write({ document, signatures: [], departures: [{ provider: "gamma", signature: null, reason: "gone" }] });
  assert.throws(() => readSigned(populations, file), { code: "DOCUMENT_INVALID" });
});

test("a population that this version could not answer about is refused before anybody signs it", () => {
  const document = populationOf({ budget: budgetOf("8", "4", "2/1000000000") });
  const [half] = populationOf().homes;
  assert.ok(half !== undefined);
  for (const [homes, told] of [
    [[half, { ...half, region: "nz" }], /answers from one home/],
    [[half], /not the whole budget/],
  ] as const) {
    write({ ...document, homes });
    assert.throws(() => readSigned(populations, file), told);
  }
});
