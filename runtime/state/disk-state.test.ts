import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { sealerWith } from "../sealer.ts";
import type { Change } from "../contract/stage.ts";
import { statesIn } from "./disk-state.ts";
import { StateStore } from "./store.ts";

const dir = mkdtempSync(join(tmpdir(), "pavilion-test-"));
after(() => {
  rmSync(dir, { recursive: true, force: true });
});

const keysOf = (name: string) => {
  const bytes = createHash("sha256").update(name).digest();
  return sealerWith({ generation: 1, bytes }, bytes);
};
const keys = keysOf("region");
let folders = 0;
const freshFolder = (): string => join(dir, String(folders++));

/** A cache of almost nothing, so that nearly everything is read from disk. */
const almostNothing = 2_000;
const opening = (folder: string, cluster = "cluster", under = keys, cacheBytes = almostNothing) =>
  statesIn(folder, { cluster, keys: under }, cacheBytes);

const place = "eu-central.psi.changelog/0";
const change = (key: string, value: unknown, table = "t"): Change => ({ table, key, value });
const at = (offset: number) => ({ offset: BigInt(offset), digest: `digest ${String(offset)}` });
const entriesOf = (store: Pick<StateStore, "entries">, table: string, prefix?: string): unknown =>
  [...store.entries(table, prefix)].sort(([one], [other]) => (one < other ? -1 : 1));

/** What a partition's state holds after it was closed properly. */
async function kept(folder: string, ...changes: Change[]): Promise<void> {
  const state = opening(folder)(place);
  await state.apply(changes, at(7));
  await state.close();
}

test("what was committed is there again, with its place in the changelog", async () => {
  const folder = freshFolder();
  await kept(folder, change("a", 1), change("b", { c: [2] }), change("a", 3, "u"));
  const state = opening(folder)(place);
  assert.deepEqual(state.checkpoint, at(7));
  assert.deepEqual([state.get("t", "a"), state.get("t", "b"), state.get("u", "a")], [1, { c: [2] }, 3]);
  assert.equal(state.get("t", "c"), undefined);
  assert.deepEqual(entriesOf(state, "t"), [
    ["a", 1],
    ["b", { c: [2] }],
  ]);
  await state.close();
});

test("however it is changed and opened again, it holds what a map would", async () => {
  const names = fc.constantFrom("a", "a/1", "a/2", "b/1", "ab");
  const step = fc.oneof(
    fc.record({
      changes: fc.array(
        fc.record({
          table: fc.constantFrom("t", "u"),
          key: names,
          value: fc.option(fc.jsonValue(), { nil: undefined }),
        }),
        { maxLength: 8 },
      ),
    }),
    fc.constant("reopen" as const),
  );
  const cacheSizes = fc.constantFrom(almostNothing, 1_000_000);
  await fc.assert(
    fc.asyncProperty(cacheSizes, fc.array(step, { maxLength: 12 }), async (cacheBytes, steps) => {
      const folder = freshFolder();
      let state = opening(folder, "cluster", keys, cacheBytes)(place);
      let store = new StateStore(state);
      const model = new Map<string, Map<string, unknown>>([
        ["t", new Map()],
        ["u", new Map()],
      ]);
      for (const [index, given] of steps.entries()) {
        if (given === "reopen") {
          await state.close();
          state = opening(folder, "cluster", keys, cacheBytes)(place);
          store = new StateStore(state);
        } else {
          store.stage(given.changes);
          await store.commit(at(index));
          for (const { table, key, value } of given.changes) {
            if (value === undefined) model.get(table)?.delete(key);
            else model.get(table)?.set(key, JSON.parse(JSON.stringify(value)));
          }
        }
        for (const [table, entries] of model) {
          for (const prefix of ["", "a/", "b"]) {
            const expected = [...entries].filter(([key]) => key.startsWith(prefix));
            const found = JSON.parse(JSON.stringify(entriesOf(store, table, prefix))) as unknown;
            assert.deepEqual(
              found,
              expected.sort(([one], [other]) => (one < other ? -1 : 1)),
            );
          }
          for (const [key, value] of entries) assert.deepEqual(store.get(table, key), value);
        }
      }
      await state.close();
    }),
    { numRuns: 40 },
  );
});

test("a table that was walked once is walked again without opening its entries, and one of another name not at all", async () => {
  const folder = freshFolder();
  await kept(folder, change("a", 1), change("b", 2), change("a", 3, "u"));
  let opened = 0;
  const counting = {
    ...keys,
    open: (envelope: Uint8Array, at: string) => {
      opened++;
      return keys.open(envelope, at);
    },
  };
  const state = opening(folder, "cluster", counting, 1_000_000)(place);
  for (const _ of [1, 2, 3]) {
    assert.deepEqual(entriesOf(state, "t"), [
      ["a", 1],
      ["b", 2],
    ]);
  }
  assert.equal(opened, 2);
  await state.apply([change("b", undefined), change("c", 4)], at(8));
  assert.deepEqual(entriesOf(state, "t"), [
    ["a", 1],
    ["c", 4],
  ]);
  assert.equal(opened, 2);
  await state.close();
});

test("on disk stands no table, key or value in the clear", async () => {
  const folder = freshFolder();
  await kept(folder, change("planted-key", "planted-value", "planted-table"));
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const bytes = readFileSync(join(file.parentPath, file.name));
    for (const text of ["planted-key", "planted-value", "planted-table"]) assert.ok(!bytes.includes(text));
  }
});

test("without a place in the changelog nothing is kept: it could not be caught up", async () => {
  const folder = freshFolder();
  const state = opening(folder)(place);
  await state.apply([change("a", 1)]);
  assert.equal(state.get("t", "a"), 1);
  await state.close();
  const again = opening(folder)(place);
  assert.deepEqual([again.checkpoint, again.get("t", "a")], [undefined, undefined]);
  await again.close();
});

test("a store of another cluster is thrown away", async () => {
  const folder = freshFolder();
  await kept(folder, change("a", 1));
  const state = opening(folder, "another")(place);
  assert.deepEqual([state.checkpoint, state.get("t", "a"), state.size], [undefined, undefined, 0]);
  await state.close();
});

test("a store that the changelog may have forgotten deletions of is thrown away", async (context) => {
  const folder = freshFolder();
  await kept(folder, change("a", 1));
  context.mock.timers.enable({ apis: ["Date"], now: Date.now() + 13 * 3_600_000 });
  const state = opening(folder)(place);
  assert.equal(state.checkpoint, undefined);
  await state.close();
});

test("a file that is no database is begun anew", async () => {
  const folder = freshFolder();
  await kept(folder, change("a", 1));
  writeFileSync(join(folder, `${place.replaceAll("/", ".")}.sqlite`), "no database, but a text");
  const state = opening(folder)(place);
  assert.equal(state.checkpoint, undefined);
  await state.apply([change("a", 2)], at(1));
  await state.close();
  const again = opening(folder)(place);
  assert.equal(again.get("t", "a"), 2);
  await again.close();
});

test("entries under another key make it unsound, until it is erased", async () => {
  const folder = freshFolder();
  await kept(folder, change("a", 1));
  // The table's name is another one under another key; the name key stays the region's.
  const other = { ...keysOf("another"), nameOf: (text: string) => keys.nameOf(text) };
  const state = opening(folder, "cluster", other)(place);
  state.requireSound();
  assert.throws(() => state.get("t", "a"), { code: "STATE_UNSOUND" });
  assert.throws(
    () => {
      state.requireSound();
    },
    { code: "STATE_UNSOUND" },
  );
  await state.erase();
  await state.close();
  const again = opening(folder)(place);
  assert.deepEqual([again.checkpoint, again.size], [undefined, 0]);
  await again.close();
});

test("who was succeeded by another writes nothing any more, and erases nothing", async () => {
  const folder = freshFolder();
  const before = opening(folder)(place);
  await before.apply([change("a", "before")], at(1));
  const owner = opening(folder)(place);
  await owner.apply([change("a", "owner")], at(2));
  await owner.close();
  await before.close();
  assert.throws(
    () => {
      before.requireSound();
    },
    { code: "STATE_UNSOUND" },
  );
  const state = opening(folder)(place);
  assert.deepEqual([state.checkpoint, state.get("t", "a")], [at(2), "owner"]);
  await state.close();
});
