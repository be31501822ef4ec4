import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { PavilionError } from "../errors/errors.ts";
import { readJson, readText } from "./text-file.ts";

const folder = mkdtempSync(join(tmpdir(), "text file's "));
after(() => {
  rmSync(folder, { recursive: true });
});

let made = 0;
function fileOf(content: string | Uint8Array): string {
  const file = join(folder, `${String(++made)}.json`);
  writeFileSync(file, content);
  return file;
}

function refusal(file: string, read: (file: string) => unknown): PavilionError {
  try {
    read(file);
  } catch (error) {
    assert.ok(error instanceof PavilionError);
    assert.equal(error.code, "CONFIG_INVALID");
    return error;
  }
  return assert.fail("the file was taken");
}
const refusalOf = (content: string | Uint8Array): PavilionError =>
  refusal(fileOf(content), (file) => readJson(file, "CONFIG_INVALID"));

test("a byte order mark is taken off with no word about it", () => {
  assert.deepEqual(readJson(fileOf('\ufeff{"a":"ü"}'), "CONFIG_INVALID"), { a: "ü" });
});

test("UTF-16 is refused by its name, and the command that is given converts it", () => {
  const text = '{"a":"ü"}';
  const marked = Buffer.from(`\ufeff${text}`, "utf16le");
  for (const bytes of [marked, Buffer.from(marked).swap16(), marked.subarray(2)]) {
    const { message, remedy } = refusalOf(bytes);
    assert.match(message, / is text in UTF-16/);
    const [, command = ""] = /convert it: (.*)$/s.exec(remedy) ?? [];
    execFileSync("bash", ["-c", command], { cwd: folder });
    const converted = readFileSync(join(folder, `utf-8-${String(made)}.json`), "utf8");
    assert.equal(converted.replace("\ufeff", ""), text);
  }
});

test("text in an older encoding is refused, which one is said to be a guess", () => {
  const { message, remedy } = refusalOf(Buffer.from('{"a":"M\xfcller"}', "latin1"));
  assert.match(message, /not text in UTF-8; it may be in Windows-1252/);
  assert.match(remedy, /iconv -f WINDOWS-1252/);
});

test("what is no text at all is called by its name", () => {
  assert.match(refusalOf(gzipSync("{}")).message, /compressed by gzip/);
});

test("a mistake in JSON is named by its line, and nothing of the file is quoted", () => {
  const { message } = refusalOf('{\n  "password": "planted",\n  "b": planted\n}');
  assert.match(message, /is not JSON: there is a mistake in line 3/);
  assert.doesNotMatch(message, /planted/);
  for (const [text, line] of [
    ['{\n"a": 1,\n}', 3],
    ["{'a': 1}", 1],
    ['{\n"a": 1\n"b": 2}', 3],
    ['{"a": "one\ntwo"}', 1],
    ['{"a": 1}\n\n}', 3],
  ] as const) {
    assert.match(refusalOf(text).message, new RegExp(`in line ${String(line)}\\.$`), text);
  }
  assert.match(refusalOf('{"a":').message, /it ends too early/);
  assert.match(refusalOf(" \n").message, /it is empty/);
});

test("a folder, a file that is not there and one that is too long are told as that", () => {
  const read = (file: string): string => readText(file, "CONFIG_INVALID", 10);
  mkdirSync(join(folder, "inner"));
  assert.match(refusal(join(folder, "inner"), read).message, /is a folder/);
  assert.match(refusal(join(folder, "absent"), read).message, /There is no file/);
  assert.match(refusal(join(fileOf("x"), "below"), read).message, /There is no file/);
  assert.equal(read(fileOf("x".repeat(10))), "x".repeat(10));
  assert.match(refusal(fileOf("x".repeat(11)), read).message, /is larger than/);
  assert.match(refusal("/dev/zero", read).message, /is larger than|is text in/);
});
