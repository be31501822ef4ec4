import assert from "node:assert/strict";
import { test } from "node:test";
import { ed25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { ed25519FromSeed, verifyEd25519 } from "./ed25519.ts";

const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const RFC8032_VECTORS = [
  {
    name: "test 1",
    seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    message: "",
    signature:
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b" +
      "d25bf5f0595bbe24655141438e7a100b",
  },
  {
    name: "test 2",
    seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    message: "72",
    signature:
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c" +
      "387b2eaeb4302aeeb00d291612bb0c00",
  },
  {
    name: "test 3",
    seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    message: "af82",
    signature:
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659" +
      "4a7c15e9716ed28dc027beceea1ec40a",
  },
];

for (const vector of RFC8032_VECTORS) {
  test(`RFC 8032 section 7.1, ${vector.name}`, () => {
    const key = ed25519FromSeed(fromHex(vector.seed));
    const message = fromHex(vector.message);
    assert.equal(toHex(key.publicKey), vector.publicKey);
    assert.equal(toHex(key.sign(message)), vector.signature);
    assert.equal(verifyEd25519(key.publicKey, message, fromHex(vector.signature)), true);
  });
}

test("agrees with @noble/curves on keys, signatures and verification", () => {
  const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(seeds, fc.uint8Array(), (seed, message) => {
      const key = ed25519FromSeed(seed);
      const signature = key.sign(message);
      assert.deepEqual(key.publicKey, ed25519.getPublicKey(seed));
      assert.deepEqual(signature, ed25519.sign(message, seed));
      assert.equal(verifyEd25519(key.publicKey, message, signature), true);
    }),
    { numRuns: 20 },
  );
});

const key = ed25519FromSeed(new Uint8Array(32).fill(7));
const message = Uint8Array.of(1, 2, 3);

test("rejects another message, another key, a cut signature", () => {
  const signature = key.sign(message);
  const other = ed25519FromSeed(new Uint8Array(32).fill(8));
  assert.equal(verifyEd25519(key.publicKey, Uint8Array.of(1, 2, 4), signature), false);
  assert.equal(verifyEd25519(other.publicKey, message, signature), false);
  assert.equal(verifyEd25519(key.publicKey, message, signature.subarray(0, 63)), false);
});

test("rejects a signature whose S was raised by the group order", () => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const signature = key.sign(message);
  const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + order;
  signature.set(fromHex(s.toString(16).padStart(64, "0")).reverse(), 32);
  assert.equal(verifyEd25519(key.publicKey, message, signature), false);
});

test("refuses public keys of small order, off the curve, non-canonical or of another length", () => {
  const refused = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0200000000000000000000000000000000000000000000000000000000000000",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "01",
  ];
  for (const publicKey of refused) {
    assert.throws(() => verifyEd25519(fromHex(publicKey), message, new Uint8Array(64)), {
      code: "ED25519_KEY_MALFORMED",
    });
  }
});

test("refuses a seed that is not 32 bytes", () => {
  assert.throws(() => ed25519FromSeed(new Uint8Array(31)), { code: "ED25519_KEY_MALFORMED" });
});
