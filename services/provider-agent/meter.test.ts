import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addMeters,
  laterMeter,
  meterBatch,
  PUSHES_PER_EPOCH,
  PUSHES_REMEMBERED,
  type Meter,
  type MeteredBatch,
} from "./meter.ts";

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
const exceeded = { code: "OPRF_METER_EXCEEDED" };

const metered = (...batches: MeteredBatch[]): Meter => {
  const meter = batches.reduce<Meter | undefined>(
    (known, batch) => meterBatch(known, batch, records),
    undefined,
  );
  assert.ok(meter);
  return meter;
};
const evaluatedFor = (receiver: string, meter: Meter | undefined): number | undefined =>
  meter?.receivers.find((one) => one.receiver === receiver)?.evaluated;

test("counts every element of every push", () => {
  assert.equal(evaluatedFor("south", metered(first, second, { ...first, push: "b".repeat(32) })), 30);
});

test("a batch that comes again at once is not counted again", () => {
  const meter = metered(first);
  assert.equal(meterBatch(meter, first, records), meter);
});

test("refuses a batch that was passed already, a gap, and another batch in a place that is taken", () => {
  const meter = metered(first, second);
  for (const batch of [first, { ...second, sequence: 4 }, { ...second, digest: "3".repeat(64) }]) {
    assert.throws(() => meterBatch(meter, batch, records), outOfSequence);
  }
  assert.throws(() => metered(second), outOfSequence);
});

test("allows the dataset's limit once for each push that is allowed, and not one element more", () => {
  const pushes = Array.from({ length: PUSHES_PER_EPOCH }, (_, index) => ({
    ...first,
    push: String(index).repeat(32),
  }));
  const meter = metered(...pushes);
  assert.throws(() => meterBatch(meter, { ...first, push: "f".repeat(32), count: 1 }, records), exceeded);
  assert.throws(
    () => meterBatch(undefined, { ...first, count: records * PUSHES_PER_EPOCH + 1 }, records),
    exceeded,
  );
});

test("receivers and epochs are metered apart", () => {
  const meter = metered({ ...first, count: 40 }, { ...first, receiver: "west", count: 40 });
  assert.deepEqual(
    ["south", "west"].map((receiver) => evaluatedFor(receiver, meter)),
    [40, 40],
  );
  assert.equal(evaluatedFor("south", meterBatch(meter, { ...first, epoch: 3, count: 40 }, records)), 40);
});

test("meters a receiver or push under whatever name, those of inherited members too", () => {
  const named = { ...first, receiver: "constructor", push: "__proto__" };
  const meter = metered(named, { ...second, receiver: "constructor", push: "__proto__" });
  for (const kept of [meter, JSON.parse(JSON.stringify(meter)) as Meter]) {
    const full = meterBatch(kept, { ...named, push: "b".repeat(32), count: 20 }, records);
    assert.throws(() => meterBatch(full, { ...named, push: "c".repeat(32), count: 1 }, records), exceeded);
  }
});

test("an epoch that is over stays over: going back would forget what was counted since", () => {
  const meter = metered({ ...first, epoch: 3 });
  assert.throws(() => meterBatch(meter, { ...first, push: "b".repeat(32) }, records), {
    code: "WRONG_EPOCH",
  });
});

test("many small pushes neither grow the meter nor lower the count", () => {
  const push = (index: number): string => String(index).padStart(32, "0");
  const pushes = Array.from({ length: 3 * PUSHES_REMEMBERED }, (_, index) => ({
    ...{ ...first, count: 1 },
    push: push(index),
  }));
  const meter = pushes.reduce<Meter | undefined>((known, batch) => meterBatch(known, batch, 100), undefined);
  assert.equal(meter?.receivers[0]?.pushes.length, PUSHES_REMEMBERED);
  assert.equal(evaluatedFor("south", meter), pushes.length);
  const forgotten = { ...first, count: 1, push: push(0) };
  assert.throws(() => meterBatch(meter, { ...forgotten, sequence: 2 }, 100), outOfSequence);
  assert.equal(evaluatedFor("south", meterBatch(meter, forgotten, 100)), pushes.length + 1);
});

test("two agents that did not know of each other counted together; copies of one count once", () => {
  const one = metered(first);
  const other = metered(
    { ...first, push: "b".repeat(32) },
    { ...first, receiver: "west", push: "c".repeat(32) },
  );
  assert.equal(evaluatedFor("south", addMeters(one, other)), 20);
  assert.equal(evaluatedFor("west", addMeters(one, other)), 10);
  assert.equal(evaluatedFor("south", laterMeter(one, metered(first, second))), 20);
  assert.equal(evaluatedFor("south", laterMeter(metered(first, second), one)), 20);
  assert.deepEqual(addMeters(undefined, one), one);
});

test("what was counted of an epoch that is over counts no more", () => {
  const now = metered({ ...first, epoch: 3 });
  for (const join of [addMeters, laterMeter]) {
    assert.equal(join(now, metered(first)), now);
    assert.equal(join(metered(first), now), now);
  }
});
