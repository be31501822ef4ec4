import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { ENVELOPE_OVERHEAD, generationOf, open, seal } from "./envelope.ts";

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const KEY = { generation: 0x01020304, secret: Uint8Array.from({ length: 32 }, (_, index) => index) };
const NONCE = Uint8Array.from({ length: 12 }, (_, index) => 0xa0 + index);
const PLAINTEXT = utf8("a sealed value");
const PLACE = utf8("region.topic/key");
const GOLDEN =
  "0101020304a0a1a2a3a4a5a6a7a8a9aaab87380f4824a767db4213e6bf721f513bc7665af9a5656dd60865afc3a764";

test("version 1 keeps its bytes", () => {
  const golden = Uint8Array.from(Buffer.from(GOLDEN, "hex"));
  assert.deepEqual(seal(KEY, NONCE, PLAINTEXT, PLACE), golden);
  assert.deepEqual(open(KEY, golden, PLACE), PLAINTEXT);
  assert.equal(generationOf(golden), 0x01020304);
});

test("WebCrypto opens an envelope by the layout that is documented", async () => {
  const envelope = Uint8Array.from(seal(KEY, NONCE, PLAINTEXT, PLACE));
  const key = await webcrypto.subtle.importKey("raw", KEY.secret, "AES-GCM", false, ["decrypt"]);
  const additionalData = Uint8Array.of(...envelope.subarray(0, 5), ...PLACE);
  const algorithm = { name: "AES-GCM", iv: envelope.subarray(5, 17), additionalData };
  const opened = await webcrypto.subtle.decrypt(algorithm, key, envelope.subarray(17));
  assert.deepEqual(new Uint8Array(opened), PLAINTEXT);
});

test("everything sealed is opened again, and 33 bytes longer", () => {
  const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
    fc.uint8Array({ minLength: length, maxLength: length });
  const generations = fc.integer({ min: 0, max: 0xffff_ffff });
  fc.assert(
    fc.property(
      bytes(32),
      generations,
      bytes(12),
      fc.uint8Array(),
      fc.uint8Array(),
      (key, generation, nonce, plaintext, place) => {
        const envelope = seal({ generation, secret: key }, nonce, plaintext, place);
        assert.equal(envelope.length, plaintext.length + ENVELOPE_OVERHEAD);
        assert.equal(generationOf(envelope), generation);
        assert.deepEqual(open({ generation, secret: key }, envelope, place), plaintext);
      },
    ),
  );
});

test("rejects an envelope with any one bit changed", () => {
  const envelope = seal(KEY, NONCE, PLAINTEXT, PLACE);
  for (let bit = 0; bit < envelope.length * 8; bit++) {
    const changed = Uint8Array.from(envelope);
    const byte = bit >> 3;
    changed[byte] = (changed[byte] ?? 0) ^ (1 << (bit & 7));
    assert.throws(() => open(KEY, changed, PLACE), { name: "CryptoError" });
    // The generation is authentic too: stating the changed one does not help.
    if (byte >= 1) {
      const stated = { ...KEY, generation: generationOf(changed) };
      assert.throws(() => open(stated, changed, PLACE), { code: "SEALING_NOT_OPENED" });
    }
  }
});

test("rejects another key, another place, and bytes moved between header and place", () => {
  const envelope = seal(KEY, NONCE, PLAINTEXT, PLACE);
  const notOpened = { code: "SEALING_NOT_OPENED" };
  assert.throws(() => open({ ...KEY, secret: new Uint8Array(32) }, envelope, PLACE), notOpened);
  assert.throws(() => open(KEY, envelope, utf8("region.topic/other")), notOpened);
  assert.throws(() => open(KEY, envelope, new Uint8Array()), notOpened);
});

test("rejects cut and unknown envelopes, and another generation", () => {
  const envelope = seal(KEY, NONCE, PLAINTEXT, PLACE);
  const malformed = { code: "SEALING_ENVELOPE_MALFORMED" };
  assert.throws(() => open(KEY, new Uint8Array(), PLACE), malformed);
  assert.throws(() => open(KEY, envelope.subarray(0, ENVELOPE_OVERHEAD - 1), PLACE), malformed);
  assert.throws(() => open(KEY, Uint8Array.of(2, ...envelope.subarray(1)), PLACE), malformed);
  assert.throws(() => open(KEY, envelope.subarray(0, -1), PLACE), { code: "SEALING_NOT_OPENED" });
  assert.throws(() => open({ ...KEY, generation: 5 }, envelope, PLACE), { code: "SEALING_WRONG_GENERATION" });
});

test("refuses a generation that does not fit 32 bits", () => {
  for (const generation of [-1, 0.5, 2 ** 32, NaN]) {
    assert.throws(() => seal({ ...KEY, generation }, NONCE, PLAINTEXT, PLACE), {
      code: "SEALING_GENERATION_OUT_OF_RANGE",
    });
  }
});
