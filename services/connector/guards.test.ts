import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnchorChain } from "../../runtime/chain/anchor-chain.ts";
import { PavilionError, type ErrorCode } from "../../errors/errors.ts";
import { PortHeld } from "../../runtime/failures/passing.ts";
import { onlyDeclared } from "../../runtime/hsm/declared.ts";
import type { Hsm } from "../../runtime/hsm/hsm.ts";
import type { Prover } from "../../runtime/prover/prover.ts";
import { Metrics } from "../../runtime/telemetry/metrics.ts";
import { guardChain, guardHsm, guardProver } from "./guards.ts";

const failing = (code: ErrorCode) => () => Promise.reject(new PavilionError(code, "it failed"));
const bytes = Buffer.alloc(32);

const answer = (): Promise<Uint8Array> => Promise.resolve(bytes);
const agreement = { label: "hpke", purpose: "p256-agreement" } as const;
const issuer = { label: "issuer", purpose: "ed25519" } as const;

/** An HSM some of whose keys fail, by label. */
function hsmWith(failing: Readonly<Record<string, () => Promise<Uint8Array>>>): Hsm {
  const done = (): Promise<void> => Promise.resolve();
  return {
    key: ({ label }) => ({ publicKey: bytes, operate: failing[label] ?? answer }),
    ...{ seed: answer, createSeed: done, destroySeed: done, close: done },
  };
}

async function stateOf(metrics: Metrics, port: string): Promise<string | undefined> {
  const line = new RegExp(`^pavilion_breaker_state\\{port="${port}"\\} (\\d)$`, "m");
  return line.exec(await metrics.registry.metrics())?.[1];
}

const five = Array.from({ length: 5 });

test("an operation that fails over its input leaves the HSM open to everybody else", async () => {
  const metrics = new Metrics();
  const hsm = guardHsm(hsmWith({ hpke: failing("HSM_OPERATION_FAILED") }), metrics);
  for (const _ of five) {
    await assert.rejects(hsm.key(agreement).operate(bytes), { code: "HSM_OPERATION_FAILED" });
  }
  assert.equal(await stateOf(metrics, "hsm"), "0");
  assert.equal(await hsm.key(issuer).operate(bytes), bytes);
});

test("a pipeline sees the keys that it declares, and seeds where it declares those", async () => {
  const missing = { code: "HSM_KEY_MISSING" };
  const hsm = onlyDeclared(hsmWith({}), { keys: [issuer] });
  assert.deepEqual(Object.keys(hsm).sort(), ["createSeed", "destroySeed", "key", "seed"]);
  assert.equal(hsm.key(issuer).publicKey, bytes);
  assert.throws(() => hsm.key(agreement), /no key hpke for p256-agreement/);
  for (const call of [hsm.createSeed, hsm.seed, hsm.destroySeed]) await assert.rejects(call(1), missing);
  assert.equal(await onlyDeclared(hsmWith({}), { seeds: true }).seed(1), bytes);
});

test("a token that fails at everything is away, and soon not asked any more by anybody", async () => {
  const metrics = new Metrics();
  const failed = failing("HSM_OPERATION_FAILED");
  const hsm = guardHsm(hsmWith({ issuer: failed, sealing: failed }), metrics);
  for (const _ of five) await assert.rejects(hsm.key(issuer).operate(bytes), { code: "HSM_UNAVAILABLE" });
  assert.equal(await stateOf(metrics, "hsm"), "2");
  for (const call of [() => hsm.seed(1), () => hsm.key(agreement).operate(bytes)]) {
    await assert.rejects(call(), PortHeld);
  }
});

test("a proof that cannot be made is no fault of the prover's, a thread that ends is", async () => {
  const metrics = new Metrics();
  let code: ErrorCode = "PROOF_FAILED";
  const prover = { prove: () => failing(code)() } as unknown as Prover<never>;
  const guarded = guardProver(prover, metrics);
  for (const _ of five) await assert.rejects(guarded.prove({} as never), { code: "PROOF_FAILED" });
  assert.equal(await stateOf(metrics, "prover"), "0");
  code = "PROVER_UNAVAILABLE";
  for (const _ of five) await assert.rejects(guarded.prove({} as never), { code });
  assert.equal(await stateOf(metrics, "prover"), "2");
});

test("a chain that is held is told as one that is away, and its verdicts are passed on", async () => {
  const metrics = new Metrics();
  let code: ErrorCode = "ANCHOR_LOST";
  const fails = () => failing(code)();
  const chain = {
    anchor: fails,
    standing: fails,
    prove: fails,
    close: () => undefined,
  } as unknown as AnchorChain;
  const guarded = guardChain(chain, metrics);
  for (const _ of five) await assert.rejects(guarded.anchor(undefined, {} as never), { code: "ANCHOR_LOST" });
  assert.equal(await stateOf(metrics, "chain"), "0");
  code = "CHAIN_UNAVAILABLE";
  for (const _ of five) await assert.rejects(guarded.prove(1), { code });
  assert.equal(await stateOf(metrics, "chain"), "2");
  await assert.rejects(guarded.standing([]), { name: "PavilionError", code: "CHAIN_UNAVAILABLE" });
});
