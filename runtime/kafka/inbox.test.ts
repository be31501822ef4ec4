import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Inbox } from "./inbox.ts";

const numbered = (lane: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${lane}${String(index)}`);

const inbox = (size = 1): Inbox<string> => new Inbox(() => size);

test("takes one of each lane in turn, so that a flood on one does not hold up another", async () => {
  const box = inbox();
  box.push("flood", numbered("f", 900));
  box.push("quiet", ["q0", "q1"]);
  assert.deepEqual(await box.take(5), ["f0", "q0", "f1", "q1", "f2"]);
});

test("a turn goes on where the last one ended", async () => {
  const box = inbox();
  for (const lane of ["a", "b", "c"]) box.push(lane, numbered(lane, 2));
  assert.deepEqual(
    [await box.take(2), await box.take(2), await box.take(9)],
    [
      ["a0", "b0"],
      ["c0", "a1"],
      ["b1", "c1"],
    ],
  );
});

test("hands out everything once, each lane in its order, whatever is pushed and taken when", async () => {
  const step = fc.oneof(
    fc.record({ lane: fc.constantFrom("a", "b", "c"), count: fc.nat(5) }),
    fc.record({ take: fc.integer({ min: 1, max: 7 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step), async (steps) => {
      const box = new Inbox<[string, number]>(() => 1);
      const pushed = new Map<string, number>();
      const taken: [string, number][] = [];
      for (const one of steps) {
        if ("take" in one) {
          if (box.length > 0) taken.push(...((await box.take(one.take)) ?? []));
          continue;
        }
        const from = pushed.get(one.lane) ?? 0;
        box.push(
          one.lane,
          Array.from({ length: one.count }, (_, index) => [one.lane, from + index]),
        );
        pushed.set(one.lane, from + one.count);
      }
      while (box.length > 0) taken.push(...((await box.take(3)) ?? []));
      for (const [lane, count] of pushed) {
        const order = taken.filter(([name]) => name === lane).map(([, index]) => index);
        assert.deepEqual(
          order,
          Array.from({ length: count }, (_, index) => index),
        );
      }
    }),
  );
});

test("a lane is full above a thousand records and drained below two hundred, and no other lane with it", async () => {
  const box = inbox();
  box.push("flood", numbered("f", 1_000));
  assert.equal(box.isFull("flood"), false);
  box.push("flood", ["one more"]);
  box.push("quiet", ["q"]);
  assert.deepEqual([box.isFull("flood"), box.isFull("quiet"), box.isFull("unknown")], [true, false, false]);
  await box.take(802);
  assert.deepEqual([box.length, box.drained()], [200, []]);
  await box.take(1);
  assert.deepEqual([box.drained(), box.drained()], [["flood"], []]);
});

test("a lane of few large records is full as well, and drained when they are gone", async () => {
  const box = inbox(900_000);
  box.push("batches", numbered("b", 9));
  assert.equal(box.isFull("batches"), false);
  box.push("batches", ["b9"]);
  assert.equal(box.isFull("batches"), true);
  await box.take(8);
  assert.deepEqual(box.drained(), []);
  await box.take(1);
  assert.deepEqual(box.drained(), ["batches"]);
});

test("a take waits for the first item, and ends when the inbox is closed", async () => {
  const box = inbox();
  const waiting = box.take(3);
  box.push("a", ["a0"]);
  assert.deepEqual(await waiting, ["a0"]);
  const last = box.take(3);
  box.close();
  assert.equal(await last, undefined);
  box.push("a", ["a1"]);
  assert.equal(await box.take(1), undefined);
});

test("a cleared inbox is empty, and nothing in it is full", () => {
  const box = inbox();
  box.push("a", numbered("a", 1_001));
  assert.equal(box.isFull("a"), true);
  box.clear();
  assert.deepEqual([box.length, box.isFull("a"), box.drained()], [0, false, []]);
});

test("a lane of sixteen times as many is emptied in about sixteen times as long", async () => {
  const timeOf = async (count: number, times: number): Promise<number> => {
    const box = new Inbox<number>(() => 1);
    const items = Array.from({ length: count }, (_, index) => index);
    const before = process.cpuUsage().user;
    for (let time = 0; time < times; time++) {
      box.push("a", items);
      while (box.length > 0) await box.take(50);
    }
    return process.cpuUsage().user - before;
  };
  const least = async (count: number, times: number): Promise<number> =>
    Math.min(await timeOf(count, times), await timeOf(count, times), await timeOf(count, times));
  const often = await least(8_000, 16);
  // Moving what is left at each turn would take some ten times as long.
  assert.ok((await least(128_000, 1)) < 4 * often, `${String(often)} us`);
});
