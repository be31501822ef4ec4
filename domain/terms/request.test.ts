import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOf } from "../../crypto/jws/canonical.ts";
import { verifyDetached } from "../../crypto/jws/jws.ts";
import { brokerKey, issuedAt, request, signed, strangerKey } from "../../test/stage-question.ts";
import { readRequest, textDigest } from "./request.ts";
import { signatureType } from "../../schemas/reading/validate.ts";

const refused = { code: "DOCUMENT_INVALID" };

test("a signed request reads back, under the digest of its canonical form", async () => {
  const { document, requestId } = await signed();
  const read = readRequest(document);
  assert.deepEqual(read.document, request);
  assert.equal(read.digest, digestOf(request));
  assert.equal(requestId, request.id);
  assert.deepEqual([read.issuedAt, read.deadline], [issuedAt, issuedAt + 60_000]);
});

test("the signature is the broker's, over that text, and no other key's", async () => {
  const { document, signature } = await signed();
  const expected = { typ: signatureType("request"), publicKey: brokerKey.publicKey };
  assert.equal(verifyDetached(JSON.parse(document), signature, expected).kid, "core");
  assert.throws(() =>
    verifyDetached(JSON.parse(document), signature, { ...expected, publicKey: strangerKey.publicKey }),
  );
});

test("refuses a text that is not canonical, so that one request has one digest", async () => {
  const { document } = await signed();
  assert.throws(() => readRequest(` ${document}`), refused);
  assert.throws(() => readRequest(JSON.stringify(request)), refused);
  assert.throws(() => readRequest(document.replace('"epsilon":', '"epsilon":"1","epsilon":')), refused);
  assert.throws(() => readRequest(document.replace("core", "\\u0063ore")), refused);
});

test("refuses unknown members, missing members, and text that is no JSON", async () => {
  const { document } = await signed();
  for (const text of [
    "",
    "{",
    "null",
    "[]",
    document.replace('{"', '{"__proto__":{},"'),
    document.replace("nonce", "once"),
  ]) {
    assert.throws(() => readRequest(text), refused);
  }
});

test("refuses a text above 16 KiB before it is parsed", async () => {
  const { document } = await signed();
  const padded = (length: number): string => document + " ".repeat(length - document.length);
  assert.throws(() => readRequest(padded(16_384)), { ...refused, message: /canonical/ });
  assert.throws(() => readRequest(padded(16_385)), { ...refused, message: /16 KiB/ });
  assert.throws(() => readRequest("[".repeat(16_385)), { ...refused, message: /16 KiB/ });
  assert.throws(() => readRequest("é".repeat(8_193)), { ...refused, message: /16 KiB/ });
});

test("refuses a date that does not exist", async () => {
  for (const date of ["2026-02-30T10:00:00.000Z", "2026-13-01T10:00:00.000Z", "2026-03-01T24:00:00.000Z"]) {
    const { document } = await signed({ ...request, issuedAt: date });
    assert.throws(() => readRequest(document), refused);
  }
});

test("does not sign what does not follow the schema", async () => {
  await assert.rejects(signed({ ...request, epsilon: "0" }), refused);
});

test("digests any text, readable or not", () => {
  assert.equal(textDigest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
