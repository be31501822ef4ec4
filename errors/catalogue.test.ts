import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { Area } from "./area.ts";
import { cryptography } from "./areas/cryptography.ts";
import { bring, catalogue } from "./catalogue.ts";
import { errorCodeOr, failureOf, isErrorCode, PavilionError } from "./errors.ts";

const visits = {
  title: "Visits",
  about: "Told at the door.",
  codes: {
    DOOR_SHUT: { status: 403, audience: ["asker"], when: "Nobody opens.", remedy: "Knock again." },
  },
} as const satisfies Area;
declare module "./catalogue.ts" {
  interface Areas {
    readonly visits: typeof visits;
  }
}

test("an area of somebody's own adds its codes, once it is brought", () => {
  assert.throws(() => new PavilionError("DOOR_SHUT", "nobody came"), /no area that is loaded brings/);
  assert.equal(isErrorCode("DOOR_SHUT"), false);
  bring(visits);
  assert.equal(new PavilionError("DOOR_SHUT", "nobody came").remedy, "Knock again.");
  assert.equal(errorCodeOr("DOOR_SHUT", "INTERNAL_ERROR"), "DOOR_SHUT");
  assert.equal(catalogue().at(-1), visits);
});

test("a code that stands already is refused, and nothing of its area is taken", () => {
  const { DOOR_SHUT } = visits.codes;
  const again = { ...visits, codes: { DOOR_OPEN: DOOR_SHUT, STALE_HEAD: DOOR_SHUT } };
  assert.throws(() => {
    bring(again);
  }, /two areas bring the error code STALE_HEAD/);
  assert.equal(isErrorCode("DOOR_OPEN"), false);
  assert.notEqual(failureOf("STALE_HEAD"), DOOR_SHUT);
});

test("a name that is no code is refused", () => {
  for (const name of ["door_shut", "DOOR", "DOOR-SHUT", "toString"]) {
    assert.throws(() => {
      bring({ ...visits, codes: { [name]: visits.codes.DOOR_SHUT } });
    }, /no error code/);
  }
});

test("what every object has is no code", () => {
  for (const name of ["constructor", "__proto__", "toString", ""]) assert.equal(isErrorCode(name), false);
});

test("every code says when, to whom, with which status, and what to do", () => {
  for (const { codes } of [...catalogue(), cryptography]) {
    for (const [code, { status, audience, when, remedy }] of Object.entries(codes)) {
      assert.ok(status >= 400 && status < 600, code);
      assert.ok(audience.length > 0 && new Set(audience).size === audience.length, code);
      for (const text of [when, remedy]) assert.match(text, /^(`[a-z_]+`|[A-Z]).*[.]$/s, code);
    }
  }
});

test("what crypto/ throws stands among the codes of cryptography, and nothing else does", () => {
  const root = new URL("../", import.meta.url);
  // A code may reach `new CryptoError(` through an argument, so every literal of its form counts.
  const thrown = globSync("crypto/**/*.ts", { cwd: root })
    .filter((path) => !path.endsWith(".test.ts"))
    .flatMap((path) => [
      ...readFileSync(new URL(path, root), "utf8").matchAll(/"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g),
    ])
    .map(([, code = ""]) => code);
  assert.deepEqual([...new Set(thrown)].sort(), Object.keys(cryptography.codes).sort());
});
