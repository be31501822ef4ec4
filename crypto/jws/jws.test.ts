import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { CompactSign, compactVerify, FlattenedSign, flattenedVerify, importJWK } from "jose";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { canonicalBytes } from "./canonical.ts";
import { ed25519FromSeed } from "./ed25519.ts";
import { signCompact, signDetached, verifyCompact, verifyDetached } from "./jws.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const encoded = (text: string): string => encodeBase64url(utf8(text));

// RFC 8037 appendix A.1.
const SEED = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const PUBLIC = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const key = ed25519FromSeed(decodeBase64url(SEED) ?? new Uint8Array());

const HEADER = { typ: "pavilion-collaboration+jws", kid: "did:key:zProvider#zProvider" };
const EXPECTED = { typ: HEADER.typ, publicKey: key.publicKey };
const DOCUMENT = { version: 1, providers: ["a", "b"], epsilon: 0.5 };

/** A JWS with any header at all, signed properly by the key. */
function signRaw(headerText: string, payload: Uint8Array): string {
  const input = `${encoded(headerText)}.${encodeBase64url(payload)}`;
  return `${input}.${encodeBase64url(key.sign(utf8(input)))}`;
}

function detach(jws: string): string {
  const [header, , signature] = jws.split(".");
  return `${String(header)}..${String(signature)}`;
}

test("RFC 8037 appendix A.4: the Ed25519 signing example", () => {
  assert.equal(encodeBase64url(key.publicKey), PUBLIC);
  assert.equal(
    signRaw('{"alg":"EdDSA"}', utf8("Example of Ed25519 signing")),
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6" +
      "dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
  );
});

test("a detached signature verifies whatever the order of the document's members", async () => {
  const jws = await signDetached(DOCUMENT, HEADER, key.sign);
  assert.match(jws, /^[\w-]+\.\.[\w-]{86}$/);
  const reordered = { epsilon: 0.5, providers: ["a", "b"], version: 1 };
  assert.deepEqual(verifyDetached(reordered, jws, EXPECTED), { kid: HEADER.kid });
});

test("an attached signature gives back the payload", async () => {
  const jws = await signCompact(utf8("claims"), HEADER, (input) => Promise.resolve(key.sign(input)));
  assert.deepEqual(verifyCompact(jws, EXPECTED), { kid: HEADER.kid, payload: utf8("claims") });
});

test("jose verifies what is signed here", async () => {
  const publicJwk = await importJWK({ kty: "OKP", crv: "Ed25519", x: PUBLIC }, "EdDSA");
  const [header, , signature] = (await signDetached(DOCUMENT, HEADER, key.sign)).split(".");
  const flattened = {
    protected: String(header),
    payload: encodeBase64url(canonicalBytes(DOCUMENT)),
    signature: String(signature),
  };
  const verified = await flattenedVerify(flattened, publicJwk);
  assert.deepEqual(verified.protectedHeader, { alg: "EdDSA", ...HEADER });
  const compact = await signCompact(utf8("claims"), HEADER, key.sign);
  assert.deepEqual(Uint8Array.from((await compactVerify(compact, publicJwk)).payload), utf8("claims"));
});

test("verifies what jose signs", async () => {
  const privateJwk = await importJWK({ kty: "OKP", crv: "Ed25519", x: PUBLIC, d: SEED }, "EdDSA");
  const header = { alg: "EdDSA", typ: HEADER.typ, kid: HEADER.kid };
  const flattened = await new FlattenedSign(canonicalBytes(DOCUMENT))
    .setProtectedHeader(header)
    .sign(privateJwk);
  const detached = `${String(flattened.protected)}..${flattened.signature}`;
  assert.deepEqual(verifyDetached(DOCUMENT, detached, EXPECTED), { kid: HEADER.kid });
  const compact = await new CompactSign(utf8("claims")).setProtectedHeader(header).sign(privateJwk);
  assert.deepEqual(verifyCompact(compact, EXPECTED).payload, utf8("claims"));
});

test("rejects a changed document, another key and a changed signature", async () => {
  const jws = await signDetached(DOCUMENT, HEADER, key.sign);
  const bad = { code: "JWS_BAD_SIGNATURE" };
  assert.throws(() => verifyDetached({ ...DOCUMENT, epsilon: 0.6 }, jws, EXPECTED), bad);
  const stranger = ed25519FromSeed(new Uint8Array(32).fill(9)).publicKey;
  assert.throws(() => verifyDetached(DOCUMENT, jws, { ...EXPECTED, publicKey: stranger }), bad);
  const [header = "", , signature = ""] = jws.split(".");
  const flipped = (signature.startsWith("A") ? "B" : "A") + signature.slice(1);
  assert.throws(() => verifyDetached(DOCUMENT, `${header}..${flipped}`, EXPECTED), bad);
  assert.throws(() => verifyDetached(DOCUMENT, `${header}..`, EXPECTED), bad);
});

test("rejects a kid that was changed after signing", async () => {
  const [, , signature = ""] = (await signDetached(DOCUMENT, HEADER, key.sign)).split(".");
  const header = encoded(JSON.stringify({ alg: "EdDSA", kid: "someone-else", typ: HEADER.typ }));
  assert.throws(() => verifyDetached(DOCUMENT, `${header}..${signature}`, EXPECTED), {
    code: "JWS_BAD_SIGNATURE",
  });
});

test("rejects a signature made for another type of document", async () => {
  const jws = await signDetached(DOCUMENT, { ...HEADER, typ: "pavilion-request+jws" }, key.sign);
  assert.throws(() => verifyDetached(DOCUMENT, jws, EXPECTED), { code: "JWS_WRONG_TYPE" });
});

test("rejects alg none, and HMAC keyed with the public key", () => {
  const payload = canonicalBytes(DOCUMENT);
  const none = encoded(JSON.stringify({ alg: "none", ...HEADER }));
  assert.throws(() => verifyDetached(DOCUMENT, `${none}..`, EXPECTED), { code: "JWS_WRONG_ALGORITHM" });
  const input = `${encoded(JSON.stringify({ alg: "HS256", ...HEADER }))}.${encodeBase64url(payload)}`;
  const mac = createHmac("sha256", key.publicKey).update(input).digest("base64url");
  assert.throws(() => verifyCompact(`${input}.${mac}`, EXPECTED), { code: "JWS_WRONG_ALGORITHM" });
  assert.throws(() => verifyDetached(DOCUMENT, detach(`${input}.${mac}`), EXPECTED), {
    code: "JWS_WRONG_ALGORITHM",
  });
});

test("rejects headers, properly signed, that are not exactly alg, kid and typ", () => {
  const base = { alg: "EdDSA", ...HEADER };
  const typ = JSON.stringify(HEADER.typ);
  const refused = [
    JSON.stringify({ ...base, crit: ["b64"], b64: false }),
    JSON.stringify({ ...base, crit: [] }),
    JSON.stringify({ ...base, jwk: { kty: "OKP", crv: "Ed25519", x: PUBLIC } }),
    JSON.stringify({ ...base, cty: "JWT" }),
    JSON.stringify({ ...base, kid: 1 }),
    JSON.stringify({ ...base, kid: "" }),
    JSON.stringify({ alg: "EdDSA", typ: HEADER.typ }),
    JSON.stringify({ alg: "EdDSA", kid: HEADER.kid }),
    `{"alg":"EdDSA","kid":"a","kid":"b","typ":${typ}}`,
    `{"alg":"EdDSA","kid":"a","k\\u0069d":"b","typ":${typ}}`,
    `{"alg":"EdDSA","kid":"a","typ":${typ},"__proto__":{}}`,
    `[${JSON.stringify(base)}]`,
    "null",
    "{",
    JSON.stringify({ ...base, kid: "k".repeat(3000) }),
  ];
  for (const header of refused) {
    const jws = signRaw(header, canonicalBytes(DOCUMENT));
    assert.throws(() => verifyCompact(jws, EXPECTED), { code: "JWS_MALFORMED" }, header.slice(0, 80));
    assert.throws(() => verifyDetached(DOCUMENT, detach(jws), EXPECTED), { code: "JWS_MALFORMED" });
  }
});

test("accepts escapes and white space in another implementation's header", () => {
  const header = `{"alg": "EdDSA",\r\n "kid": "a\\"b", "typ": "pavilion-collaboration\\u002bjws"}`;
  assert.deepEqual(verifyCompact(signRaw(header, utf8("x")), EXPECTED).kid, 'a"b');
});

test("rejects other serializations and other spellings of base64url", async () => {
  const detached = await signDetached(DOCUMENT, HEADER, key.sign);
  const attached = await signCompact(canonicalBytes(DOCUMENT), HEADER, key.sign);
  const [header = "", payload = "", signature = ""] = attached.split(".");
  const refused = ["", "a.b", `${detached}.`, `${header}=..${signature}`, `${header}..${signature}==`];
  for (const jws of [...refused, ` ${detached}`, `${detached}\n`, attached]) {
    assert.throws(() => verifyDetached(DOCUMENT, jws, EXPECTED), { code: "JWS_MALFORMED" }, jws);
  }
  assert.throws(() => verifyCompact(`${header}.${payload}=.${signature}`, EXPECTED), {
    code: "JWS_MALFORMED",
  });
});

test("refuses to sign without typ or kid, or a document that is not JSON", async () => {
  await assert.rejects(signDetached(DOCUMENT, { ...HEADER, typ: "" }, key.sign), { code: "JWS_MALFORMED" });
  await assert.rejects(signDetached(DOCUMENT, { ...HEADER, kid: "" }, key.sign), { code: "JWS_MALFORMED" });
  await assert.rejects(signDetached({ a: NaN }, HEADER, key.sign), { code: "CANONICAL_NOT_JSON" });
});

test("refuses a signer's answer that is not 64 bytes", async () => {
  const short = (): Uint8Array => new Uint8Array(63);
  await assert.rejects(signDetached(DOCUMENT, HEADER, short), { code: "JWS_BAD_SIGNATURE" });
});
