import assert from "node:assert/strict";
import { createECDH, createHash, type webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from "@hpke/core";
import { p256 } from "@noble/curves/nist.js";
import { openerFor, sealerTo, type RecipientKey } from "./hpke.ts";
import { decapsulate, extractAndExpand } from "./kem.ts";
import { requirePoint } from "./point.ts";

interface Vectors {
  kem: Record<"ikmE" | "skEm" | "skRm" | "pkRm" | "enc" | "sharedSecret", string>;
  suite: Record<"info" | "ikmE" | "skRm" | "pkRm" | "enc" | "recordsDigest", string>;
}

const rfc = JSON.parse(readFileSync(new URL("rfc9180-vectors.json", import.meta.url), "utf8")) as Vectors;

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

function hex(value: Uint8Array | ArrayBuffer): string {
  return Buffer.from(value as Uint8Array).toString("hex");
}

function text(value: string): Uint8Array {
  return Uint8Array.from(Buffer.from(value));
}

/** OpenSSL's P-256 in the place of the HSM; `asked` lists the points that the private key met. */
function keyFrom(secret: Uint8Array): RecipientKey & { asked: string[] } {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(secret);
  const asked: string[] = [];
  return {
    publicKey: Uint8Array.from(ecdh.getPublicKey()),
    deriveSharedSecret: (peer) => {
      asked.push(hex(peer));
      return Promise.resolve(Uint8Array.from(ecdh.computeSecret(peer)));
    },
    asked,
  };
}

function librarySuite(): CipherSuite {
  return new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
}

/** Strings of 0 to 255 bytes, read from SHAKE128 of nothing: a length byte, then that many bytes. */
function drawnRecords(): () => Uint8Array {
  const stream = createHash("shake128", { outputLength: 600_000 }).digest();
  let offset = 0;
  return () => {
    const length = stream.readUInt8(offset);
    offset += 1 + length;
    return Uint8Array.from(stream.subarray(offset - length, offset));
  };
}

const INFO = text("batch 7 of dataset 3");
const EMPTY = new Uint8Array(0);
const RECORDS = ["first", "second", "third"].map(text);

async function sealed(key: RecipientKey) {
  const sealer = await sealerTo(key.publicKey, INFO);
  const ciphertexts: Uint8Array[] = [];
  for (const [index, record] of RECORDS.entries()) {
    ciphertexts.push(await sealer.seal(record, Uint8Array.of(index)));
  }
  const [first, second, third] = ciphertexts;
  assert.ok(first && second && third);
  return { enc: sealer.enc, first, second, third };
}

function refused(code: string, act: Promise<unknown>): Promise<void> {
  return assert.rejects(act, { name: "CryptoError", code });
}

describe("RFC 9180 vectors", () => {
  test("A.3.1: the shared secret from the recipient's key and from the ephemeral key", async () => {
    const v = rfc.kem;
    const recipient = keyFrom(bytes(v.skRm));
    assert.equal(hex(recipient.publicKey), v.pkRm);
    assert.equal(hex(await decapsulate(recipient, bytes(v.enc))), v.sharedSecret);
    const dh = await keyFrom(bytes(v.skEm)).deriveSharedSecret(bytes(v.pkRm));
    assert.equal(hex(extractAndExpand(dh, bytes(v.enc), bytes(v.pkRm))), v.sharedSecret);
  });

  test("A.3.1: the ephemeral key from its seed", async () => {
    const sealer = await sealerTo(bytes(rfc.kem.pkRm), EMPTY, bytes(rfc.kem.ikmE));
    assert.equal(hex(sealer.enc), rfc.kem.enc);
  });

  test("the suite with AES-256-GCM: a thousand records sealed and opened", async () => {
    const v = rfc.suite;
    const sealer = await sealerTo(bytes(v.pkRm), bytes(v.info), bytes(v.ikmE));
    assert.equal(hex(sealer.enc), v.enc);
    const opened = await openerFor(keyFrom(bytes(v.skRm))).setup(bytes(v.enc), bytes(v.info));
    const draw = drawnRecords();
    const digest = createHash("shake128", { outputLength: 16 });
    for (let index = 0; index < 1000; index++) {
      const aad = draw();
      const plaintext = draw();
      const ciphertext = await sealer.seal(plaintext, aad);
      digest.update(ciphertext);
      assert.equal(hex(await opened.open(ciphertext, aad)), hex(plaintext));
    }
    assert.equal(digest.digest("hex"), v.recordsDigest);
  });
});

describe("second implementation (@hpke/core with the private key in software)", () => {
  const secret = createHash("sha256").update("recipient").digest();

  test("opens here what the library sealed", async () => {
    const key = keyFrom(secret);
    const suite = librarySuite();
    const recipientPublicKey = (await suite.kem.deserializePublicKey(key.publicKey)) as webcrypto.CryptoKey;
    const sender = await suite.createSenderContext({ recipientPublicKey, info: INFO });
    const opened = await openerFor(key).setup(new Uint8Array(sender.enc), INFO);
    for (const record of RECORDS) {
      const ciphertext = new Uint8Array(await sender.seal(record, INFO));
      assert.deepEqual(await opened.open(ciphertext, INFO), record);
    }
  });

  test("the library opens what was sealed here", async () => {
    const suite = librarySuite();
    const raw = Uint8Array.from(secret).buffer;
    const recipientKey = (await suite.kem.importKey("raw", raw, false)) as webcrypto.CryptoKey;
    const sealer = await sealerTo(keyFrom(secret).publicKey, INFO);
    const recipient = await suite.createRecipientContext({ recipientKey, enc: sealer.enc, info: INFO });
    for (const record of RECORDS) {
      const ciphertext = await sealer.seal(record, EMPTY);
      assert.deepEqual(new Uint8Array(await recipient.open(ciphertext, EMPTY)), record);
    }
  });
});

describe("a context", () => {
  const key = keyFrom(createHash("sha256").update("context").digest());
  const opener = openerFor(key);

  test("asks the private key once, for the encapsulated key", async () => {
    const { enc, first, second } = await sealed(key);
    key.asked.length = 0;
    const opened = await opener.setup(enc, INFO);
    await opened.open(first, Uint8Array.of(0));
    await opened.open(second, Uint8Array.of(1));
    assert.deepEqual(key.asked, [hex(enc)]);
  });

  test("takes concurrent calls in their order", async () => {
    const sealer = await sealerTo(key.publicKey, INFO);
    const ciphertexts = await Promise.all(RECORDS.map((record) => sealer.seal(record, EMPTY)));
    const opened = await opener.setup(sealer.enc, INFO);
    assert.deepEqual(await Promise.all(ciphertexts.map((each) => opened.open(each, EMPTY))), RECORDS);
  });

  test("makes a new ephemeral key each time when no seed is given", async () => {
    assert.notEqual(
      hex((await sealerTo(key.publicKey, INFO)).enc),
      hex((await sealerTo(key.publicKey, INFO)).enc),
    );
  });

  test("rejects a record under another info, associated data or recipient", async () => {
    const { enc, first } = await sealed(key);
    const stranger = openerFor(keyFrom(createHash("sha256").update("stranger").digest()));
    const aad = Uint8Array.of(0);
    await refused("HPKE_OPEN_FAILED", (await opener.setup(enc, text("batch 8"))).open(first, aad));
    await refused("HPKE_OPEN_FAILED", (await opener.setup(enc, INFO)).open(first, Uint8Array.of(1)));
    await refused("HPKE_OPEN_FAILED", (await stranger.setup(enc, INFO)).open(first, aad));
  });

  test("rejects records out of order and replayed, and stays at its position", async () => {
    const { enc, first, second, third } = await sealed(key);
    const opened = await opener.setup(enc, INFO);
    await refused("HPKE_OPEN_FAILED", opened.open(second, Uint8Array.of(1)));
    assert.deepEqual(await opened.open(first, Uint8Array.of(0)), RECORDS[0]);
    await refused("HPKE_OPEN_FAILED", opened.open(first, Uint8Array.of(0)));
    await refused("HPKE_OPEN_FAILED", opened.open(third, Uint8Array.of(2)));
    assert.deepEqual(await opened.open(second, Uint8Array.of(1)), RECORDS[1]);
  });

  test("rejects a ciphertext with a bit flipped, cut short, or too short for a tag", async () => {
    const { enc, first } = await sealed(key);
    const opened = await opener.setup(enc, INFO);
    for (let index = 0; index < first.length; index++) {
      const spoilt = first.with(index, (first[index] ?? 0) ^ 1);
      await refused("HPKE_OPEN_FAILED", opened.open(spoilt, Uint8Array.of(0)));
    }
    for (const length of [0, 15, first.length - 1]) {
      await refused("HPKE_OPEN_FAILED", opened.open(first.subarray(0, length), Uint8Array.of(0)));
    }
  });

  test("rejects a record under another valid encapsulated key", async () => {
    const { first } = await sealed(key);
    const { enc } = await sealed(key);
    await refused("HPKE_OPEN_FAILED", (await opener.setup(enc, INFO)).open(first, Uint8Array.of(0)));
  });
});

/** An otherwise valid point whose x coordinate has the field prime added: 32 bytes still, but not canonical. */
function nonCanonicalPoint(): Uint8Array {
  for (let x = 1n; x < 100n; x++) {
    const compressed = `02${x.toString(16).padStart(64, "0")}`;
    try {
      const point = p256.Point.fromHex(compressed).toBytes(false);
      const shifted = (x + p256.Point.Fp.ORDER).toString(16).padStart(64, "0");
      return Uint8Array.from([4, ...bytes(shifted), ...point.subarray(33)]);
    } catch {
      continue;
    }
  }
  throw new Error("no small x coordinate lies on the curve");
}

describe("points", () => {
  const key = keyFrom(createHash("sha256").update("points").digest());
  const point = key.publicKey;
  const bad: [string, Uint8Array][] = [
    ["a point off the curve", point.with(64, (point[64] ?? 0) ^ 1)],
    ["a coordinate above the field prime", nonCanonicalPoint()],
    ["all zeros", new Uint8Array(65)],
    ["the origin", new Uint8Array(65).with(0, 4)],
    ["a compressed point", p256.Point.fromBytes(point).toBytes(true)],
    ["the hybrid form", point.with(0, 6 + ((point[64] ?? 0) & 1))],
    ["a truncated point", point.subarray(0, 64)],
    ["a point with a byte appended", Uint8Array.from([...point, 0])],
    ["nothing", EMPTY],
  ];

  for (const [what, encoding] of bad) {
    test(`rejects ${what}, and the private key is not asked`, async () => {
      key.asked.length = 0;
      await refused("HPKE_INVALID_ENC", openerFor(key).setup(encoding, INFO));
      await refused("HPKE_INVALID_PUBLIC_KEY", sealerTo(encoding, INFO));
      assert.throws(() => openerFor({ ...key, publicKey: encoding }), { code: "HPKE_INVALID_PUBLIC_KEY" });
      assert.deepEqual(key.asked, []);
    });
  }

  test("accepts a point", () => {
    assert.doesNotThrow(() => {
      requirePoint(point, "UNUSED");
    });
  });

  test("rejects a private-key holder that answers with a whole point", async () => {
    const odd: RecipientKey = { ...key, deriveSharedSecret: () => Promise.resolve(point) };
    await refused("HPKE_KEY_UNUSABLE", openerFor(odd).setup(point, INFO));
  });

  test("passes on the error of a private-key holder", async () => {
    const down: RecipientKey = { ...key, deriveSharedSecret: () => Promise.reject(new Error("token gone")) };
    await assert.rejects(openerFor(down).setup(point, INFO), { message: "token gone" });
  });

  test("rejects seeds of a wrong length and an info beyond the limit", async () => {
    await refused("HPKE_INVALID_INPUT", sealerTo(point, INFO, new Uint8Array(31)));
    await refused("HPKE_INVALID_INPUT", sealerTo(point, new Uint8Array(65_537)));
    await refused("HPKE_INVALID_INPUT", openerFor(key).setup(point, new Uint8Array(65_537)));
  });
});
