import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import pkcs11 from "pkcs11js";
import { openHsm } from "./hsm.ts";
import { provisionKeys } from "./provision.ts";
import { blinding, initialiseToken, keys, withHsm, withObjects } from "./testing/token.ts";

const region = initialiseToken("region-test");
const MISSING = { code: "HSM_KEY_MISSING" };

test("refuses to open before the keys are provisioned", async () => {
  await assert.rejects(openHsm(region), { code: "HSM_KEY_MISSING" });
});

test("provisioning makes every key once, and nothing when run again", () => {
  assert.deepEqual(provisionKeys(region, keys), ["hpke", "issuer", "log", "anchor", "blinding", "sealing"]);
  assert.deepEqual(provisionKeys(region, keys), []);
});

test("private values cannot be read, and no attribute can be loosened", () => {
  for (const label of ["hpke", "issuer", "log", "anchor", "blinding", "sealing"]) {
    let secrets = 0;
    withObjects(region, label, (library, session, objects) => {
      for (const object of objects) {
        const [objectClass] = library.C_GetAttributeValue(session, object, [{ type: pkcs11.CKA_CLASS }]);
        if (objectClass?.value[0] === pkcs11.CKO_PUBLIC_KEY) continue;
        secrets++;
        assert.throws(
          () => library.C_GetAttributeValue(session, object, [{ type: pkcs11.CKA_VALUE }]),
          /CKR_ATTRIBUTE_SENSITIVE/,
        );
        for (const [type, value] of [
          [pkcs11.CKA_EXTRACTABLE, true],
          [pkcs11.CKA_SENSITIVE, false],
          [pkcs11.CKA_WRAP, true],
        ] as const) {
          assert.throws(() => {
            library.C_SetAttributeValue(session, object, [{ type, value }]);
          }, /CKR_/);
        }
      }
    });
    assert.equal(secrets, 1, label);
  }
});

test("a key serves only its own use", () => {
  withObjects(region, "hpke", (library, session, objects) => {
    for (const object of objects) {
      assert.throws(() => {
        library.C_SignInit(session, { mechanism: pkcs11.CKM_ECDSA }, object);
      }, /CKR_/);
    }
  });
  withObjects(region, "blinding", (library, session, [blinding]) => {
    assert.ok(blinding);
    assert.throws(() => {
      library.C_VerifyInit(session, { mechanism: pkcs11.CKM_SHA256_HMAC }, blinding);
    }, /CKR_/);
  });
});

const BLINDING_ATTRIBUTES = [
  { type: pkcs11.CKA_LABEL, value: "blinding" },
  { type: pkcs11.CKA_CLASS, value: pkcs11.CKO_SECRET_KEY },
  { type: pkcs11.CKA_KEY_TYPE, value: pkcs11.CKK_GENERIC_SECRET },
  { type: pkcs11.CKA_TOKEN, value: true },
  { type: pkcs11.CKA_PRIVATE, value: true },
  { type: pkcs11.CKA_MODIFIABLE, value: false },
  ...[pkcs11.CKA_ENCRYPT, pkcs11.CKA_DECRYPT, pkcs11.CKA_VERIFY].map((type) => ({ type, value: false })),
  ...[pkcs11.CKA_WRAP, pkcs11.CKA_UNWRAP, pkcs11.CKA_DERIVE].map((type) => ({ type, value: false })),
  { type: pkcs11.CKA_SIGN, value: true },
];

/** A provisioned region whose blinding key is replaced by what `make` makes. */
async function openWithBlindingKey(
  tokenLabel: string,
  make: (library: pkcs11.PKCS11, session: pkcs11.Handle) => void,
): Promise<void> {
  const options = initialiseToken(tokenLabel);
  provisionKeys(options, keys);
  withObjects(options, "blinding", (library, session, objects) => {
    for (const object of objects) library.C_DestroyObject(session, object);
    make(library, session);
  });
  await withHsm(options, (hsm) => hsm.key(blinding).operate(Buffer.from("m")));
}

function generateBlindingKey(sensitive: boolean, extractable: boolean, length = 32) {
  return (library: pkcs11.PKCS11, session: pkcs11.Handle): void => {
    library.C_GenerateKey(session, { mechanism: pkcs11.CKM_GENERIC_SECRET_KEY_GEN }, [
      ...BLINDING_ATTRIBUTES,
      { type: pkcs11.CKA_VALUE_LEN, value: length },
      { type: pkcs11.CKA_SENSITIVE, value: sensitive },
      { type: pkcs11.CKA_EXTRACTABLE, value: extractable },
    ]);
  };
}

test("refuses keys that are missing, doubled, readable, extractable, short or brought in from outside", async () => {
  const strict = generateBlindingKey(true, false);
  // The same steps with a proper key open, so that each refusal below has the one cause that it names.
  await openWithBlindingKey("proper", strict);
  await assert.rejects(
    openWithBlindingKey("missing", () => undefined),
    MISSING,
  );
  await assert.rejects(openWithBlindingKey("readable", generateBlindingKey(false, false)), MISSING);
  await assert.rejects(openWithBlindingKey("extractable", generateBlindingKey(true, true)), MISSING);
  await assert.rejects(openWithBlindingKey("short", generateBlindingKey(true, false, 16)), MISSING);
  const doubled = openWithBlindingKey("doubled", (library, session) => {
    strict(library, session);
    strict(library, session);
  });
  await assert.rejects(doubled, MISSING);
  const imported = openWithBlindingKey("imported", (library, session) => {
    library.C_CreateObject(session, [
      ...BLINDING_ATTRIBUTES,
      { type: pkcs11.CKA_SENSITIVE, value: true },
      { type: pkcs11.CKA_EXTRACTABLE, value: false },
      { type: pkcs11.CKA_VALUE, value: randomBytes(32) },
    ]);
  });
  await assert.rejects(imported, MISSING);
});

test("refuses half a key pair, and provisioning does not make the other half anew", async () => {
  const options = initialiseToken("half");
  provisionKeys(options, keys);
  withObjects(options, "issuer", (library, session, [first]) => {
    assert.ok(first);
    library.C_DestroyObject(session, first);
  });
  await assert.rejects(openHsm(options), MISSING);
  assert.throws(() => provisionKeys(options, keys), MISSING);
});
