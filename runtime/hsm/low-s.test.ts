import assert from "node:assert/strict";
import { test } from "node:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import { lowS } from "./low-s.ts";

const ORDER = secp256k1.Point.Fn.ORDER;
const signatureOf = (r: bigint, s: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from([r, s].map((part) => part.toString(16).padStart(64, "0")).join(""), "hex"));
const scalar = fc.bigInt(1n, ORDER - 1n);

test("a low s stays, a high one becomes its complement, and r is never touched", () => {
  fc.assert(
    fc.property(scalar, scalar, (r, s) => {
      const low = s * 2n < ORDER ? s : ORDER - s;
      assert.deepEqual(lowS(signatureOf(r, s)), signatureOf(r, low));
      assert.deepEqual(lowS(signatureOf(r, ORDER - s)), signatureOf(r, low));
    }),
  );
});

test("the edge of the lower half is as noble draws it", () => {
  const half = ORDER >> 1n;
  for (const s of [1n, half - 1n, half, half + 1n, ORDER - 1n]) {
    const signature = new secp256k1.Signature(5n, s);
    const stays = Buffer.compare(lowS(signatureOf(5n, s)), signatureOf(5n, s)) === 0;
    assert.equal(stays, !signature.hasHighS());
  }
});

test("both signatures of a message verify, and only the low one strictly", () => {
  const secret = secp256k1.utils.randomSecretKey();
  const key = secp256k1.getPublicKey(secret);
  const digest = new Uint8Array(32).fill(7);
  const { r, s } = secp256k1.Signature.fromBytes(secp256k1.sign(digest, secret, { prehash: false }));
  const low = lowS(signatureOf(r, ORDER - s));
  assert.equal(secp256k1.verify(low, digest, key, { prehash: false, lowS: true }), true);
});

test("refuses what is no signature", () => {
  const refused = { code: "HSM_OPERATION_FAILED" };
  for (const [r, s] of [
    [0n, 1n],
    [1n, 0n],
    [ORDER, 1n],
    [1n, ORDER],
    [1n, 2n ** 256n - 1n],
  ] as const) {
    assert.throws(() => lowS(signatureOf(r, s)), refused);
  }
  for (const length of [0, 32, 63, 65]) assert.throws(() => lowS(new Uint8Array(length).fill(1)), refused);
});
