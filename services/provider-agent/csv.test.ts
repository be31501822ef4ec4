import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { PavilionError } from "../../errors/errors.ts";
import { oddTexts } from "../../test/odd-names.ts";
import { readRows, type FileRow } from "./csv.ts";

const folder = mkdtempSync(join(tmpdir(), "csv-"));
after(() => {
  rmSync(folder, { recursive: true });
});

async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const gathered: T[] = [];
  for await (const item of items) gathered.push(item);
  return gathered;
}

let made = 0;
function read(content: string | Uint8Array, columns: string[]): Promise<FileRow[]> {
  const file = join(folder, `${String(++made)}.csv`);
  writeFileSync(file, content);
  return gather(readRows(file, columns));
}

const unreadable = (message: RegExp) => ({ code: "INPUT_UNREADABLE", message });

test("gives the columns asked for, in the order asked for, trimmed, numbered from 1", async () => {
  assert.deepEqual(await read("id, name , state\n7, ann  lee ,nsw\n8,,\n", ["state", "id"]), [
    { row: 1, cells: ["nsw", "7"] },
    { row: 2, cells: ["", "8"] },
  ]);
});

test("one column may be asked for twice", async () => {
  assert.deepEqual(await read("id\n7\n", ["id", "id"]), [{ row: 1, cells: ["7", "7"] }]);
});

test("reads quotes, a byte order mark, CRLF, empty lines and a last line without its end", async () => {
  assert.deepEqual(await read('\ufeffid,name\r\n\r\n"1","a, ""b""\nc"\r\n2,d', ["id", "name"]), [
    { row: 1, cells: ["1", 'a, "b"\nc'] },
    { row: 2, cells: ["2", "d"] },
  ]);
});

test("names the columns that the file does not have", async () => {
  await assert.rejects(read("id,name\n1,a\n", ["id", "dob", "state"]), unreadable(/no column dob, state\.$/));
});

test("refuses a header that names a column twice", async () => {
  await assert.rejects(read("id,id\n1,2\n", ["id"]), unreadable(/more than one column id/));
});

test("refuses bytes that are not UTF-8, wherever they stand", async () => {
  const latin1 = Buffer.concat([Buffer.from("id\n1\n"), Buffer.from([0x4d, 0xfc, 0x0a])]);
  await assert.rejects(read(latin1, ["id"]), unreadable(/is not text in UTF-8/));
  await assert.rejects(read(Buffer.from("69640a31e282", "hex"), ["id"]), unreadable(/is not text in UTF-8/));
});

test("keeps characters whole that stand across two chunks of the stream", async () => {
  const name = "é".repeat(200_000);
  assert.deepEqual(await read(`id,name\n1,x${name}\n`, ["name"]), [{ row: 1, cells: [`x${name}`] }]);
});

test("refuses lines with too few or too many fields, naming the line and quoting nothing of it", async () => {
  for (const line of ["secretvalue", "secretvalue,2,3"]) {
    await assert.rejects(read(`id,name\n1,a\n${line}\n`, ["id"]), (error: unknown) => {
      assert.ok(error instanceof Error && "code" in error && error.code === "INPUT_UNREADABLE");
      assert.match(error.message, /line 3/);
      assert.doesNotMatch(error.message, /secretvalue/);
      assert.equal(error.cause, undefined);
      return true;
    });
  }
});

test("refuses a quote that is never closed", async () => {
  await assert.rejects(read('id,name\n1,"a\n2,b\n', ["id"]), unreadable(/not well-formed CSV/));
});

test("refuses a file without rows, without anything, and one that is not there", async () => {
  await assert.rejects(read("id,name\n", ["id"]), unreadable(/no rows/));
  await assert.rejects(read("", ["id"]), unreadable(/no rows/));
  await assert.rejects(gather(readRows(join(folder, "absent.csv"), ["id"])), unreadable(/There is no file/));
  await assert.rejects(gather(readRows(folder, ["id"])), unreadable(/is a folder/));
});

async function refusal(content: string | Uint8Array, columns: string[]): Promise<PavilionError> {
  try {
    await read(content, columns);
  } catch (error) {
    assert.ok(error instanceof PavilionError);
    assert.equal(error.code, "INPUT_UNREADABLE");
    return error;
  }
  return assert.fail("the file was taken");
}

test("says which delimiter a file seems to have, though its rows have commas of their own", async () => {
  for (const [delimiter, name] of [
    [";", /semicolons/],
    ["\t", /tabs/],
    ["|", /vertical bars/],
  ] as const) {
    const line = (...cells: string[]): string => `${cells.join(delimiter)}\n`;
    const plain = line("id", "secretname") + line("1", "a");
    const decimal = line("id", '"dob"') + line("1,5", "a,b");
    for (const content of [plain, decimal]) {
      const { message, remedy } = await refusal(content, ["id", "dob"]);
      assert.match(message, name);
      assert.match(remedy, /commas between/);
      assert.doesNotMatch(message, /secretname/);
    }
  }
});

test("says that a column is there in another spelling, quoting the collaboration's alone", async () => {
  for (const header of ["ID,Année", "id,annee", " id ,Anne\u0301e"]) {
    const { message } = await refusal(`${header}\n1,2\n`, ["id", "année"]);
    assert.match(message, /no column .*année\. .*in another spelling/, header);
  }
  const { message } = await refusal("7,secretvalue\n8,b\n", ["id", "name"]);
  assert.equal(message, "The file has no column id, name.");
});

test("says what a file is that is no CSV, and what to do with it", async () => {
  const utf16 = Buffer.from("\ufeffid,name\r\n1,a\r\n", "utf16le");
  const kinds: [Uint8Array, RegExp, RegExp][] = [
    [Buffer.from("PAR1\x15\x04\x15\x10", "latin1"), /Parquet/, /CSV in UTF-8/],
    [Buffer.from("PK\x03\x04\x14\0\x06\0", "latin1"), /Excel workbook/, /CSV in UTF-8/],
    [Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1]), /old Excel/, /CSV in UTF-8/],
    [gzipSync("id\n1\n"), /gzip/, /gzip -dk /],
    [utf16, /UTF-16/, /iconv -f UTF-16 /],
    [Buffer.from(utf16).swap16(), /UTF-16/, /iconv -f UTF-16 /],
    [utf16.subarray(2), /UTF-16LE/, /iconv -f UTF-16LE /],
    [
      Buffer.from("id,name\n1,M\xfcller\n", "latin1"),
      /UTF-8; it may be in Windows-1252/,
      /iconv -f WINDOWS-1252 /,
    ],
  ];
  for (const [content, what, toDo] of kinds) {
    const { message, remedy } = await refusal(content, ["id"]);
    assert.match(message, what);
    assert.match(remedy, toDo);
    assert.doesNotMatch(message, /ller/);
  }
});

test("takes no column's name for a kind of file", async () => {
  for (const name of ["PAR1", "ORCID", "PK", "BZh9", "7z", "Obj", "ARROW1", "GIF89a"]) {
    assert.equal((await read(`${name},b\n1,2\n`, [name])).length, 1, name);
  }
});

test("columns are found by their names, whatever these are", async () => {
  const cells = oddTexts.map((_, place) => String(place));
  assert.deepEqual(await read(`${oddTexts.join(",")}\n${cells.join(",")}\n`, oddTexts.toReversed()), [
    { row: 1, cells: cells.toReversed() },
  ]);
  for (const name of oddTexts) await assert.rejects(read("id\n1\n", [name]), unreadable(/has no column/));
});
