import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { StateFolder, type PendingBatch, type PendingPush } from "./state-folder.ts";

const root = mkdtempSync(join(tmpdir(), "state-"));
after(() => {
  rmSync(root, { recursive: true });
});
async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const gathered: T[] = [];
  for await (const item of items) gathered.push(item);
  return gathered;
}

let made = 0;
const fresh = (): StateFolder => new StateFolder(join(root, String(++made)));

const place = { collaboration: "care", epoch: 1, dataset: "people" };
const pending: PendingPush = {
  push: "0".repeat(32),
  file: "people.csv",
  begun: "2026-01-01T00:00:00.000Z",
  live: 0,
  version: 1,
  fileDigest: "1".repeat(64),
  regionKey: "key",
  noticesFrom: "12",
  report: "report",
  summary: { read: 2, pushed: 2, rejected: {}, defaulted: {} },
};
const batches: PendingBatch[] = [1, 2].map((sequence) => ({
  head: { sequence, head: String(sequence).repeat(64) },
  rows: [sequence],
  batch: {
    header: `{"sequence":${String(sequence)}}`,
    signature: "s",
    enc: Buffer.alloc(65, sequence),
    records: [Buffer.from([sequence, 0, 255])],
    commitments: Buffer.alloc(64, 255 - sequence),
  },
}));

async function* sealing(fails = false): AsyncGenerator<PendingBatch> {
  for (const batch of batches) yield await Promise.resolve(batch);
  if (fails) throw new Error("cut off");
}

test("nothing is remembered at first", async () => {
  const state = fresh();
  assert.equal(await state.readHead(place), undefined);
  assert.equal(await state.readEpochKey(place), undefined);
  assert.equal(await state.readPending(place), undefined);
  assert.deepEqual(await state.meteredCollaborations(), []);
  assert.equal(await state.readOldMeter(), undefined);
});

test("heads are kept apart by collaboration, epoch and dataset, and replaced as they move", async () => {
  const state = fresh();
  await state.writeHead(place, { sequence: 1, head: "a" });
  await state.writeHead({ ...place, epoch: 2 }, { sequence: 7, head: "b" });
  await state.writeHead(place, { sequence: 2, head: "c" });
  assert.deepEqual(await state.readHead(place), { sequence: 2, head: "c" });
  assert.deepEqual(await state.readHead({ ...place, epoch: 2 }), { sequence: 7, head: "b" });
  assert.equal(await state.readHead({ ...place, dataset: "visits" }), undefined);
});

test("a pending push comes back byte for byte, until it is removed", async () => {
  const state = fresh();
  await state.writePending(place, pending, sealing());
  assert.deepEqual(await state.readPending(place), pending);
  assert.deepEqual(await gather(state.readPendingBatches(place)), batches);
  await state.removePending(place);
  assert.equal(await state.readPending(place), undefined);
  assert.deepEqual(await gather(state.readPendingBatches(place)), []);
});

test("a pending push of an earlier version, which names no file, is read all the same", async () => {
  const state = fresh();
  const { file: _file, begun: _begun, live: _live, ...earlier } = pending;
  await state.writePending(place, earlier as PendingPush, sealing());
  const read = await state.readPending(place);
  assert.deepEqual([read?.push, read?.live], [pending.push, 0]);
  assert.match(read?.file ?? "", /earlier version/);
});

test("a push that was cut off while it was sealed leaves nothing behind", async () => {
  const state = fresh();
  await assert.rejects(state.writePending(place, pending, sealing(true)), /cut off/);
  assert.equal(await state.readPending(place), undefined);
  assert.deepEqual(readdirSync(join(state.path, "datasets")), ["care.1.people.unsent"]);
});

test("a pending push is unsent until sending begins, and one that came from elsewhere is taken for sent", async () => {
  const state = fresh();
  await state.writePending(place, pending, sealing());
  assert.equal(state.isUnsent(place), true);
  await state.beginSending(place);
  await state.beginSending(place);
  assert.equal(state.isUnsent(place), false);
  await state.writePending(place, pending, sealing());
  await state.removePending(place);
  assert.deepEqual(readdirSync(join(state.path, "datasets")), []);
});

test("pushes to a collaboration have one owner, who finds no left-overs of dead ones; those to others have theirs", async () => {
  const state = fresh();
  await state.writeHead(place, { sequence: 1, head: "a" });
  const leftOver = (name: string): void => {
    writeFileSync(join(state.path, "datasets", name), "");
  };
  leftOver("care.1.people.pending.jsonl.1.new");
  leftOver("care2.1.people.pending.jsonl.1.new");
  using owned = await state.ownPushes("care", { wait: false });
  assert.ok(owned);
  await assert.rejects(state.ownPushes("care", { wait: false }), { code: "AGENT_BUSY" });
  assert.deepEqual(readdirSync(join(state.path, "datasets")).sort(), [
    "care.1.people.head.json",
    "care2.1.people.pending.jsonl.1.new",
  ]);
  using other = await state.ownPushes("care2", { wait: false });
  assert.ok(other);
});

test("of epochs that are over nothing is kept, and an unfinished push among it is told", async () => {
  const state = fresh();
  await state.writeHead(place, { sequence: 1, head: "a" });
  await state.writeHead({ ...place, collaboration: "care2" }, { sequence: 1, head: "a" });
  assert.equal(await state.forgetEarlierEpochs(place), false);
  await state.writePending(place, pending, sealing());
  const next = { ...place, epoch: 2 };
  assert.equal(await state.forgetEarlierEpochs(next), true);
  assert.equal(await state.forgetEarlierEpochs(next), false);
  assert.deepEqual(readdirSync(join(state.path, "datasets")), ["care2.1.people.head.json"]);
});

test("the receipt of the last push is kept", async () => {
  const state = fresh();
  assert.equal(await state.readReceipt(place), undefined);
  const receipt = { push: "p", file: "f", fileDigest: "d", pushed: 2, head: undefined, at: "now" };
  await state.writeReceipt(place, receipt);
  assert.deepEqual(await state.readReceipt(place), JSON.parse(JSON.stringify(receipt)));
});

test("every file is its owner's alone", async () => {
  const state = fresh();
  await state.writeMeterRecord("care", Buffer.from("sealed"));
  await state.writeEpochKey(place, "aa");
  assert.equal(await state.readEpochKey(place), "aa");
  assert.equal(statSync(join(state.path, "meters", "care.json")).mode & 0o777, 0o600);
  assert.equal(statSync(state.path).mode & 0o777, 0o700);
});

test("the newest record of each meter is kept; one that cannot be read is an error, not an empty meter", async () => {
  const state = fresh();
  await state.writeMeterRecord("care", Buffer.from("one"));
  await state.writeMeterRecord("care", Buffer.from("two"));
  await state.writeMeterRecord("constructor", Buffer.from("three"));
  assert.deepEqual((await state.meteredCollaborations()).sort(), ["care", "constructor"]);
  assert.deepEqual(await state.readMeterRecord("care"), Buffer.from("two"));
  assert.equal(await state.readMeterRecord("trial"), undefined);
  writeFileSync(join(state.path, "meters", "care.json"), "{");
  await assert.rejects(state.readMeterRecord("care"), { code: "CONFIG_INVALID" });
});

test("a meter that an earlier version kept is read by whatever names are in it, until it is removed", async () => {
  const state = fresh();
  const last = { sequence: 2, digest: "d".repeat(64) };
  const receivers = { constructor: { evaluated: 7, pushes: { ["a".repeat(32)]: last } } };
  await state.writeHead(place, { sequence: 1, head: "a" });
  writeFileSync(join(state.path, "meter.json"), JSON.stringify({ care: { epoch: 2, receivers } }));
  const old = await state.readOldMeter();
  assert.match(old?.digest ?? "", /^[0-9a-f]{64}$/);
  const pushes = [{ push: "a".repeat(32), ...last }];
  assert.deepEqual(
    [...(old?.meters ?? [])],
    [["care", { epoch: 2, receivers: [{ receiver: "constructor", evaluated: 7, pushes }] }]],
  );
  await state.removeOldMeter();
  assert.equal(await state.readOldMeter(), undefined);
});

test("answers from a folder have one owner, beside pushes that have theirs", async () => {
  const state = fresh();
  using serving = await state.ownAnswers({ wait: false });
  using pushing = await state.ownPushes("care", { wait: false });
  assert.ok(serving);
  assert.ok(pushing);
  await assert.rejects(state.ownAnswers({ wait: false }), { code: "AGENT_BUSY" });
});

test("a damaged file is refused by its name, and set aside on demand; what is sound stays", async () => {
  const folder = fresh();
  await folder.writeHead(place, { sequence: 1, head: "a" });
  await folder.writeHead({ ...place, dataset: "other" }, { sequence: 2, head: "b" });
  await folder.writePending(place, pending, sealing());
  await folder.writeMeterRecord("care", Buffer.from("sealed"));
  const damaged = [
    ["datasets", "care.1.people.head.json"],
    ["datasets", "care.1.people.pending.jsonl"],
    ["meters", "care.json"],
  ] as const;
  for (const [where, name] of damaged) writeFileSync(join(folder.path, where, name), "\0\0\0");
  const code = { code: "CONFIG_INVALID" };
  await assert.rejects(folder.readHead(place), code);
  await assert.rejects(folder.readPending(place), code);
  await assert.rejects(folder.readMeterRecord("care"), code);
  assert.deepEqual((await folder.setAsideDamaged()).sort(), damaged.map(([, name]) => name).sort());
  assert.deepEqual(await folder.setAsideDamaged(), []);
  assert.equal(await folder.readHead(place), undefined);
  assert.equal(await folder.readPending(place), undefined);
  assert.equal((await folder.readHead({ ...place, dataset: "other" }))?.sequence, 2);
});
