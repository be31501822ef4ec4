import assert from "node:assert/strict";
import { createHash, createSecretKey } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { keyedName } from "./keyed-name.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test("RFC 4231 test case 1, whose key is zero-padded to 32 bytes as HMAC itself would", () => {
  const key = new Uint8Array(32);
  key.fill(0x0b, 0, 20);
  const expected = Buffer.from("b0344c61d8db38535ca8afceaf0bf12b", "hex");
  assert.deepEqual(keyedName(key, utf8("Hi There")), Uint8Array.from(expected));
});

/** RFC 2104 as it is written, for a key shorter than the block of 64 bytes. */
function hmacByDefinition(key: Uint8Array, message: Uint8Array): Uint8Array {
  const pad = (byte: number): Uint8Array => Uint8Array.from({ length: 64 }, (_, at) => (key[at] ?? 0) ^ byte);
  const inner = createHash("sha256").update(pad(0x36)).update(message).digest();
  return Uint8Array.from(createHash("sha256").update(pad(0x5c)).update(inner).digest());
}

test("agrees with HMAC's definition, and is deterministic", () => {
  const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(keys, fc.uint8Array(), (key, name) => {
      assert.deepEqual(keyedName(key, name), hmacByDefinition(key, name).slice(0, 16));
      assert.deepEqual(keyedName(key, name), keyedName(key, name));
    }),
  );
});

test("another key gives another name", () => {
  const [one, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  assert.notDeepEqual(keyedName(one, utf8("person")), keyedName(other, utf8("person")));
});

test("a key that was imported gives the names of its bytes, and is held to its length too", () => {
  const bytes = new Uint8Array(32).fill(3);
  assert.deepEqual(keyedName(createSecretKey(bytes), utf8("person")), keyedName(bytes, utf8("person")));
  assert.throws(() => keyedName(createSecretKey(new Uint8Array(16)), utf8("person")), {
    code: "SEALING_KEY_MALFORMED",
  });
});

test("refuses a key that is not 32 bytes", () => {
  assert.throws(() => keyedName(new Uint8Array(16), utf8("person")), { code: "SEALING_KEY_MALFORMED" });
});
