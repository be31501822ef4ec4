import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decisionIn, loadPolicy, type PolicyInput } from "./policy.ts";

const wasm = readFileSync(new URL("./policy.wasm", import.meta.url));
const pinned = readFileSync(new URL("./policy.wasm.sha256", import.meta.url), "utf8").slice(0, 64);
const policy = await loadPolicy(wasm, pinned);

const asked: PolicyInput = {
  request: {
    purpose: "public-health",
    legalBasis: "public-interest",
    tenant: "clinic",
    broker: "core",
    region: "au-east",
  },
  collaboration: {
    purposes: ["public-health", "direct-marketing"],
    legalBases: ["public-interest"],
    jurisdiction: "AU",
    region: "au-east",
    brokers: [{ id: "core", tenants: ["clinic"] }],
    datasets: [{ provider: "north", dataset: "people" }],
  },
  region: { name: "au-east", jurisdiction: "AU" },
};

test("refuses other bytes than the pinned ones, and pins that are none", async () => {
  const other = Uint8Array.from(wasm);
  other[other.length - 1] = 1 ^ (other[other.length - 1] ?? 0);
  await assert.rejects(loadPolicy(other, pinned), { code: "CONFIG_INVALID" });
  await assert.rejects(loadPolicy(wasm, ""), { code: "CONFIG_INVALID" });
  await assert.rejects(loadPolicy(wasm, pinned.slice(2)), { code: "CONFIG_INVALID" });
});

test("names the bundle by its hash", () => {
  assert.equal(policy.bundle, pinned);
});

test("allows what every rule allows, and names the rules", () => {
  const { allow, reasons } = policy.evaluate(asked);
  assert.equal(allow, true);
  assert.equal(reasons.length, 6);
});

test("denies by the rule that does not hold, and decides each question afresh", () => {
  const { request, region } = asked;
  const cases: [PolicyInput, string][] = [
    [
      { ...asked, request: { ...request, purpose: "research" } },
      "not so: the collaboration allows the purpose",
    ],
    [
      { ...asked, request: { ...request, legalBasis: "none" } },
      "not so: the collaboration allows the legal basis",
    ],
    [
      { ...asked, request: { ...request, purpose: "direct-marketing" } },
      "not so: the legal basis suits the purpose",
    ],
    [{ ...asked, request: { ...request, region: "au-west" } }, "not so: the data stays in its home region"],
    [{ ...asked, region: { ...region, jurisdiction: "EU" } }, "not so: the data stays in its jurisdiction"],
    [{ ...asked, request: { ...request, tenant: "insurer" } }, "not so: the broker may ask for the tenant"],
  ];
  for (const [input, reason] of cases) {
    assert.deepEqual(policy.evaluate(input), { allow: false, reasons: [reason] });
    assert.equal(policy.evaluate(asked).allow, true);
  }
});

test("denies input that is not what it expects", () => {
  for (const input of [{}, null, [], "allow", { ...asked, collaboration: {} }]) {
    assert.equal(policy.evaluate(input as unknown as PolicyInput).allow, false);
  }
});

test("takes nothing but an exact decision for one", () => {
  const exact = { allow: true, reasons: ["because"] };
  assert.deepEqual(
    decisionIn(() => [{ result: exact }]),
    exact,
  );
  const others: unknown[] = [
    undefined,
    null,
    [],
    {},
    exact,
    [exact],
    [{ result: exact }, { result: exact }],
    [{ result: true }],
    [{ result: { ...exact, allow: "true" } }],
    [{ result: { ...exact, allow: 1 } }],
    [{ result: { allow: true } }],
    [{ result: { ...exact, reasons: [] } }],
    [{ result: { ...exact, reasons: [1] } }],
    [{ result: { ...exact, more: 1 } }],
    [{ result: exact, more: 1 }],
  ];
  for (const other of others) assert.equal(decisionIn(() => other).allow, false);
  const failing = (): unknown => {
    throw new Error("trap");
  };
  assert.equal(decisionIn(failing).allow, false);
});
