/**
 * What this verifier brings itself: the release circuit's verification key and the compliance policy, from the project's
 * own files. Whether either is trusted, the trust file says.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { readVerificationKey, type VerificationKey } from "../../../crypto/groth16/verify.ts";
import { loadPolicy, type Policy } from "../../../domain/policy/policy.ts";
import type { EvidenceBundleDocument } from "../../../schemas/json/evidence-bundle.ts";
import type { Trust, TrustedCircuit } from "../../../schemas/json/trust.ts";
import { require } from "../../checklist.ts";

export interface Artifacts {
  /** As the file has it. */
  readonly verificationKey: Uint8Array;
  readonly policy: Policy;
  readonly randomBytes: (length: number) => Uint8Array;
}

const keyFile = new URL("../../../circuits/release/artifacts/verification-key.json", import.meta.url);
const policyFile = new URL("../../../domain/policy/policy.wasm", import.meta.url);

export async function readArtifacts(): Promise<Artifacts> {
  const [verificationKey, policy] = await Promise.all([readFile(keyFile), readFile(policyFile)]);
  return { verificationKey, policy: await loadPolicy(policy, sha256(policy)), randomBytes };
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export interface Circuit {
  readonly setup: TrustedCircuit["setup"];
  readonly key: VerificationKey;
}

/** The circuit of the bundle's proofs, once it is this verifier's and trusted. */
export function trustedCircuit(
  { release: { circuit } }: EvidenceBundleDocument,
  { circuits }: Trust,
  { verificationKey }: Artifacts,
): Circuit {
  const trusted = circuits.find(({ sha256: known }) => known === circuit);
  require(trusted !== undefined, "The trust file does not name the proofs' verification key.");
  require(sha256(verificationKey) === circuit, "This verifier has another verification key.");
  const json: unknown = JSON.parse(Buffer.from(verificationKey).toString("utf8"));
  return { setup: trusted.setup, key: readVerificationKey(json) };
}
