import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { sealerWith } from "../sealer.ts";
import type { Change, Range, RankedTable, StateView } from "../contract/state.ts";
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
/** Ranked by how long the value's text is, as any fact of an entry might rank it. */
const rankOf = (value: unknown): number => JSON.stringify(value).length;
const tables: readonly RankedTable[] = [{ name: "t", rankOf }];
const opening = (folder: string, cluster = "cluster", under = keys, cacheBytes = almostNothing) => {
  const open = statesIn(folder, { cluster, keys: under }, cacheBytes);
  return (at: string) => open(at, tables);
};

const place = "eu-central.psi.changelog/0";
const change = (key: string, value: unknown, table = "t"): Change => ({
  ...{ table, key, value },
  ...(value === undefined || table.startsWith("records/") ? {} : { rank: rankOf(value) }),
});
const at = (offset: number) => ({ offset: BigInt(offset), digest: `digest ${String(offset)}` });
const byKey = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number =>
  one < other ? -1 : 1;
const entriesOf = (store: StateView, table: string): [string, unknown][] =>
  table.startsWith("records/")
    ? Array.from(store.records(table), ([key, value]): [string, unknown] => [key, value]).sort(byKey)
    : store
        .ranked(table, { limit: 1_000 })
        .map(({ key, value }): [string, unknown] => [key, value])
        .sort(byKey);

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

const ranges: readonly Range[] = [
  { limit: 2 },
  { from: 2, limit: 3 },
  { below: 4, limit: 9 },
  { from: 1, below: 3, limit: 1 },
];
const ranksIn = (store: StateView, range: Range): number[] =>
  store.ranked("t", range).map(({ rank }) => rank);
const expectedRanks = (entries: ReadonlyMap<string, unknown>, { from = 0, below = Infinity, limit }: Range) =>
  Array.from(entries.values(), rankOf)
    .filter((rank) => rank >= from && rank < below)
    .sort((a, b) => a - b)
    .slice(0, limit);

test("however it is changed and opened again, it holds what a map would", async () => {
  const names = fc.constantFrom("a", "a/1", "a/2", "b/1", "ab");
  const step = fc.oneof(
    fc.record({
      changes: fc.array(
        fc.record({
          table: fc.constantFrom("t", "records/u"),
          key: names,
          // As JSON has it: -0 is 0 there.
          value: fc.option(
            fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
            { nil: undefined },
          ),
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
        ["records/u", new Map()],
      ]);
      for (const [index, given] of steps.entries()) {
        if (given === "reopen") {
          await state.close();
          state = opening(folder, "cluster", keys, cacheBytes)(place);
          store = new StateStore(state);
        } else {
          store.stage(given.changes.map(({ table, key, value }) => change(key, value, table)));
          await store.commit(at(index));
          for (const { table, key, value } of given.changes) {
            if (value === undefined) model.get(table)?.delete(key);
            else model.get(table)?.set(key, JSON.parse(JSON.stringify(value)));
          }
        }
        for (const [table, entries] of model) {
          const found = JSON.parse(JSON.stringify(entriesOf(store, table))) as unknown;
          assert.deepEqual(found, [...entries].sort(byKey));
          for (const [key, value] of entries) assert.deepEqual(store.get(table, key), value);
        }
        for (const range of ranges) {
          assert.deepEqual(ranksIn(store, range), expectedRanks(model.get("t") ?? new Map(), range));
        }
      }
      await state.close();
    }),
    { numRuns: 40 },
  );
});

test("what was read in its order once is read again without opening it, and another table not at all", async () => {
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
  writeFileSync(join(folder, `${place.replaceAll("/", ".")}.2.sqlite`), "no database, but a text");
  const state = opening(folder)(place);
  assert.equal(state.checkpoint, undefined);
  await state.apply([change("a", 2)], at(1));
  await state.close();
  const again = opening(folder)(place);
  assert.equal(again.get("t", "a"), 2);
  await again.close();
});

/** As the version before laid it out: no entry has a rank. */
function layOutAsBefore(folder: string): string {
  const name = join(folder, place.replaceAll("/", "."));
  const database = new DatabaseSync(`${name}.2.sqlite`);
  const { text } = database.prepare("select text from meta").get() as { text: string };
  const meta = JSON.stringify({ ...(JSON.parse(text) as object), version: 1 });
  database.exec("drop index entries_by_rank; alter table entries drop column rank");
  database.prepare("update meta set text = ?").run(meta);
  database.close();
  renameSync(`${name}.2.sqlite`, `${name}.sqlite`);
  return `${name}.sqlite`;
}

test("a folder of the version before is brought up, with the ranks that its entries never had", async () => {
  const folder = freshFolder();
  await kept(
    folder,
    change("a", "long enough"),
    change("b", 1),
    change("c", 22),
    change("d", 1, "records/u"),
  );
  const earlier = layOutAsBefore(folder);
  const state = opening(folder)(place);
  assert.deepEqual(state.checkpoint, at(7));
  assert.deepEqual(
    state.ranked("t", { limit: 2 }).map(({ key, value, rank }) => [key, value, rank]),
    [
      ["b", 1, 1],
      ["c", 22, 2],
    ],
  );
  assert.deepEqual(entriesOf(state, "records/u"), [["d", 1]]);
  await state.close();
  assert.ok(!existsSync(earlier), "an earlier program begins with the changelog");
  const again = opening(folder)(place);
  assert.deepEqual(entriesOf(again, "t").length, 3);
  await again.close();
});

test("a folder of a later version is refused by a code, and nothing in it is touched", async () => {
  const folder = freshFolder();
  await kept(folder, change("a", 1));
  const name = place.replaceAll("/", ".");
  renameSync(join(folder, `${name}.2.sqlite`), join(folder, `${name}.3.sqlite`));
  const before = readdirSync(folder);
  assert.throws(() => opening(folder), {
    code: "STATE_NEWER",
    message: /psi\.changelog\.0\.3\.sqlite has layout 3; this version of the program reads up to 2/,
  });
  assert.deepEqual(readdirSync(folder), before);
});

test("what this process read before another had the state is not taken for what stands there now", async () => {
  const folder = freshFolder();
  const open = opening(folder, "cluster", keys, 1_000_000);
  await kept(folder, change("a", 1));
  const mine = open(place);
  assert.equal(mine.get("t", "a"), 1);
  await mine.close();
  const others = opening(folder)(place);
  await others.apply([change("a", 22)], at(2));
  await others.close();
  const again = open(place);
  assert.equal(again.get("t", "a"), 22);
  assert.deepEqual(again.ranked("t", { limit: 1 }), [{ key: "a", value: 22, rank: 2 }]);
  await again.close();
});

test("what one place's state read is no other's, nor there once it is erased", async () => {
  const open = opening(freshFolder(), "cluster", keys, 1_000_000);
  const [one, other] = [open(place), open("eu-central.psi.changelog/1")];
  await one.apply([change("a", 1)], at(1));
  await one.close();
  await other.apply([change("b", 2)], at(1));
  await other.close();
  const [again, beside] = [open(place), open("eu-central.psi.changelog/1")];
  assert.deepEqual([again.get("t", "a"), beside.get("t", "a")], [1, undefined]);
  await again.erase();
  assert.deepEqual([again.get("t", "a"), again.size], [undefined, 0]);
  assert.equal(beside.get("t", "b"), 2);
  await again.close();
  await beside.close();
});

test("only a dataset's records are read without an order", async () => {
  const state = opening(freshFolder())(place);
  assert.throws(() => state.records("t"), /is no dataset's, and is not walked/);
  await state.close();
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
