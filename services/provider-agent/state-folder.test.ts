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
  assert.deepEqual(await state.readMeter(), {});
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

test("a push that was cut off while it was sealed leaves nothing behind", async () => {
  const state = fresh();
  await assert.rejects(state.writePending(place, pending, sealing(true)), /cut off/);
  assert.equal(await state.readPending(place), undefined);
  assert.deepEqual(readdirSync(join(state.path, "datasets")), []);
});

test("every file is its owner's alone", async () => {
  const state = fresh();
  await state.writeMeter({});
  await state.writeEpochKey(place, "aa");
  assert.equal(await state.readEpochKey(place), "aa");
  assert.equal(statSync(join(state.path, "meter.json")).mode & 0o777, 0o600);
  assert.equal(statSync(state.path).mode & 0o777, 0o700);
});

test("a meter that cannot be read is an error, not an empty meter", async () => {
  const state = fresh();
  await state.writeMeter({});
  writeFileSync(join(state.path, "meter.json"), "{");
  await assert.rejects(state.readMeter(), { code: "CONFIG_INVALID" });
});
