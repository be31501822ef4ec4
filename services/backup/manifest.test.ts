import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  digestName,
  ENTRIES_MAX,
  manifestName,
  manifestOf,
  manifestTexts,
  readManifest,
} from "./manifest.ts";
import { freshFolder, program } from "./testing/small-stack.ts";

const UNSOUND = { code: "BACKUP_UNSOUND" };
const NEWER = { code: "BACKUP_NEWER" };
const file = { path: "b/c", mode: 0o600, size: 1, sha256: "0".repeat(64) };
const folder = { path: "b", mode: 0o755 };
const manifest = manifestOf({
  ...{ program, id: "1".repeat(32), begun: "2026-11-25T12:00:00.000Z", ended: "2026-11-25T12:00:01.000Z" },
  ...{ regions: ["eu-central"], apart: [{ part: "kafka", where: "kafka:9092" }] },
  ...{ folders: [folder, { ...folder, path: "z" }], files: [file, { ...file, path: "ü" }] },
});

/** A manifest's folder, under a digest that holds whatever it says. */
function written(told: unknown): string {
  const place = freshFolder();
  const text = JSON.stringify(told);
  writeFileSync(join(place, manifestName), text);
  const digest = createHash("sha256").update(text).digest("hex");
  writeFileSync(join(place, digestName), `${digest}  ${manifestName}\n`);
  return place;
}

test("a manifest is read as it was written", () => {
  const place = freshFolder();
  for (const [name, text] of manifestTexts(manifest)) writeFileSync(join(place, name), text);
  assert.deepEqual(readManifest(place, program), manifest);
  assert.deepEqual(readManifest(written(manifest), program), manifest);
});

test("every change of a byte is noticed, of the manifest and of its digest", () => {
  const texts = manifestTexts(manifest);
  for (const [changed, text] of texts) {
    const place = freshFolder();
    for (const [name, whole] of texts) writeFileSync(join(place, name), whole);
    for (let at = 0; at < text.length; at++) {
      const bytes = Buffer.from(text);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      writeFileSync(join(place, changed), bytes);
      assert.throws(() => readManifest(place, program), { name: "PavilionError" });
    }
    writeFileSync(join(place, changed), `${text} `);
    assert.throws(() => readManifest(place, program), UNSOUND);
  }
});

const paths = [
  ...["../out", "b/../../out", "b/..", "..", "/etc/cron.d/job", "b/", "", ".", "b//c", "b/./c", "b\0c"],
  ...["z".repeat(1025), "z\uD800", "z\uFFFD", 7, null],
];
const hostile: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ...paths.flatMap((path) => {
    const name = `the path ${JSON.stringify(path).slice(0, 30)}`;
    return [
      [name, { files: [{ ...file, path }] }] as const,
      [name, { folders: [{ ...folder, path }] }] as const,
    ];
  }),
  ["a set-user-id bit", { files: [{ ...file, mode: 0o4755 }] }],
  ["a set-group-id bit", { folders: [{ ...folder, mode: 0o2755 }] }],
  ["a mode that is none", { files: [{ ...file, mode: "600" }] }],
  ["a negative size", { files: [{ ...file, size: -1 }] }],
  ["half a byte", { files: [{ ...file, size: 0.5 }] }],
  ["an endless file", { files: [{ ...file, size: 2 ** 60 }] }],
  ["no digest", { files: [{ ...file, sha256: "" }] }],
  ["a digest in capitals", { files: [{ ...file, sha256: "A".repeat(64) }] }],
  ["a link", { files: [{ ...file, link: "/etc/passwd" }] }],
  ["a file twice", { files: [file, file] }],
  ["files out of order", { files: [file, { ...file, path: "a" }] }],
  ["folders out of order", { folders: [folder, { ...folder, path: "a" }] }],
  ["no list of files", { files: {} }],
  ["no list of folders", { folders: null }],
  ["a list with holes", { files: [null] }],
  ["a time that is none", { begun: "yesterday" }],
  ["an end that is none", { ended: "2026-11-25T12:00:61.000Z" }],
  ["an id that is none", { id: "1".repeat(31) }],
  ["no version", { program: "0.2" }],
  ["a format that never was", { format: 0 }],
  ["a format that is none", { format: "1" }],
  ["a region that is none", { regions: [7] }],
  ["regions without end", { regions: Array.from({ length: 2000 }, () => "r") }],
  ["an unknown part", { apart: [{ part: "moon", where: null }] }],
  ["a place that is none", { apart: [{ part: "kafka", where: 7 }] }],
  ["parts without end", { apart: Array.from({ length: 20 }, () => ({ part: "hsm", where: null })) }],
  ["a member more", { more: 1 }],
  ["another document", { type: "pavilion/request" }],
];

test("a hostile manifest is refused though its digest holds", () => {
  for (const [name, change] of hostile)
    assert.throws(() => readManifest(written({ ...manifest, ...change }), program), UNSOUND, name);
  for (const told of [null, [], "", 7, {}])
    assert.throws(() => readManifest(written(told), program), UNSOUND);
});

test("a manifest of more files than any, or of more bytes, is refused", () => {
  const files = Array.from({ length: ENTRIES_MAX }, (_, at) => ({
    ...file,
    path: String(at).padStart(7, "0"),
  }));
  assert.throws(() => readManifest(written({ ...manifest, files }), program), UNSOUND);
  const fewer = { ...manifest, files: files.slice(manifest.folders.length) };
  assert.equal(readManifest(written(fewer), program).files.length, ENTRIES_MAX - manifest.folders.length);
  const place = written(manifest);
  truncateSync(join(place, manifestName), 2 ** 40);
  assert.throws(() => readManifest(place, program), UNSOUND);
});

test("a manifest that is a link or a folder, or has no digest beside it, is refused", () => {
  const linked = freshFolder();
  for (const name of [manifestName, digestName])
    symlinkSync(join(written(manifest), name), join(linked, name));
  assert.throws(() => readManifest(linked, program), UNSOUND);
  const place = freshFolder();
  mkdirSync(join(place, manifestName));
  assert.throws(() => readManifest(place, program), UNSOUND);
  const alone = freshFolder();
  writeFileSync(join(alone, manifestName), JSON.stringify(manifest));
  assert.throws(() => readManifest(alone, program), UNSOUND);
});

test("a later format or version is refused, whatever else it says; an earlier version or another patch is read", () => {
  const later = { type: "pavilion/backup", format: 2, program: "0.9.0", kept: "elsewhere" };
  assert.throws(() => readManifest(written(later), program), { ...NEWER, message: /0\.9\.0/ });
  for (const by of ["0.3.0", "0.10.0", "1.0.0"])
    assert.throws(() => readManifest(written({ ...manifest, program: by }), program), NEWER, by);
  for (const by of ["0.2.0", "0.2.9", "0.1.9", "0.0.1"])
    assert.equal(readManifest(written({ ...manifest, program: by }), program).program, by);
});
