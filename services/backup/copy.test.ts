import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { copyFile, digestOf } from "./copy.ts";
import { freshFolder } from "./testing/small-stack.ts";

const folder = freshFolder();
let made = 0;

/** Runs of zeros and of others, about as long as what is read and written at once, or a byte more or less. */
const runs = fc.array(
  fc.record({
    byte: fc.constantFrom(0, 0, 1, 255),
    length: fc
      .tuple(fc.constantFrom(0, 4096, 65_536, 131_072, 1_048_576), fc.integer({ min: -1, max: 1 }))
      .map(([about, more]) => Math.max(0, about + more)),
  }),
  { maxLength: 6 },
);

test("a copy holds what the file holds, wherever its zeros are, and both have its digest", async () => {
  await fc.assert(
    fc.asyncProperty(runs, async (parts) => {
      const bytes = Buffer.concat(parts.map(({ byte, length }) => Buffer.alloc(length, byte)));
      const [from, to] = [join(folder, `from-${String(++made)}`), join(folder, `to-${String(made)}`)];
      writeFileSync(from, bytes);
      const read = { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
      let told = 0;
      const onBytes = (more: number): void => {
        told += more;
      };
      assert.deepEqual(await copyFile(from, to, onBytes), read);
      assert.equal(told, bytes.length);
      assert.ok(readFileSync(to).equals(bytes));
      assert.deepEqual(await digestOf(to, onBytes), read);
    }),
    { numRuns: 60 },
  );
});

test("nothing is copied over a file that is there, or through a link", async () => {
  const [from, to, link] = [join(folder, "from"), join(folder, "to"), join(folder, "link")];
  for (const file of [from, to]) writeFileSync(file, file);
  symlinkSync(from, link);
  await assert.rejects(
    copyFile(from, to, () => undefined),
    { code: "EEXIST" },
  );
  await assert.rejects(
    digestOf(link, () => undefined),
    { code: "ELOOP" },
  );
  assert.equal(readFileSync(to, "utf8"), to);
});
