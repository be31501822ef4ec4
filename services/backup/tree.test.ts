import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { freshFolder } from "./testing/small-stack.ts";
import { treeOf } from "./tree.ts";

const refuse = (message: string): Error => new Error(`refused: ${message}`);

test("every file and folder is found, in their order, but for what is skipped", async () => {
  const root = freshFolder();
  mkdirSync(join(root, "b", "c"), { recursive: true });
  for (const path of ["b/c/file", "b-file", "a", "skipped"]) writeFileSync(join(root, path), path);
  const { files, folders } = await treeOf(root, refuse, { skips: (path) => path === "skipped" });
  assert.deepEqual(
    [files.map(({ path }) => path), folders.map(({ path }) => path)],
    [
      ["a", "b-file", "b/c/file"],
      ["b", "b/c"],
    ],
  );
  assert.deepEqual(
    files.map(({ size }) => size),
    [1, 6, 8],
  );
});

test("what is neither a file nor a folder is refused", async () => {
  const root = freshFolder();
  const server = createServer().listen(join(root, "socket"));
  await once(server, "listening");
  await assert.rejects(treeOf(root, refuse), /refused: .*\/socket is neither/);
  server.close();
});

test("a link is refused and not followed, and so is a folder with more in it than may be", async () => {
  const root = freshFolder();
  for (const name of ["a", "b", "c"]) writeFileSync(join(root, name), "");
  await assert.rejects(treeOf(root, refuse, { entriesMax: 2 }), /refused: .*too many/);
  await treeOf(root, refuse, { entriesMax: 3 });
  symlinkSync(root, join(root, "d"));
  await assert.rejects(treeOf(root, refuse), /refused: .*\/d is neither/);
});
