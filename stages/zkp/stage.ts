/**
 * The zkp stage: proves a release. It runs beside signing, not before it: an answer does not wait for its proofs, and
 * its evidence does. See README.md.
 */
import { seedFrom } from "../../crypto/groth16/seed.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import type { BlindingSource } from "../../domain/log/blinding.ts";
import { output, publish, type Outcome, type Stage } from "../../runtime/contract/stage.ts";
import type { ReleaseWitness } from "../../schemas/avro/index.ts";
import type { Release as BundledRelease } from "../../schemas/json/evidence-bundle.ts";
import { proveGroup, type Prove, type Release, type Represent } from "./proof.ts";

export interface ZkpPorts {
  readonly prove: Prove;
  readonly represent: Represent;
  /** SHA-256 of the verification key's file, 64 hex digits. */
  readonly circuit: string;
  /** The seed of a number, 64 bytes; secret. */
  readonly seed: (id: number) => Promise<Uint8Array>;
  readonly blinding: BlindingSource;
}

export const zkp: Stage<"ReleaseWitness", ZkpPorts> = {
  name: "zkp",
  inputs: [{ topic: "dp.witnesses", types: ["ReleaseWitness"], besideAnswer: true }],
  outputs: ["zkp.proven"],
  handle: ({ value: witness }, _state, ports) => prove(witness, ports),
};

async function prove(witness: ReleaseWitness, ports: ZkpPorts): Promise<Outcome> {
  const { request, plan, matchLeaf } = witness;
  const release: Release = {
    plan,
    matchLeaf,
    seed: seedFrom(await ports.seed(plan.seed.id)),
    key: await ports.blinding(canonicalBytes(["pavilion/remainders/v1", request.digest, matchLeaf])),
    prove: ports.prove,
    represent: ports.represent,
  };
  const groups: BundledRelease["groups"] = [];
  for (const [index, cell] of witness.released.entries()) {
    const exact = witness.exact[index];
    if (exact?.grouping !== cell.grouping || exact.category !== cell.category) {
      throw new Error("a witness holds other groups than its release");
    }
    const { grouping, category, suppressed, values } = cell;
    const proofs = suppressed ? [] : await proveGroup(exact, cell, release);
    groups.push({ grouping, category, suppressed, values, proofs });
  }
  const proven: BundledRelease = { circuit: ports.circuit, groups };
  const text = new TextDecoder().decode(canonicalBytes(proven));
  return publish({
    outputs: [output("zkp.proven", "ReleaseProof", { request, plan, text }, { key: request.requestId })],
    audit: [
      { tenant: request.tenant, action: "release.proven", request, details: { circuit: ports.circuit } },
    ],
  });
}
