/**
 * The policy: policy.rego compiled to WebAssembly by `opa build -t wasm -e pavilion/compliance/decision`, evaluated in
 * process. The bytes are an artifact, pinned by SHA-256; scripts/build-policy.ts makes them and compares.
 *
 * Promises: anything but an exact `{"allow": true, "reasons": [strings]}` denies: no result, several, an error, a
 * wrong type, another member. Does not: read the file, or choose which hash to trust; both are the caller's.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { loadPolicy as instantiate } from "@open-policy-agent/opa-wasm";
import { PavilionError } from "../../errors/errors.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { Population } from "../../schemas/json/population.ts";
import type { Request } from "../../schemas/json/request.ts";

/** What the policy decides on. Holds no value, identifier or count. */
export interface PolicyInput {
  readonly request: {
    readonly purpose: string;
    readonly legalBasis: string;
    readonly tenant: string;
    readonly broker: string;
    readonly region: string;
  };
  readonly collaboration: {
    readonly purposes: readonly string[];
    readonly legalBases: readonly string[];
    readonly jurisdiction: string;
    readonly region: string;
    readonly brokers: readonly { readonly id: string; readonly tenants: readonly string[] }[];
    readonly datasets: readonly { readonly provider: string; readonly dataset: string }[];
  };
  readonly region: { readonly name: string; readonly jurisdiction: string };
}

export interface PolicyDecision {
  readonly allow: boolean;
  /** Where it denies, every rule that does not hold; where it allows, every rule. */
  readonly reasons: readonly string[];
}

export interface Policy {
  readonly evaluate: (input: PolicyInput) => PolicyDecision;
  /** Lowercase hex SHA-256 of the WebAssembly. */
  readonly bundle: string;
}

/**
 * Loads the policy's WebAssembly. `expectedSha256` is lowercase hex, such as the first 64 characters of
 * policy.wasm.sha256. Throws CONFIG_INVALID for other bytes.
 */
export async function loadPolicy(bytes: Uint8Array, expectedSha256: string): Promise<Policy> {
  const digest = createHash("sha256").update(bytes).digest();
  const expected = Buffer.from(expectedSha256, "hex");
  if (expected.length !== digest.length || !timingSafeEqual(expected, digest)) {
    throw new PavilionError("CONFIG_INVALID", "The policy's WebAssembly is not the one that is pinned.");
  }
  const loaded = await instantiate(Uint8Array.from(bytes));
  return {
    evaluate: (input) => decisionIn(() => loaded.evaluate(input) as unknown),
    bundle: digest.toString("hex"),
  };
}

/** What the policy is asked: the request, the collaboration and its population in a region. */
export function policyInput(
  document: Request,
  collaboration: Collaboration,
  population: Population,
  region: PolicyInput["region"],
): PolicyInput {
  const { purpose, legalBasis, tenant, broker } = document;
  const { purposes, legalBases, brokers, providers } = collaboration;
  const home = population.homes.find((one) => one.region === region.name);
  return {
    request: { purpose, legalBasis, tenant, broker, region: document.home },
    collaboration: {
      purposes,
      legalBases,
      jurisdiction: population.jurisdiction,
      // No home is the region of no name: the policy denies it.
      region: home?.region ?? "",
      brokers: brokers.map(({ id, tenants }) => ({ id, tenants })),
      datasets: providers.map(({ id, dataset }) => ({ provider: id, dataset })),
    },
    region,
  };
}

const noDecision: PolicyDecision = { allow: false, reasons: ["not so: the policy decides"] };

/** The decision in an evaluation's result set `[{"result": {"allow", "reasons"}}]`; a denial for anything else. */
export function decisionIn(evaluate: () => unknown): PolicyDecision {
  let results: unknown;
  try {
    results = evaluate();
  } catch {
    return noDecision;
  }
  if (!Array.isArray(results) || results.length !== 1) return noDecision;
  const decision = member(results[0], ["result"])?.result;
  const { allow, reasons } = member(decision, ["allow", "reasons"]) ?? {};
  if (typeof allow !== "boolean" || !isTexts(reasons)) return noDecision;
  return { allow, reasons };
}

/** The value as an object with exactly these members. */
function member(value: unknown, names: readonly string[]): Record<string, unknown> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const found = Object.keys(value).sort().join();
  return found === names.join() ? { ...value } : undefined;
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.every((text) => typeof text === "string");
