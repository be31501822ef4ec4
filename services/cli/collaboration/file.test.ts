import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { collaborationOf, signed } from "../../../test/agent-messages.ts";
import { check } from "./commands.ts";
import { readCollaboration } from "./file.ts";

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

test("signatures that fit the document stand, whoever has still to sign", async () => {
  write({ document, signatures });
  assert.deepEqual(readCollaboration(file), { document, signatures, signedFile: file });
  assert.equal(await check([file, "--json"]), 0);
});

test("a document that was changed after it was signed is refused, by check too", () => {
  write({ document: { ...document, purposes: ["marketing"] }, signatures });
  assert.throws(() => readCollaboration(file), invalid);
  assert.throws(() => check([file]), invalid);
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
