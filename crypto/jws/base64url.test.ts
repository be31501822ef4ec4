import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";

test("RFC 7515 appendix C: the example", () => {
  assert.equal(encodeBase64url(Uint8Array.of(3, 236, 255, 224, 193)), "A-z_4ME");
  assert.deepEqual(decodeBase64url("A-z_4ME"), Uint8Array.of(3, 236, 255, 224, 193));
});

test("every byte string comes back", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.deepEqual(decodeBase64url(encodeBase64url(bytes)), bytes);
    }),
  );
});

test("refuses every other spelling", () => {
  for (const text of ["A-z_4ME=", "A+z/4ME", "A-z_4MF", " A-z_4ME", "A-z_4ME\n", "A", "A-z_4ME."]) {
    assert.equal(decodeBase64url(text), undefined, JSON.stringify(text));
  }
});
