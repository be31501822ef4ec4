import assert from "node:assert/strict";
import { test } from "node:test";
import pkcs11 from "pkcs11js";
import { openHsm } from "./hsm.ts";
import { provisionKeys } from "./provision.ts";
import { destroyAllSeeds } from "./seeds.ts";
import { blinding, initialiseToken, keys, withHsm, withObjects } from "./testing/token.ts";

const region = initialiseToken("region-seeds");
provisionKeys(region, keys);
const MISSING = { code: "HSM_KEY_MISSING" };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Counts the objects of a label in the token, from outside of the module. */
function objectsLabelled(label: string, token = region): number {
  let count = 0;
  withObjects(token, label, (_library, _session, objects) => {
    count = objects.length;
  });
  return count;
}

test("a seed is 64 bytes, its own, and the same after reopening", async () => {
  const before = await withHsm(region, async (hsm) => {
    await hsm.createSeed(1);
    await hsm.createSeed(2);
    return [await hsm.seed(1), await hsm.seed(1), await hsm.seed(2)].map(hex);
  });
  assert.equal(before[0], before[1]);
  assert.notEqual(before[0], before[2]);
  assert.ok(before.every((seed) => seed.length === 128));
  const later = await withHsm(region, async (hsm) => [await hsm.seed(1), await hsm.seed(2)].map(hex));
  assert.deepEqual(later, [before[0], before[2]]);
});

test("making a seed again, also twice at once, changes nothing", async () => {
  await withHsm(region, async (hsm) => {
    await Promise.all([hsm.createSeed(3), hsm.createSeed(3), hsm.createSeed(3)]);
    const seed = hex(await hsm.seed(3));
    await hsm.createSeed(3);
    assert.equal(hex(await hsm.seed(3)), seed);
  });
  assert.equal(objectsLabelled("seed/3"), 1);
});

test("a seed that was never made, or is destroyed, is missing; what comes after it under its number is another", async () => {
  await withHsm(region, async (hsm) => {
    await assert.rejects(hsm.seed(4), MISSING);
    await hsm.createSeed(4);
    const first = hex(await hsm.seed(4));
    await hsm.destroySeed(4);
    await assert.rejects(hsm.seed(4), MISSING);
    await hsm.destroySeed(4);
    await hsm.createSeed(4);
    assert.notEqual(hex(await hsm.seed(4)), first);
    await hsm.destroySeed(4);
  });
  assert.equal(objectsLabelled("seed/4"), 0);
});

test("destroying a seed leaves the others", async () => {
  await withHsm(region, async (hsm) => {
    for (const number of [5, 55]) await hsm.createSeed(number);
    const kept = hex(await hsm.seed(55));
    await hsm.destroySeed(5);
    assert.equal(hex(await hsm.seed(55)), kept);
  });
});

test("the key of a seed cannot be read, loosened, or used for anything but its MAC", async () => {
  await withHsm(region, (hsm) => hsm.createSeed(6));
  withObjects(region, "seed/6", (library, session, [key]) => {
    assert.ok(key);
    const value = [{ type: pkcs11.CKA_VALUE }];
    assert.throws(() => library.C_GetAttributeValue(session, key, value), /CKR_ATTRIBUTE_SENSITIVE/);
    assert.throws(() => {
      library.C_SetAttributeValue(session, key, [{ type: pkcs11.CKA_EXTRACTABLE, value: true }]);
    }, /CKR_/);
    assert.throws(() => {
      library.C_VerifyInit(session, { mechanism: pkcs11.CKM_SHA512_HMAC }, key);
    }, /CKR_/);
  });
});

/** A key as another program might leave it under a seed's label. */
function leaveKey(label: string, extractable: boolean, token = region): void {
  withObjects(token, label, (library, session) => {
    library.C_GenerateKey(session, { mechanism: pkcs11.CKM_GENERIC_SECRET_KEY_GEN }, [
      { type: pkcs11.CKA_LABEL, value: label },
      { type: pkcs11.CKA_CLASS, value: pkcs11.CKO_SECRET_KEY },
      { type: pkcs11.CKA_KEY_TYPE, value: pkcs11.CKK_GENERIC_SECRET },
      { type: pkcs11.CKA_VALUE_LEN, value: 64 },
      { type: pkcs11.CKA_TOKEN, value: true },
      { type: pkcs11.CKA_SIGN, value: true },
      { type: pkcs11.CKA_EXTRACTABLE, value: extractable },
    ]);
  });
}

test("a key that is there twice or extractable is refused, not chosen, until it is destroyed", async () => {
  await withHsm(region, (hsm) => hsm.createSeed(7));
  leaveKey("seed/7", false);
  leaveKey("seed/8", true);
  await withHsm(region, async (hsm) => {
    for (const number of [7, 8]) {
      await assert.rejects(hsm.seed(number), MISSING);
      await assert.rejects(hsm.createSeed(number), MISSING);
      await hsm.destroySeed(number);
      await hsm.createSeed(number);
      assert.equal((await hsm.seed(number)).length, 64);
    }
  });
});

test("refuses numbers that are no unsigned 32-bit integers", async () => {
  await withHsm(region, async (hsm) => {
    for (const number of [-1, 0.5, 2 ** 32, NaN]) {
      await assert.rejects(hsm.createSeed(number), RangeError);
      await assert.rejects(hsm.seed(number), RangeError);
      await assert.rejects(hsm.destroySeed(number), RangeError);
    }
    await hsm.createSeed(0xffff_ffff);
    await hsm.destroySeed(0xffff_ffff);
  });
});

test("seeds are made, drawn and destroyed while other operations run", async () => {
  await withHsm(region, async (hsm) => {
    const before = hex(await hsm.key(blinding).operate(Buffer.from("steady")));
    const one = async (index: number): Promise<void> => {
      const number = 100 + index;
      await hsm.createSeed(number);
      const [seed, again, steady] = await Promise.all([
        hsm.seed(number),
        hsm.seed(number),
        hsm.key(blinding).operate(Buffer.from("steady")),
      ]);
      assert.equal(hex(seed), hex(again));
      assert.equal(hex(steady), before);
      await hsm.destroySeed(number);
    };
    await Promise.all(Array.from({ length: 30 }, (_, index) => one(index)));
  });
});

test("all seeds are destroyed at once, doubles and foreign ones too, and no other key is", async () => {
  const other = initialiseToken("region-restored");
  provisionKeys(other, keys);
  // More than a token hands out at a time.
  const numbers = Array.from({ length: 40 }, (_, index) => index * 7);
  const before = await withHsm(other, async (hsm) => {
    for (const number of numbers) await hsm.createSeed(number);
    return hex(await hsm.key(blinding).operate(Buffer.from("steady")));
  });
  for (const label of ["seed/7", "seed/none", "seeds", "my seed/1"]) leaveKey(label, false, other);
  assert.equal(destroyAllSeeds(other), numbers.length + 2);
  assert.equal(destroyAllSeeds(other), 0);
  await withHsm(other, async (hsm) => {
    for (const number of numbers) await assert.rejects(hsm.seed(number), MISSING);
    assert.equal(hex(await hsm.key(blinding).operate(Buffer.from("steady"))), before);
  });
  for (const label of ["seeds", "my seed/1"]) assert.equal(objectsLabelled(label, other), 1);
});

test("a closed HSM makes and destroys nothing", async () => {
  const hsm = await openHsm(region);
  await hsm.close();
  for (const call of [hsm.createSeed, hsm.seed, hsm.destroySeed]) {
    await assert.rejects(call(1), { code: "HSM_UNAVAILABLE" });
  }
});
