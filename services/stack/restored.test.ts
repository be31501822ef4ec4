import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readRestored, removeRestored, writeRestored } from "./restored.ts";

const folder = mkdtempSync(join(tmpdir(), "pavilion-restored-"));
const file = join(folder, "restored.json");
after(() => {
  rmSync(folder, { recursive: true });
});

const restored = {
  version: 1,
  id: "0123456789abcdef0123456789abcdef",
  backup: "fedcba9876543210fedcba9876543210",
  takenAt: "2026-11-25T12:00:00.000Z",
  restoredAt: "2026-11-26T12:00:00.000Z",
} as const;

test("what was restored is read as it was written, by its owner alone, until it is dealt with", () => {
  assert.equal(readRestored(folder), undefined);
  writeRestored(folder, restored);
  assert.deepEqual(readRestored(folder), restored);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  removeRestored(folder);
  assert.equal(readRestored(folder), undefined);
  removeRestored(folder);
});

test("a file that says anything else stops the start", () => {
  const { id, ...nameless } = restored;
  const wrong = [
    ...["", "{", "null", "[]", JSON.stringify(nameless), JSON.stringify({ ...restored, more: 1 })],
    ...[2, "1"].map((version) => JSON.stringify({ ...restored, version })),
    ...[id.slice(1), id.toUpperCase(), 7, [id]].map((one) => JSON.stringify({ ...restored, id: one })),
    ...["", "../x"].map((backup) => JSON.stringify({ ...restored, backup })),
    ...["2026-11-25", "2026-13-25T12:00:00.000Z", 0].map((takenAt) =>
      JSON.stringify({ ...restored, takenAt }),
    ),
    JSON.stringify({ ...restored, restoredAt: null }),
  ];
  for (const text of wrong) {
    writeFileSync(file, text);
    assert.throws(() => readRestored(folder), { code: "CONFIG_INVALID" }, text);
  }
});
