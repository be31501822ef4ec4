import assert from "node:assert/strict";
import { test } from "node:test";
import {
  collaborationOf,
  following,
  PARTITIONS,
  pushed,
  pushId,
  recordOf,
  type Pushed,
} from "../../test/agent-messages.ts";
import { TOKENS } from "./dataset.ts";
import { portsOf, takeIn } from "./testing/batches.ts";

test("the first batch of a new epoch drops what was kept of the old one, and of no other dataset", async () => {
  const old = await pushed([recordOf(1), recordOf(2)]);
  const alpha = await pushed(
    [recordOf(3)],
    { provider: "alpha", dataset: "alpha-people" },
    { signer: "alpha" },
  );
  const { state } = await takeIn([old.batch]);
  await takeIn([alpha.batch], portsOf(), { state, provider: "alpha" });
  const next = collaborationOf({
    version: 2,
    matching: { sender: "alpha", epoch: 2, partitions: PARTITIONS },
  });
  const fresh = await pushed([recordOf(1)], { version: 2, epoch: 2 });
  const { last } = await takeIn([fresh.batch], portsOf(next), { state });
  assert.equal(last.kind, "publish");
  assert.deepEqual(
    state.snapshot().map(([table, key]) => [table, key.split("/").slice(0, 3).join("/")]),
    ["churn", "heads", "tokens"].flatMap((table) => [
      [table, "health/1/alpha-people"],
      [table, "health/2/beta-people"],
    ]),
  );
});

test("the old epoch's tokens are dropped so many with each batch, until none is left", async () => {
  const { state } = await takeIn([(await pushed([recordOf(1)])).batch]);
  const old = (number: number): string => `health/1/beta-people/${number.toString(16).padStart(64, "0")}`;
  state.apply(Array.from({ length: 8_200 }, (_, number) => TOKENS.put(old(number), pushId(1))));
  const matching = { sender: "alpha", epoch: 2, partitions: PARTITIONS };
  const ports = portsOf(collaborationOf({ version: 2, matching }));
  const left: number[] = [];
  let next: Pushed | undefined;
  for (let batches = 0; batches < 4; batches++) {
    const records = [recordOf(2)];
    const change = { version: 2, epoch: 2, last: false };
    next = next === undefined ? await pushed(records, change) : await following(next, [], change);
    assert.equal((await takeIn([next.batch], ports, { state })).last.kind, "publish");
    left.push(state.entries("tokens", "health/1/").length);
  }
  assert.deepEqual(left, [4_201, 201, 0, 0]);
  assert.deepEqual(state.entries("over"), []);
});
