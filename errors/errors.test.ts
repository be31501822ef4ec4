import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { errorCatalogue } from "./errors.ts";

const root = new URL("../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

/** Rows of the tables in docs/errors.md, in their order. */
const documented = [...read("docs/errors.md").matchAll(/^\| `([A-Z0-9_]+)` *\| (.+?) *\| (.+?) *\|$/gm)].map(
  ([, code = "", when = "", remedy = ""]) => ({ code, when, remedy }),
);

/** What crypto/ throws. A code may reach `new CryptoError(` through an argument, so every literal of its form counts. */
const thrownByCrypto = new Set(
  globSync("crypto/**/*.ts", { cwd: root })
    .filter((path) => !path.endsWith(".test.ts"))
    .flatMap((path) => [...read(path).matchAll(/"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g)])
    .map(([, code = ""]) => code),
);

test("docs/errors.md lists every code of the catalogue and of crypto/ exactly once, and no other", () => {
  assert.ok(thrownByCrypto.size > 0);
  const expected = [...Object.keys(errorCatalogue), ...thrownByCrypto];
  assert.deepEqual(documented.map(({ code }) => code).sort(), expected.sort());
});

test("docs/errors.md gives the catalogue's remedies", () => {
  const remedies = new Map(documented.map(({ code, remedy }) => [code, remedy]));
  for (const [code, remedy] of Object.entries(errorCatalogue)) assert.equal(remedies.get(code), remedy, code);
});
