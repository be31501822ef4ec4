import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Table, type Change } from "../contract/state.ts";
import { sealerWith } from "../sealer.ts";
import { StateStore } from "../state/store.ts";
import { Changelog } from "./changelog.ts";
import type { KafkaRecord } from "./wire/record.ts";

const bytes = createHash("sha256").update("region").digest();
const dues = new Table<number>("dues", (due) => due);
const names = new Table<string>("names");
const changelog = new Changelog("eu-central.stage.changelog", sealerWith({ generation: 1, bytes }, bytes), [
  dues,
]);

/** The changes as they come back from Kafka, and the barrier behind them. */
function recordsOf(changes: readonly Change[]): KafkaRecord[] {
  const messages = [...changes.map((one) => changelog.messageOf(one, 0)), changelog.barrierOf("now", 0)];
  return messages.map(({ key, value, headers = {} }, offset) => ({
    ...{ offset: String(offset), timestamp: "0", headerCount: 0, headerBytes: 0 },
    ...{ key: Buffer.from(key ?? ""), value: value === null ? null : Buffer.from(value) },
    headers: new Map(Object.entries(headers).map(([name, text]) => [name, text as Buffer])),
  }));
}

test("a replay holds what was put and not deleted, each entry with the rank that it had", async () => {
  const store = new StateStore();
  const changes = [
    ...[30, 10, 20, 40].map((due) => dues.put(`due ${String(due)}`, due)),
    ...[dues.put("due 10", 50), dues.remove("due 40"), names.put("one", "value")],
  ];
  const replay = changelog.replayInto(store, "now", 0, undefined);
  assert.equal(await replay.apply(recordsOf(changes)), true);
  assert.deepEqual(
    dues.ranked(store, { below: 50, limit: 10 }).map(({ key, rank }) => [key, rank]),
    [
      ["due 20", 20],
      ["due 30", 30],
    ],
  );
  assert.deepEqual(dues.get(store, "due 10"), 50);
  assert.equal(dues.get(store, "due 40"), undefined);
  assert.equal(names.get(store, "one"), "value");
  assert.deepEqual(names.ranked(store, { limit: 10 }), []);
});
