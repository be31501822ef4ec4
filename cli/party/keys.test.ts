import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openBroker } from "../../services/keystore/parties.ts";
import { filesOf, keysOf, makeParty, readCard } from "./keys.ts";

const home = mkdtempSync(join(tmpdir(), "pavilion-keys-"));
process.env.PAVILION_HOME = home;
const invalid = { code: "CONFIG_INVALID" };

after(() => {
  rmSync(home, { recursive: true, force: true });
});

function secretFile(name: string, secret: string): string {
  const file = join(home, name);
  writeFileSync(file, secret, { mode: 0o600 });
  return file;
}

for (const role of ["provider", "broker"] as const) {
  test(`a ${role}'s card is made again from keys that a crash left without one`, async () => {
    const card = await makeParty(role, "left");
    const { card: file } = filesOf(role, "left");
    rmSync(file);
    assert.deepEqual(await makeParty(role, "left"), card);
    assert.deepEqual(readCard(file), card);
  });

  test(`a ${role}'s keys are never overwritten`, async () => {
    await makeParty(role, "whole");
    const { keystore } = filesOf(role, "whole");
    const before = readFileSync(keystore, "utf8");
    await assert.rejects(makeParty(role, "whole"), invalid);
    assert.equal(readFileSync(keystore, "utf8"), before);
  });
}

test("a passphrase that a crash left without keys is kept, and opens those that are made", async () => {
  const { folder, passphrase, keystore } = filesOf("broker", "early");
  mkdirSync(folder, { recursive: true });
  writeFileSync(passphrase, "of the first run", { mode: 0o600 });
  const { key } = await makeParty("broker", "early");
  assert.equal(readFileSync(passphrase, "utf8"), "of the first run");
  const { publicKey } = await openBroker(keystore, "of the first run");
  assert.equal(Buffer.from(publicKey).toString("base64url"), key);
});

test("another passphrase than the one that is kept is refused, before any key is made", async () => {
  const given = secretFile("given", "another");
  const { folder, passphrase, keystore } = filesOf("broker", "later");
  mkdirSync(folder, { recursive: true });
  writeFileSync(passphrase, "of the first run", { mode: 0o600 });
  await assert.rejects(makeParty("broker", "later", given), invalid);
  assert.equal(existsSync(keystore), false);
});

test("keys whose passphrase is gone get no new one", async () => {
  const files = filesOf("broker", "lost");
  await makeParty("broker", "lost");
  rmSync(files.card);
  rmSync(files.passphrase);
  await assert.rejects(makeParty("broker", "lost"), invalid);
  assert.equal(existsSync(files.passphrase), false);
});

test("keys whose passphrase is gone open under the one that is given, which is kept again", async () => {
  const files = filesOf("broker", "found");
  const own = secretFile("found", "my own");
  const card = await makeParty("broker", "found", own);
  rmSync(files.card);
  rmSync(files.passphrase);
  await assert.rejects(makeParty("broker", "found", secretFile("false", "another")), {
    code: "KEYSTORE_UNREADABLE",
  });
  assert.equal(existsSync(files.passphrase), false);
  assert.deepEqual(await makeParty("broker", "found", own), card);
  assert.equal(readFileSync(files.passphrase, "utf8"), "my own");
});

test("a card whose keys are gone is kept: its key is what others pin", async () => {
  const files = filesOf("provider", "moved");
  const card = await makeParty("provider", "moved");
  rmSync(files.keystore);
  await assert.rejects(makeParty("provider", "moved"), invalid);
  assert.deepEqual(readCard(files.card), card);
});

test("a passphrase that is given seals the keys", async () => {
  await makeParty("broker", "given", secretFile("own", "my own"));
  await openBroker(filesOf("broker", "given").keystore, "my own");
});

test("a name that is not here is told with those that are, and one that is no name with what a name has", async () => {
  await makeParty("broker", "there");
  assert.throws(() => keysOf("broker", "thare"), {
    code: "CONFIG_INVALID",
    remedy: /of the brokers .*\bthere\b/,
  });
  for (const name of ["müller", "Clinic", "a", "../there", "9th", "x".repeat(64), ""]) {
    assert.throws(() => keysOf("broker", name), { code: "CONFIG_INVALID", remedy: /letters a to z/ }, name);
  }
});
