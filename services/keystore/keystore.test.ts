import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { verifyEd25519 } from "../../crypto/jws/ed25519.ts";
import { createKeystore, openKeystore } from "./keystore.ts";
import { deriveEpochKey, initBroker, initProvider, openBroker, openProvider } from "./parties.ts";

const folder = mkdtempSync(join(tmpdir(), "keystore-"));
after(() => {
  rmSync(folder, { recursive: true });
});
const unreadable = { code: "KEYSTORE_UNREADABLE" };
const secrets = { identity: "AAECAw", other: "_-8" };

let made = 0;
async function keystore(): Promise<string> {
  const file = join(folder, `${String(++made)}.json`);
  await createKeystore(file, "correct horse", secrets);
  return file;
}

test("gives the secrets back to the passphrase they were sealed under", async () => {
  assert.deepEqual(await openKeystore(await keystore(), "correct horse"), secrets);
});

test("opens to no other passphrase", async () => {
  const file = await keystore();
  for (const passphrase of ["correct horsf", "", "correct horse "]) {
    await assert.rejects(openKeystore(file, passphrase), unreadable);
  }
});

test("is a file for its owner alone, with no secret in the clear and nothing left beside it", async () => {
  const file = await keystore();
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.ok(!readFileSync(file, "utf8").includes(secrets.identity));
  assert.deepEqual(
    readdirSync(folder).filter((name) => !name.endsWith(".json")),
    [],
  );
});

test("two keystores of the same secrets have nothing in common", async () => {
  const [one, two] = [await keystore(), await keystore()].map(
    (file) => JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>,
  );
  for (const member of ["salt", "nonce", "sealed"]) assert.notEqual(one?.[member], two?.[member]);
});

test("is not opened while others may read it", async () => {
  const file = await keystore();
  chmodSync(file, 0o640);
  await assert.rejects(openKeystore(file, "correct horse"), unreadable);
});

test("never overwrites keys", async () => {
  const file = await keystore();
  const before = readFileSync(file, "utf8");
  await assert.rejects(createKeystore(file, "correct horse", { identity: "AA" }), { code: "CONFIG_INVALID" });
  assert.equal(readFileSync(file, "utf8"), before);
});

test("is not made without a passphrase", async () => {
  await assert.rejects(createKeystore(join(folder, "none.json"), "", secrets), { code: "CONFIG_INVALID" });
});

test("notices every change to the file", async () => {
  const file = await keystore();
  const envelope = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  const flipped = (text: unknown): string =>
    (String(text).startsWith("A") ? "B" : "A") + String(text).slice(1);
  const changed: Record<string, unknown>[] = [
    { ...envelope, salt: flipped(envelope.salt) },
    { ...envelope, nonce: flipped(envelope.nonce) },
    { ...envelope, sealed: flipped(envelope.sealed) },
    { ...envelope, sealed: "" },
    { ...envelope, version: 2 },
    { ...envelope, kdf: { name: "scrypt", N: 2, r: 8, p: 1 } },
    { ...envelope, cipher: "none" },
    { ...envelope, more: 1 },
  ];
  for (const variant of changed) {
    writeFileSync(file, JSON.stringify(variant));
    await assert.rejects(openKeystore(file, "correct horse"), unreadable);
  }
  for (const text of ["", "null", "{", "[]"]) {
    writeFileSync(file, text);
    await assert.rejects(openKeystore(file, "correct horse"), unreadable);
  }
});

test("a file that is not there is a keystore that cannot be read", async () => {
  await assert.rejects(openKeystore(join(folder, "absent.json"), "correct horse"), unreadable);
});

test("a provider signs with the key on its card, and keeps its epoch keys from one opening to the next", async () => {
  const file = join(folder, "provider.json");
  const { identityKey } = await initProvider(file, "pass");
  const [first, again] = [await openProvider(file, "pass"), await openProvider(file, "pass")];
  const message = Buffer.from("message");
  const key = Buffer.from(identityKey, "base64url");
  assert.equal(verifyEd25519(key, message, first.identity.sign(message)), true);
  assert.deepEqual(first.epochKey("care", 1), again.epochKey("care", 1));
});

test("a broker's keystore is no provider's", async () => {
  const file = join(folder, "broker.json");
  const { identityKey } = await initBroker(file, "pass");
  assert.equal(Buffer.from((await openBroker(file, "pass")).publicKey).toString("base64url"), identityKey);
  await assert.rejects(openProvider(file, "pass"), unreadable);
});

test("epoch keys differ between seeds, collaborations and epochs, however the names run together", () => {
  const seed = new Uint8Array(32).fill(1);
  const keys = [
    deriveEpochKey(seed, "care", 1),
    deriveEpochKey(seed, "care", 2),
    deriveEpochKey(seed, "care", 11),
    deriveEpochKey(seed, "care1", 1),
    deriveEpochKey(new Uint8Array(32).fill(2), "care", 1),
  ].map(({ publicKey }) => Buffer.from(publicKey).toString("hex"));
  assert.equal(new Set(keys).size, keys.length);
});
