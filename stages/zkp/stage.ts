/**
 * The zkp stage: proves a release, those who wait for it in turn. It runs beside signing, not before it: an answer does not
 * wait for its proofs, and its evidence does. See README.md.
 */
import { seedFrom } from "../../crypto/groth16/seed.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { seedUnlessDestroyed } from "../../domain/log/seeds.ts";
import type { BlindingSource } from "../../domain/log/blinding.ts";
import type { CollaborationTable } from "../../domain/terms/collaboration.ts";
import type { Waiter } from "../../runtime/contract/fair-queue.ts";
import { output, publish, type Outcome, type Stage, type StageEvent } from "../../runtime/contract/stage.ts";
import type { ReleaseWitness } from "../../schemas/avro/index.ts";
import type { Release as BundledRelease } from "../../schemas/json/evidence-bundle.ts";
import { proveGroup, type Prove, type Release, type Represent } from "./proof.ts";
import { ProofTurns } from "./turns.ts";

export interface ZkpPorts {
  readonly partition: number;
  readonly collaborations: CollaborationTable;
  readonly prove: Prove;
  readonly represent: Represent;
  /** SHA-256 of the verification key's file, 64 hex digits. */
  readonly circuit: string;
  /** The seed of a number, 64 bytes; secret. */
  readonly seed: (id: number) => Promise<Uint8Array>;
  readonly blinding: BlindingSource;
}

export const zkp: Stage<"ReleaseWitness" | "ProofTurn" | "Tick", ZkpPorts> = {
  name: "zkp",
  inputs: [
    { topic: "dp.witnesses", types: ["ReleaseWitness"], besideAnswer: true },
    { topic: "zkp.turns", types: ["ReleaseWitness", "ProofTurn"], besideAnswer: true },
    { topic: "clock.ticks", types: ["Tick"], besideAnswer: true },
  ],
  outputs: ["zkp.turns", "zkp.waiting", "zkp.proven"],
  handle(event, state, ports) {
    const turns = new ProofTurns(state, ports.partition, event.time);
    if (event.type === "ReleaseWitness") return take(event, turns, ports);
    if (event.type === "ProofTurn") turns.pass(event.value.number);
    else turns.tick();
    return publish(turns.effects);
  },
};

/** One that comes on the stage's own topic has its turn. */
async function take(
  { topic, value }: StageEvent<"ReleaseWitness">,
  turns: ProofTurns,
  ports: ZkpPorts,
): Promise<Outcome> {
  if (topic === "zkp.turns") return prove(value, ports);
  if (turns.enter(value, waiterOf(value, ports))) return publish(turns.effects);
  const { outputs, audit } = await prove(value, ports);
  return publish({ ...turns.effects, outputs: [...outputs, ...turns.effects.outputs], audit });
}

/** The key that signed; of a collaboration that is not known here any more, the broker by its name. */
function waiterOf({ request, plan }: ReleaseWitness, { collaborations }: ZkpPorts): Waiter {
  const { tenant, broker: id } = request;
  const brokers = collaborations.at(plan.collaboration, plan.version)?.brokers;
  return { tenant, signer: brokers?.find((broker) => broker.id === id)?.key ?? id };
}

async function prove(witness: ReleaseWitness, ports: ZkpPorts): Promise<Outcome> {
  const { request, plan, matchLeaf } = witness;
  const seed = await seedUnlessDestroyed(ports.seed, plan.seed.id);
  // No proof can come of it any more, however often it is tried.
  if (seed === undefined)
    return publish({
      audit: [{ tenant: request.tenant, action: "evidence.incomplete", request, details: {} }],
    });
  const release: Release = {
    plan,
    matchLeaf,
    seed: seedFrom(seed),
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
