import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { test } from "node:test";
import { decrypt, encrypt } from "./aes-gcm.ts";

const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, as submitted to NIST.
const KEY_16 = "feffe9928665731c6d6a8f9467308308";
const VECTORS = [
  {
    name: "13",
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    plaintext: "",
    associatedData: "",
    sealed: "530f8afbc74536b9a963b4f1c4cb738b",
  },
  {
    name: "14",
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    plaintext: "00".repeat(16),
    associatedData: "",
    sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
  },
  {
    name: "16",
    key: KEY_16 + KEY_16,
    nonce: "cafebabefacedbaddecaf888",
    plaintext:
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525" +
      "b16aedf5aa0de657ba637b39",
    associatedData: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    sealed:
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838" +
      "c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
  },
];

for (const vector of VECTORS) {
  test(`AES-256-GCM, test case ${vector.name} of the GCM submission to NIST`, () => {
    const [key, nonce, associatedData] = [vector.key, vector.nonce, vector.associatedData].map(fromHex) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const sealed = encrypt(key, nonce, fromHex(vector.plaintext), associatedData);
    assert.deepEqual(sealed, fromHex(vector.sealed));
    assert.deepEqual(decrypt(key, nonce, sealed, associatedData), fromHex(vector.plaintext));
  });
}

test("refuses keys and nonces of other lengths, and less than a tag", () => {
  const empty = new Uint8Array();
  const nonce = new Uint8Array(12);
  const key = new Uint8Array(32);
  assert.throws(() => encrypt(new Uint8Array(16), nonce, empty, empty), { code: "SEALING_KEY_MALFORMED" });
  assert.throws(() => encrypt(key, new Uint8Array(16), empty, empty), { code: "SEALING_NONCE_MALFORMED" });
  assert.throws(() => decrypt(key, nonce, new Uint8Array(15), empty), { code: "SEALING_NOT_OPENED" });
});

test("a key that was imported seals as its bytes do, and is held to its length too", () => {
  const [bytes, nonce, none] = [new Uint8Array(32).fill(3), new Uint8Array(12), new Uint8Array(0)];
  const sealed = encrypt(createSecretKey(bytes), nonce, bytes, none);
  assert.deepEqual(sealed, encrypt(bytes, nonce, bytes, none));
  assert.deepEqual(decrypt(createSecretKey(bytes), nonce, sealed, none), bytes);
  assert.throws(() => encrypt(createSecretKey(new Uint8Array(16)), nonce, bytes, none), {
    code: "SEALING_KEY_MALFORMED",
  });
});
