/**
 * Which records count as committed, on plain values: a transaction's records stand or fall with its marker, however
 * several lie between one another.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { committedOf, type StoredRecord } from "./committed-log.ts";

const marker = (commits: boolean): Buffer => Buffer.from([0, 0, 0, commits ? 1 : 0]);

function record(offset: number, producerId: string, extra: Partial<StoredRecord> = {}): StoredRecord {
  return {
    ...{ topic: "t", partition: 0, offset: BigInt(offset), producerId },
    ...{ key: null, value: null, isTransactional: true, isControl: false },
    ...extra,
  };
}

const end = (offset: number, producerId: string, commits: boolean): StoredRecord =>
  record(offset, producerId, { isControl: true, key: marker(commits) });

const offsetsOf = (stored: readonly StoredRecord[]): number[] =>
  committedOf(stored).records.map(({ offset }) => Number(offset));

test("transactions that lie between one another stand or fall each with its own marker", () => {
  const stored = [
    ...[record(0, "a"), record(1, "b"), record(2, "a"), end(3, "b", false), record(4, "b")],
    ...[end(5, "a", true), record(6, "c"), end(7, "b", true), record(8, "d", { isTransactional: false })],
  ];
  assert.deepEqual(offsetsOf(stored), [0, 2, 4, 8]);
  const { aborted, open } = committedOf(stored);
  assert.deepEqual([aborted, open], [1, 1]);
});

test("a record whose key looks like an abort marker ends nothing", () => {
  const stored = [record(0, "a", { key: marker(false) }), record(1, "a"), end(2, "a", true)];
  assert.deepEqual(offsetsOf(stored), [0, 1]);
});

test("a marker in one partition ends nothing in another", () => {
  const stored = [record(0, "a"), record(0, "a", { partition: 1 }), end(1, "a", true)];
  assert.deepEqual(committedOf(stored).open, 1);
});

test("every data record is committed, aborted or open, whatever the order in which it was read", () => {
  const entry = fc.record({
    producer: fc.constantFrom("a", "b", "c"),
    kind: fc.constantFrom("data", "commit", "abort"),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), fc.infiniteStream(fc.nat()), (entries, order) => {
      const stored = entries.map(({ producer, kind }, offset) =>
        kind === "data" ? record(offset, producer) : end(offset, producer, kind === "commit"),
      );
      const shuffled = stored
        .map((one) => ({ one, at: order.next().value as number }))
        .sort((one, other) => one.at - other.at)
        .map(({ one }) => one);
      const { records, aborted, open } = committedOf(shuffled);
      const data = entries.filter(({ kind }) => kind === "data").length;
      assert.equal(records.length + aborted + open, data);
      assert.deepEqual(committedOf(stored), committedOf(shuffled));
    }),
  );
});
