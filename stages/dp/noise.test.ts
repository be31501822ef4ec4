import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { fraction } from "../../crypto/fraction/fraction.ts";
import { plan } from "../../test/stage-aggregate.ts";
import { drawNoise, type Draw } from "./noise.ts";

const draw: Draw = { digest: "dd", plan, grouping: 1, category: 2, statistic: "count" };
const scale = fraction(800n);

/** The messages of one draw, in order, and what it drew. */
async function messagesOf(about: Draw, key = "one"): Promise<{ messages: string[]; noise: bigint }> {
  const messages: string[] = [];
  const noise = await drawNoise(about, scale, (message) => {
    messages.push(new TextDecoder().decode(message));
    return Promise.resolve(createHmac("sha256", key).update(message).digest());
  });
  return { messages, noise };
}

test("names everything that the draw is for, and its block, in one canonical array", async () => {
  const { messages } = await messagesOf(draw);
  const heads = [
    ["north", "people", 5, "aa"],
    ["south", "visits", 2, "bb"],
  ];
  assert.equal(
    messages[0],
    JSON.stringify(["pavilion/noise/v1", "dd", "care", 3, 2, heads, 1, 2, "count", 0]),
  );
});

test("numbers the blocks of a draw, so that none is used twice", async () => {
  let longest = 0;
  for (let category = 0; category < 200; category++) {
    const { messages } = await messagesOf({ ...draw, category });
    const blocks = messages.map((message) => (JSON.parse(message) as unknown[]).at(-1));
    assert.deepEqual(blocks, [...blocks.keys()]);
    longest = Math.max(longest, blocks.length);
  }
  assert.ok(longest > 1);
});

test("draws the same for the same key and message, and otherwise under another key", async () => {
  const { noise } = await messagesOf(draw);
  assert.equal((await messagesOf(draw)).noise, noise);
  assert.notEqual((await messagesOf(draw, "two")).noise, noise);
});
