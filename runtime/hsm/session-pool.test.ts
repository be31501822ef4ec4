import assert from "node:assert/strict";
import { beforeEach, test, afterEach } from "node:test";
import pkcs11 from "pkcs11js";
import { PavilionError } from "../../errors/errors.ts";
import { provisionKeys } from "./provision.ts";
import { SessionPool } from "./session-pool.ts";
import { initialiseToken, keys } from "./testing/token.ts";
import { closeToken, openToken } from "./token.ts";
import type { Token } from "./token.ts";

const region = initialiseToken("region-test");
provisionKeys(region, keys);
let token: Token;
let blindingKey: pkcs11.Handle;

beforeEach(() => {
  token = openToken(region, "read");
  token.library.C_FindObjectsInit(token.session, [{ type: pkcs11.CKA_LABEL, value: "blinding" }]);
  const found = token.library.C_FindObjects(token.session);
  token.library.C_FindObjectsFinal(token.session);
  assert.ok(found);
  blindingKey = found;
});
afterEach(() => {
  closeToken(token);
});

function beginMac(session: pkcs11.Handle): void {
  token.library.C_SignInit(session, { mechanism: pkcs11.CKM_SHA256_HMAC }, blindingKey);
}

function mac(session: pkcs11.Handle): Promise<Buffer> {
  beginMac(session);
  return Promise.resolve(token.library.C_Sign(session, Buffer.from("m"), Buffer.alloc(32)));
}

test("operations run in order of arrival, never more at once than there are sessions", async () => {
  const pool = new SessionPool(token, 2);
  const started: number[] = [];
  let running = 0;
  const operation = async (index: number): Promise<void> => {
    started.push(index);
    running++;
    assert.ok(running <= 2);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  };
  const indices = Array.from({ length: 20 }, (_, index) => index);
  await Promise.all(indices.map((index) => pool.run(() => operation(index))));
  assert.deepEqual(started, indices);
});

test("a session in which an operation broke off is not handed on", async () => {
  const pool = new SessionPool(token, 1);
  const expected = await pool.run(mac);
  const broken = pool.run((session) => {
    beginMac(session);
    return Promise.reject(new Error("CKR_DEVICE_ERROR:48 and a secret"));
  });
  const next = pool.run(mac);
  await assert.rejects(broken, (error) => {
    assert.ok(error instanceof PavilionError);
    assert.equal(error.code, "HSM_OPERATION_FAILED");
    assert.equal(error.message, "The HSM answered CKR_DEVICE_ERROR.");
    return true;
  });
  assert.deepEqual(await next, expected);
});

test("when the token is lost, nobody is kept waiting, and closing still ends", async () => {
  const pool = new SessionPool(token, 1);
  const lost = pool.run(() => {
    token.library.C_Finalize();
    return Promise.reject(new Error("CKR_DEVICE_REMOVED:50"));
  });
  const waiting = pool.run(mac);
  await assert.rejects(lost, { code: "HSM_OPERATION_FAILED" });
  await assert.rejects(waiting, { code: "HSM_UNAVAILABLE" });
  await assert.rejects(pool.run(mac), { code: "HSM_UNAVAILABLE" });
  await pool.close();
});

test("refuses what comes when too many wait already", async () => {
  const pool = new SessionPool(token, 1);
  let finish = (): void => undefined;
  const held = pool.run(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  const waiting = Array.from({ length: 16_384 }, () => pool.run(() => Promise.resolve()));
  await assert.rejects(
    pool.run(() => Promise.resolve()),
    { code: "HSM_UNAVAILABLE" },
  );
  finish();
  await Promise.all([held, ...waiting]);
});
