import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { fraction } from "../../crypto/fraction/fraction.ts";
import { errorBound } from "../../crypto/laplace/laplace.ts";
import { plan } from "../../test/stage-aggregate.ts";
import { drawNoise, noiseFrom, type Draw } from "./noise.ts";

const draw: Draw = { digest: "dd", plan, grouping: 1, category: 2, statistic: "count" };
const scale = fraction(800n);
/** That of a chance of 2^-100. */
const width = errorBound(scale, fraction(2n ** 100n - 1n, 2n ** 100n));

/** The messages of one draw, in order, and what it drew. */
async function messagesOf(about: Draw, key = "one"): Promise<{ messages: string[]; noise: bigint }> {
  const messages: string[] = [];
  const noise = await drawNoise(about, scale, width, (message) => {
    messages.push(new TextDecoder().decode(message));
    return Promise.resolve(createHmac("sha256", key).update(message).digest());
  });
  return { messages, noise };
}

test("names everything that the draw is for, and its block, in one canonical array", async () => {
  const { messages } = await messagesOf(draw);
  const heads = [
    ["north", "people", 5, "aa".repeat(32)],
    ["south", "visits", 2, "bb".repeat(32)],
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

test("draws again from the bits that follow what would lie beyond the width, and so never does", async () => {
  // At a width of a hundredth of the scale nearly every draw is drawn again.
  const narrow = 8n;
  const seen = new Set<bigint>();
  let blocks = 0;
  for (let category = 0; category < 60; category++) {
    const source = noiseFrom(Buffer.alloc(32, 1));
    const drawn = await drawNoise({ ...draw, category }, scale, narrow, (message) => {
      const block = (JSON.parse(new TextDecoder().decode(message)) as unknown[]).at(-1) as number;
      blocks = Math.max(blocks, block);
      return source(message);
    });
    assert.ok(-narrow <= drawn && drawn <= narrow);
    seen.add(drawn);
  }
  assert.ok(blocks > 20);
  assert.ok(seen.size > 8);
});

test("a draw within the width is the one that a wider width leaves", async () => {
  const source = noiseFrom(Buffer.alloc(32, 2));
  for (let category = 0; category < 20; category++) {
    const about = { ...draw, category };
    assert.equal(
      await drawNoise(about, scale, width, source),
      await drawNoise(about, scale, 10n * width, source),
    );
  }
});

test("a source is HMAC-SHA-256 under its seed", async () => {
  // RFC 4231, test case 2.
  const block = await noiseFrom(Buffer.from("Jefe"))(Buffer.from("what do ya want for nothing?"));
  const expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
  assert.equal(Buffer.from(block).toString("hex"), expected);
});

test("fails rather than draw from a short block", async () => {
  const short = (): Promise<Uint8Array> => Promise.resolve(new Uint8Array(31));
  await assert.rejects(drawNoise(draw, scale, width, short), { code: "LAPLACE_SOURCE_INVALID" });
});
