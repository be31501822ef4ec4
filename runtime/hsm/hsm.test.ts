import assert from "node:assert/strict";
import { createECDH, createHash, createPublicKey, randomBytes, verify } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { ed25519 } from "@noble/curves/ed25519.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { flattenedVerify, importJWK } from "jose";
import { PavilionError } from "../../errors/errors.ts";
import { openHsm } from "./hsm.ts";
import type { Hsm } from "./hsm.ts";
import { provisionKeys } from "./provision.ts";
import { sealingKey, sealingKeysOf } from "./sealing-keys.ts";
import {
  anchor,
  blinding,
  folder,
  hpke,
  initialiseToken,
  issuer,
  keys,
  log,
  withHsm,
} from "./testing/token.ts";

function verifiesWithNode(hsm: Hsm, message: Uint8Array, signature: Uint8Array): boolean {
  const x = Buffer.from(hsm.key(issuer).publicKey).toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return verify(null, message, key, signature);
}

const region = initialiseToken("region-test");
provisionKeys(region, keys);

test("ECDH agrees with node:crypto", async () => {
  await withHsm(region, async (hsm) => {
    assert.equal(hsm.key(hpke).publicKey.length, 65);
    for (let round = 0; round < 20; round++) {
      const peer = createECDH("prime256v1");
      const secret = await hsm.key(hpke).operate(peer.generateKeys());
      assert.deepEqual(secret, Uint8Array.from(peer.computeSecret(hsm.key(hpke).publicKey)));
    }
  });
});

test("refuses peer keys that are not uncompressed points of P-256", async () => {
  await withHsm(region, async (hsm) => {
    const offCurve = Uint8Array.from(hsm.key(hpke).publicKey);
    offCurve[64] = (offCurve[64] ?? 0) ^ 1;
    const compressed = Uint8Array.of(2, ...hsm.key(hpke).publicKey.subarray(1, 33));
    const infinity = Uint8Array.of(0);
    for (const peer of [offCurve, compressed, infinity, new Uint8Array(65), new Uint8Array()]) {
      await assert.rejects(hsm.key(hpke).operate(peer), {
        code: "HSM_OPERATION_FAILED",
        message: /^The peer's key/,
      });
    }
  });
});

test("the issuer's signatures verify with node:crypto", async () => {
  await withHsm(region, async (hsm) => {
    for (const message of [new Uint8Array(), randomBytes(1), randomBytes(100_000)]) {
      const signature = await hsm.key(issuer).operate(message);
      assert.equal(verifiesWithNode(hsm, message, signature), true);
      assert.equal(verifiesWithNode(hsm, Buffer.concat([message, Buffer.of(0)]), signature), false);
    }
  });
});

test("the log's signatures verify with a second implementation, under the log's key alone", async () => {
  await withHsm(region, async (hsm) => {
    const message = randomBytes(300);
    const signature = await hsm.key(log).operate(message);
    assert.equal(ed25519.verify(signature, message, hsm.key(log).publicKey), true);
    assert.equal(ed25519.verify(signature, message, hsm.key(issuer).publicKey), false);
    assert.equal(verifiesWithNode(hsm, message, signature), false);
  });
});

test("the anchor key's signatures verify with noble and OpenSSL, always with a low s", async () => {
  await withHsm(region, async (hsm) => {
    const anchorPublicKey = hsm.key(anchor).publicKey;
    assert.equal(anchorPublicKey.length, 65);
    const [x, y] = [anchorPublicKey.subarray(1, 33), anchorPublicKey.subarray(33)].map((coordinate) =>
      Buffer.from(coordinate).toString("base64url"),
    );
    assert.ok(x !== undefined && y !== undefined);
    const key = createPublicKey({ key: { kty: "EC", crv: "secp256k1", x, y }, format: "jwk" });
    // Half of a token's own signatures have a high s: 40 of them all low by chance is a matter of 2^-40.
    for (let round = 0; round < 40; round++) {
      const message = randomBytes(50);
      const digest = createHash("sha256").update(message).digest();
      const signature = await hsm.key(anchor).operate(digest);
      assert.equal(
        secp256k1.verify(signature, digest, anchorPublicKey, { prehash: false, lowS: true }),
        true,
      );
      assert.equal(verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature), true);
      digest[0] = (digest[0] ?? 0) ^ 1;
      assert.equal(secp256k1.verify(signature, digest, anchorPublicKey, { prehash: false }), false);
    }
  });
});

test("the anchor key signs digests of 32 bytes and nothing else", async () => {
  await withHsm(region, async (hsm) => {
    for (const length of [0, 31, 33, 64]) {
      await assert.rejects(hsm.key(anchor).operate(new Uint8Array(length)), RangeError);
    }
  });
});

test("the issuer's JWS verifies with jose", async () => {
  await withHsm(region, async (hsm) => {
    const x = Buffer.from(hsm.key(issuer).publicKey).toString("base64url");
    const header = Buffer.from('{"alg":"EdDSA"}').toString("base64url");
    const payload = Buffer.from("claims").toString("base64url");
    const signature = Buffer.from(
      await hsm.key(issuer).operate(Buffer.from(`${header}.${payload}`)),
    ).toString("base64url");
    const key = await importJWK({ kty: "OKP", crv: "Ed25519", x }, "EdDSA");
    const verified = await flattenedVerify({ protected: header, payload, signature }, key);
    assert.equal(Buffer.from(verified.payload).toString(), "claims");
  });
});

test("a MAC is the same after reopening, and differs by message and key", async () => {
  const draw = (hsm: Hsm): Promise<Uint8Array[]> =>
    Promise.all([
      hsm.key(blinding).operate(Buffer.from("a")),
      hsm.key(blinding).operate(Buffer.from("b")),
      hsm.key(sealingKey).operate(Buffer.from("a")),
    ]);
  const before = await withHsm(region, draw);
  assert.deepEqual(await withHsm(region, draw), before);
  assert.equal(new Set(before.map((bytes) => Buffer.from(bytes).toString("hex"))).size, before.length);
  for (const bytes of before) assert.equal(bytes.length, 32);
});

test("a key is there for who declared it, and for its own purpose alone", async () => {
  await withHsm({ ...region, keys: [issuer] }, (hsm) => {
    assert.equal(hsm.key({ ...issuer }).publicKey.length, 32);
    const undeclared = [
      log,
      { ...issuer, purpose: "hmac-sha256" },
      { ...issuer, label: "constructor" },
    ] as const;
    for (const key of undeclared) assert.throws(() => hsm.key(key), /was declared here/);
    return Promise.resolve();
  });
});

test("one label cannot be declared for two purposes", async () => {
  const twice = [issuer, { ...issuer, purpose: "hmac-sha256" }] as const;
  await assert.rejects(openHsm({ ...region, keys: twice }), /declared for two purposes/);
  assert.throws(() => provisionKeys(region, twice), /declared for two purposes/);
});

test("data keys are functions of the token's key and label, and seal what they open", async () => {
  const sealed = await withHsm(region, async (hsm) =>
    (await sealingKeysOf(hsm, "region-test")).seal(Buffer.from("text"), "place"),
  );
  await withHsm(region, async (hsm) => {
    assert.equal((await sealingKeysOf(hsm, "region-test")).open(sealed, "place").toString(), "text");
    const other = await sealingKeysOf(hsm, "region-other");
    assert.throws(() => other.open(sealed, "place"));
  });
});

test("200 concurrent operations of all kinds over 4 sessions come out right", async () => {
  await withHsm(region, async (hsm) => {
    const peer = createECDH("prime256v1");
    const peerKey = peer.generateKeys();
    const shared = Uint8Array.from(peer.computeSecret(hsm.key(hpke).publicKey));
    const steady = await hsm.key(blinding).operate(Buffer.from("steady"));
    const one = async (index: number): Promise<void> => {
      const message = Buffer.from(`message ${String(index)}`);
      assert.equal(verifiesWithNode(hsm, message, await hsm.key(issuer).operate(message)), true);
      if (index % 4 === 0) assert.deepEqual(await hsm.key(hpke).operate(peerKey), shared);
      if (index % 4 === 1) assert.deepEqual(await hsm.key(blinding).operate(Buffer.from("steady")), steady);
    };
    await Promise.all(Array.from({ length: 200 }, (_, index) => one(index)));
  });
});

test("an input that the caller overwrites during the call is signed as it was", async () => {
  await withHsm(region, async (hsm) => {
    const message = Buffer.from("as it was");
    const signing = hsm.key(issuer).operate(message);
    message.fill(0);
    assert.equal(verifiesWithNode(hsm, Buffer.from("as it was"), await signing), true);
  });
});

test("closing waits for what runs, refuses what waits and what comes later, and may be done twice", async () => {
  const hsm = await openHsm({ ...region, sessions: 2 });
  const outcomes = Promise.allSettled(
    Array.from({ length: 50 }, () => hsm.key(issuer).operate(Buffer.from("m"))),
  );
  await new Promise((resolve) => setImmediate(resolve));
  await Promise.all([hsm.close(), hsm.close()]);
  const settled = await outcomes;
  assert.ok(settled.some(({ status }) => status === "fulfilled"));
  for (const outcome of settled) {
    if (outcome.status === "fulfilled")
      assert.equal(verifiesWithNode(hsm, Buffer.from("m"), outcome.value), true);
    else assert.equal((outcome.reason as PavilionError).code, "HSM_UNAVAILABLE");
  }
  await assert.rejects(hsm.key(issuer).operate(Buffer.from("m")), { code: "HSM_UNAVAILABLE" });
});

test("refuses a wrong PIN without telling it, and leaves nothing open", async () => {
  const pin = "wrong but telling";
  await assert.rejects(openHsm({ ...region, pin }), (error) => {
    assert.ok(error instanceof PavilionError);
    assert.equal(error.code, "HSM_LOGIN_FAILED");
    assert.doesNotMatch(`${String(error.stack)}${error.remedy}${String(error.cause)}`, /telling/);
    return true;
  });
  await withHsm(region, (hsm) => hsm.key(issuer).operate(Buffer.from("m")));
});

test("refuses an unknown token, a missing library and a pool without sessions", async () => {
  const unavailable = { code: "HSM_UNAVAILABLE" };
  await assert.rejects(openHsm({ ...region, tokenLabel: "region" }), unavailable);
  await assert.rejects(openHsm({ ...region, libraryPath: join(folder, "absent.so") }), unavailable);
  await assert.rejects(openHsm({ ...region, sessions: 0 }), RangeError);
});

test("refuses a second HSM in the process, and any in a worker thread", async () => {
  await withHsm(region, async () => {
    await assert.rejects(openHsm(region), { code: "HSM_UNAVAILABLE" });
  });
  const script = `import { openHsm } from ${JSON.stringify(import.meta.resolve("./hsm.ts"))};
    import { parentPort, workerData } from "node:worker_threads";
    openHsm(workerData).then(() => "opened", (error) => error.code).then((code) => parentPort.postMessage(code));`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const worker = new Worker(url, { workerData: region });
  const answer = await new Promise((resolve, reject) =>
    worker.once("message", resolve).once("error", reject),
  );
  await worker.terminate();
  assert.equal(answer, "HSM_UNAVAILABLE");
});

test("regions have different keys", async () => {
  const other = initialiseToken("region-other");
  provisionKeys(other, keys);
  const keysOf = async (hsm: Hsm): Promise<Uint8Array[]> => [
    hsm.key(hpke).publicKey,
    hsm.key(issuer).publicKey,
    hsm.key(log).publicKey,
    hsm.key(anchor).publicKey,
    await hsm.key(blinding).operate(Buffer.from("m")),
    await hsm.key(sealingKey).operate(Buffer.from("m")),
  ];
  const [ofRegion, ofOther] = [await withHsm(region, keysOf), await withHsm(other, keysOf)];
  for (const [index, key] of ofRegion.entries()) assert.notDeepEqual(ofOther[index], key);
});
