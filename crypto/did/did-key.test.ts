import assert from "node:assert/strict";
import { test } from "node:test";
import { base58 } from "@scure/base";
import fc from "fast-check";
import { didKeyOf, publicKeyOfDidKey, verificationMethodOf } from "./did-key.ts";

// The did:key specification's Ed25519 examples, with the JWK's x and publicKeyBase58 they stand for.
const SPEC_DID = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
const SPEC_KEY = Uint8Array.from(Buffer.from("Lm_M42cB3HkUiODQsXRcweM6TByfzEHGO9ND274JcOY", "base64url"));

test("did:key specification: the Ed25519 example", () => {
  assert.equal(didKeyOf(SPEC_KEY), SPEC_DID);
  assert.deepEqual(publicKeyOfDidKey(SPEC_DID), SPEC_KEY);
  assert.equal(verificationMethodOf(SPEC_KEY), `${SPEC_DID}#${SPEC_DID.slice("did:key:".length)}`);
});

test("did:key test vectors: the key of the all-zero seed", () => {
  const publicKey = base58.decode("4zvwRjXUKGfvwnParsHAS3HuSVzV5cA4McphgmoCtajS");
  assert.equal(didKeyOf(publicKey), "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp");
});

test("every key comes back from its DID", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (publicKey) => {
      assert.deepEqual(publicKeyOfDidKey(didKeyOf(publicKey)), publicKey);
    }),
  );
});

test("refuses other methods, fragments, alphabets, lengths", () => {
  const short = `did:key:z${base58.encode(Uint8Array.of(0xed, 0x01, ...SPEC_KEY.subarray(1)))}`;
  const refused = [
    "",
    "did:key:",
    "did:web:example.org",
    SPEC_DID.toUpperCase(),
    ` ${SPEC_DID}`,
    `${SPEC_DID}#${SPEC_DID.slice(8)}`,
    SPEC_DID.replace("z6Mk", "z0Mk"),
    SPEC_DID.replace(":z", ":m"),
    short,
    `did:key:z${"1".repeat(10_000)}`,
  ];
  for (const did of refused) assert.throws(() => publicKeyOfDidKey(did), { code: "DID_MALFORMED" }, did);
  assert.throws(() => didKeyOf(SPEC_KEY.subarray(1)), { code: "DID_MALFORMED" });
});

test("refuses keys of other types", () => {
  const didOf = (...bytes: number[]): string => `did:key:z${base58.encode(Uint8Array.of(...bytes))}`;
  const x25519 = didOf(0xec, 0x01, ...SPEC_KEY);
  const secp256k1 = "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme";
  for (const did of [x25519, secp256k1, didOf(0xed, 0x02, ...SPEC_KEY), "did:key:z"]) {
    assert.throws(() => publicKeyOfDidKey(did), { code: "DID_KEY_TYPE_UNSUPPORTED" }, did);
  }
});
