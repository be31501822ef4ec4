import assert from "node:assert/strict";
import { test } from "node:test";
import { meterBatch, PUSHES_PER_EPOCH, type MeteredBatch, type MeterState } from "./meter.ts";

const first: MeteredBatch = {
  collaboration: "care",
  epoch: 2,
  receiver: "south",
  push: "a".repeat(32),
  sequence: 1,
  digest: "1".repeat(64),
  count: 10,
};
const second = { ...first, sequence: 2, digest: "2".repeat(64) };
const records = 10;
const outOfSequence = { code: "BATCH_OUT_OF_SEQUENCE" };

const metered = (...batches: MeteredBatch[]): MeterState =>
  batches.reduce<MeterState>((state, batch) => meterBatch(state, batch, records), {});

test("counts every element of every push", () => {
  const { care } = metered(first, second, { ...first, push: "b".repeat(32) });
  assert.equal(care?.receivers.south?.evaluated, 30);
});

test("a batch that comes again at once is not counted again", () => {
  const state = metered(first);
  assert.equal(meterBatch(state, first, records), state);
});

test("refuses a batch that was passed already, a gap, and another batch in a place that is taken", () => {
  const state = metered(first, second);
  for (const batch of [first, { ...second, sequence: 4 }, { ...second, digest: "3".repeat(64) }]) {
    assert.throws(() => meterBatch(state, batch, records), outOfSequence);
  }
  assert.throws(() => metered(second), outOfSequence);
});

test("allows the dataset's limit once for each push that is allowed, and not one element more", () => {
  const pushes = Array.from({ length: PUSHES_PER_EPOCH }, (_, index) => ({
    ...first,
    push: String(index).repeat(32),
  }));
  const state = metered(...pushes);
  assert.throws(() => meterBatch(state, { ...first, push: "f".repeat(32), count: 1 }, records), {
    code: "OPRF_METER_EXCEEDED",
  });
  assert.throws(() => meterBatch({}, { ...first, count: records * PUSHES_PER_EPOCH + 1 }, records), {
    code: "OPRF_METER_EXCEEDED",
  });
});

test("receivers, collaborations and epochs are metered apart", () => {
  const { care, trial } = metered(
    { ...first, count: 40 },
    { ...first, receiver: "west", count: 40 },
    { ...first, collaboration: "trial", count: 40 },
  );
  assert.equal(care?.receivers.south?.evaluated, 40);
  assert.equal(care.receivers.west?.evaluated, 40);
  assert.equal(trial?.receivers.south?.evaluated, 40);
  const next = meterBatch(metered({ ...first, count: 40 }), { ...first, epoch: 3, count: 40 }, records);
  assert.equal(next.care?.receivers.south?.evaluated, 40);
});

test("meters a receiver, collaboration or push under whatever name, those of inherited members too", () => {
  const named = { ...first, receiver: "constructor", collaboration: "constructor", push: "constructor" };
  const state = metered(named, {
    ...second,
    receiver: "constructor",
    collaboration: "constructor",
    push: "constructor",
  });
  const restored = JSON.parse(JSON.stringify(state)) as MeterState;
  for (const kept of [state, restored]) {
    const full = meterBatch(kept, { ...named, push: "b".repeat(32), count: 20 }, records);
    assert.throws(() => meterBatch(full, { ...named, push: "c".repeat(32), count: 1 }, records), {
      code: "OPRF_METER_EXCEEDED",
    });
  }
});

test("an epoch that is over stays over: going back would forget what was counted since", () => {
  const state = metered({ ...first, epoch: 3 });
  assert.throws(() => meterBatch(state, { ...first, push: "b".repeat(32) }, records), {
    code: "WRONG_EPOCH",
  });
});

test("survives its file", () => {
  const state = metered(first, second);
  const restored = JSON.parse(JSON.stringify(state)) as MeterState;
  assert.deepEqual(restored, state);
  assert.equal(meterBatch(restored, second, records), restored);
});
