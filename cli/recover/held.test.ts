import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ed25519FromSeed } from "../../crypto/jws/ed25519.ts";
import { leafText, originOf } from "../../domain/log/leaves.ts";
import type { AnchoredLeaf } from "../../schemas/avro/index.ts";
import { toldLog } from "../../test/told-log.ts";
import { largestIn, largestOf, leavesIn, treeIn, type LogOf } from "./held.ts";

const region = "au-east";
const logKey = ed25519FromSeed(new Uint8Array(32).fill(7));
const log: LogOf = { region, publicKey: logKey.publicKey };
const dir = mkdtempSync(join(tmpdir(), "pavilion-held-"));
after(() => {
  rmSync(dir, { recursive: true, force: true });
});

const texts = [1, 2, 3].map((number) => leafText({ type: "pavilion/note-leaf", number }));
const signer = { name: originOf(region), publicKey: logKey.publicKey, sign: logKey.sign };
const chain = { chainId: 1, contract: "0xc0", anchorer: "0xa0" };
const leaves = await toldLog({ signer, chain }, texts, ["note", "note", "note"]);
const [{ checkpoint, size, root } = assert.fail()] = leaves;

function fileOf(content: string): string {
  const file = join(dir, "held");
  writeFileSync(file, content);
  return file;
}

const linesOf = (records: readonly object[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join("");

async function placesIn(content: string, from?: number): Promise<number[]> {
  const places: number[] = [];
  for await (const { index } of leavesIn(fileOf(content), log, from)) places.push(index);
  return places;
}

test("a checkpoint counts by itself or within a bundle, where the region's log signed it", () => {
  assert.deepEqual(treeIn(fileOf(checkpoint), log), { size, root });
  assert.deepEqual(treeIn(fileOf(JSON.stringify({ log: { checkpoint } })), log), { size, root });
  const other = { ...log, region: "elsewhere" };
  const stranger = { ...log, publicKey: ed25519FromSeed(new Uint8Array(32).fill(8)).publicKey };
  for (const [content, by] of [
    [checkpoint, other],
    [checkpoint, stranger],
    [checkpoint.replace(String(size), "9"), log],
    ["", log],
    ["{}", log],
    ['{"log":{"checkpoint":7}}', log],
    ["{", log],
  ] as const)
    assert.throws(() => treeIn(fileOf(content), by), { code: "DOCUMENT_INVALID" }, content);
});

test("a copy tells its largest tree, and its leaves from a place on, of the region's own log alone", async () => {
  const elsewhere = leaves.map((leaf) => ({ ...leaf, log: originOf("elsewhere") }));
  const copy = `${linesOf(elsewhere)}\n${linesOf(leaves)}`;
  assert.deepEqual(await largestIn(fileOf(copy), log), { size, root });
  assert.deepEqual(await placesIn(copy), [0, 1, 2]);
  assert.deepEqual(await placesIn(copy.replaceAll("\n", "\r\n"), 1), [1, 2]);
  assert.equal(await largestIn(fileOf(linesOf(elsewhere)), log), undefined);
});

test("of all files the largest tree counts, and two histories are told", async () => {
  const keep = (name: string, content: string): string => {
    const file = join(dir, name);
    writeFileSync(file, content);
    return file;
  };
  const longer = await toldLog(
    { signer, chain },
    [...texts, texts[0] ?? ""],
    ["note", "note", "note", "note"],
  );
  const other = await toldLog({ signer, chain }, texts.toReversed(), ["note", "note", "note"]);
  const copy = keep("copy", linesOf(longer));
  const own = keep("own", checkpoint);
  assert.deepEqual(await largestOf([own], [copy], log), { size: 4, root: longer[0]?.root });
  assert.deepEqual(await largestOf([own, own], [], log), { size, root });
  assert.equal(await largestOf([], [], log), undefined);
  await assert.rejects(largestOf([own, keep("other", other[0]?.checkpoint ?? "")], [copy], log), {
    code: "ANCHOR_FORKED",
  });
});

test("a copy that is none is refused by its line, and so is a checkpoint in it that the log did not sign", async () => {
  const wrong: readonly unknown[] = [
    ...["leaf", 7, null, []],
    ...Object.keys(leaves[0] ?? {}).map((name) => ({ ...leaves[0], [name]: { not: "a value" } })),
    { ...leaves[0], index: 1.5 },
    { ...leaves[0], proof: [7] },
  ];
  for (const record of wrong) {
    await assert.rejects(placesIn(`${linesOf(leaves)}${JSON.stringify(record)}\n`), (error: Error) => {
      assert.match(error.message, /line 4 is not a leaf/, JSON.stringify(record));
      return true;
    });
  }
  for (const file of [join(dir, "nowhere"), dir])
    await assert.rejects(largestIn(file, log), { code: "DOCUMENT_INVALID" });
  await assert.rejects(placesIn("{\n"), { code: "DOCUMENT_INVALID" });
  await assert.rejects(placesIn(`"${"x".repeat(5_000_000)}"\n`), { code: "DOCUMENT_INVALID" });
  const forged: AnchoredLeaf[] = leaves.map((leaf) => ({ ...leaf, checkpoint: `${leaf.checkpoint}x` }));
  await assert.rejects(largestIn(fileOf(linesOf(forged)), log), { code: "DOCUMENT_INVALID" });
});
