import assert from "node:assert/strict";
import { cpSync, renameSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { blinding, folder, hpke, initialiseToken, issuer, keys, withObjects } from "./testing/token.ts";
import type { Hsm } from "./hsm.ts";
import { openLastingHsm } from "./lasting-hsm.ts";
import { provisionKeys } from "./provision.ts";

const region = initialiseToken("region-lasting");
provisionKeys(region, keys);
const tokens = join(folder, "tokens");
const elsewhere = join(folder, "elsewhere");

let hsm: Hsm;

beforeEach(async () => {
  hsm = await openLastingHsm(region);
});

afterEach(() => hsm.close());

const goAway = (): void => {
  renameSync(tokens, elsewhere);
};
const comeBack = (): void => {
  renameSync(elsewhere, tokens);
};

const message = Buffer.from("message");
const gone = { code: "HSM_UNAVAILABLE" };

test("a token that went and came back is opened anew, with the same keys", async () => {
  const before = [await hsm.key(blinding).operate(message), await hsm.key(issuer).operate(message)];
  goAway();
  for (let time = 0; time < 3; time += 1) await assert.rejects(hsm.key(blinding).operate(message), gone);
  await assert.rejects(hsm.key(issuer).operate(message), gone);
  comeBack();
  assert.deepEqual(
    [await hsm.key(blinding).operate(message), await hsm.key(issuer).operate(message)],
    before,
  );
});

test("many calls at once, before, while and after it is away: all that reject say that it is away", async () => {
  const expected = await hsm.key(blinding).operate(message);
  const many = (): Promise<PromiseSettledResult<Uint8Array>[]> =>
    Promise.allSettled(Array.from({ length: 40 }, () => hsm.key(blinding).operate(message)));
  const early = many();
  goAway();
  const late = await many();
  comeBack();
  for (const settled of [...(await early), ...late]) {
    if (settled.status === "rejected") assert.equal((settled.reason as { code?: string }).code, gone.code);
    else assert.deepEqual(settled.value, expected);
  }
  assert.equal(late.at(-1)?.status, "rejected");
  assert.deepEqual(await hsm.key(blinding).operate(message), expected);
  for (const settled of await many()) assert.equal(settled.status, "fulfilled");
});

test("a seed of a token that is away is not taken for one that was destroyed", async () => {
  await hsm.createSeed(7);
  const seed = await hsm.seed(7);
  goAway();
  await assert.rejects(hsm.seed(7), gone);
  await assert.rejects(hsm.destroySeed(7), gone);
  comeBack();
  assert.deepEqual(await hsm.seed(7), seed);
  await hsm.destroySeed(7);
  await assert.rejects(hsm.seed(7), { code: "HSM_KEY_MISSING" });
});

test("what fails of itself keeps its code while the token is there", async () => {
  await assert.rejects(hsm.key(hpke).operate(new Uint8Array(65)), { code: "HSM_OPERATION_FAILED" });
  await assert.rejects(hsm.seed(99), { code: "HSM_KEY_MISSING" });
});

test("once closed it is not opened again", async () => {
  goAway();
  await assert.rejects(hsm.key(blinding).operate(message), gone);
  comeBack();
  await hsm.close();
  await assert.rejects(hsm.key(blinding).operate(message), gone);
});

test("a token that comes back with another secret under a key's label is not taken for the one that went", async () => {
  await hsm.close();
  const before = join(folder, "before");
  cpSync(tokens, before, { recursive: true });
  withObjects(region, blinding.label, (library, session, objects) => {
    for (const object of objects) library.C_DestroyObject(session, object);
  });
  assert.deepEqual(provisionKeys(region, keys), [blinding.label]);
  const after = join(folder, "after");
  renameSync(tokens, after);
  renameSync(before, tokens);
  hsm = await openLastingHsm(region);
  goAway();
  await assert.rejects(hsm.key(blinding).operate(message), gone);
  renameSync(after, tokens);
  await assert.rejects(hsm.key(issuer).operate(message), {
    code: "HSM_KEY_MISSING",
    message: /different keys/,
  });
});
