import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { ed25519FromSeed } from "../../crypto/jws/ed25519.ts";
import { openRecord, requireNotBehind, sealRecord, type MeterRecord } from "./meter-record.ts";

const identity = ed25519FromSeed(new Uint8Array(32).fill(1));
const stateKey = new Uint8Array(32).fill(2);
const self = { provider: "north", region: "eu", publicKey: identity.publicKey };
const place = { self, collaboration: "care" };
const keys = { stateKey, sign: identity.sign };
const pushes = [{ push: "a".repeat(32), sequence: 3, digest: "d".repeat(64) }];
const receivers = [{ receiver: "constructor", evaluated: 20, pushes }];

const record = (sequence: number, previous: string | null, evaluated = 20): Promise<MeterRecord> =>
  sealRecord(
    place,
    { sequence, previous, epoch: 1, receivers: receivers.map((one) => ({ ...one, evaluated })), carried: [] },
    keys,
    randomBytes,
  );
const unsound = { code: "STATE_UNSOUND" };
const behind = { code: "REGION_BEHIND" };

test("a record opens to what was sealed, and shows nothing of it", async () => {
  const sealed = await record(1, null);
  assert.deepEqual(openRecord(place, sealed.sealed, stateKey), sealed);
  for (const name of ["care", "constructor", "north"]) assert.ok(!sealed.sealed.includes(name));
});

test("a record of another provider, region, collaboration, key or signer is none, nor is one that was changed", async () => {
  const { sealed } = await record(1, null);
  const others = [
    { ...place, collaboration: "trial" },
    { ...place, self: { ...self, region: "us" } },
    { ...place, self: { ...self, provider: "south" } },
    { ...place, self: { ...self, publicKey: ed25519FromSeed(new Uint8Array(32).fill(3)).publicKey } },
  ];
  for (const other of others) assert.throws(() => openRecord(other, sealed, stateKey), unsound);
  assert.throws(() => openRecord(place, sealed, new Uint8Array(32).fill(9)), unsound);
  for (const at of [0, 20, sealed.length - 1]) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(() => openRecord(place, changed, stateKey), unsound);
  }
  for (const length of [0, 11, 27]) {
    assert.throws(() => openRecord(place, sealed.subarray(0, length), stateKey), unsound);
  }
});

test("an agent goes on where the topic goes on from what it has seen", async () => {
  const one = await record(1, null);
  const two = await record(2, one.digest);
  requireNotBehind(undefined, undefined);
  requireNotBehind(one, undefined);
  requireNotBehind(one, one);
  requireNotBehind(two, one);
  requireNotBehind(await record(9, "e".repeat(64)), one);
});

test("a topic that was emptied, taken back or forked is told", async () => {
  const one = await record(1, null);
  const two = await record(2, one.digest);
  assert.throws(() => {
    requireNotBehind(undefined, one);
  }, behind);
  assert.throws(() => {
    requireNotBehind(one, two);
  }, behind);
  const [sibling, stranger] = [await record(2, one.digest, 10), await record(3, "e".repeat(64))];
  for (const fork of [sibling, stranger]) {
    assert.throws(() => {
      requireNotBehind(fork, two);
    }, behind);
  }
});
