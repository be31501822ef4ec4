/**
 * The thread in which proofs are made: one at a time, by snarkjs, in this thread alone, from keys that stay in memory. A proof
 * that does not verify is not answered. Answers say that a proof failed and never why: a reason could hold witness values.
 */
import { constants, setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { buildBn128 } from "ffjavascript";
import { groth16 } from "snarkjs";
import { type Proof, readVerificationKey, verifyProof } from "../../crypto/groth16/verify.ts";

/** What the thread is started with. */
export interface ProverKeys {
  readonly wasm: Uint8Array;
  readonly zkey: Uint8Array;
  readonly verificationKey: unknown;
}

export interface ProofTask {
  readonly id: number;
  /** The circuit's inputs by name, decimal. */
  readonly inputs: Readonly<Record<string, string | string[]>>;
  /** The public signals that the proof has to hold for. */
  readonly signals: readonly bigint[];
}

export interface ProofAnswer {
  readonly id: number;
  /** None where there is no proof of these inputs. */
  readonly proof: Proof | undefined;
}

/** Circuits of circom 2 bring their own memory; snarkjs would reserve 2 GiB for older ones. */
const witnessOptions = { memorySize: 1 };
// On Linux 0 means this very thread: answers go before proofs wherever cores are few. Elsewhere it changes nothing.
if (process.platform === "linux") setPriority(0, constants.priority.PRIORITY_LOW);

const keys = workerData as ProverKeys;
const verificationKey = readVerificationKey(keys.verificationKey);

async function prove({ inputs, signals }: ProofTask): Promise<Proof | undefined> {
  try {
    const { proof } = await groth16.fullProve(inputs, keys.wasm, keys.zkey, undefined, witnessOptions);
    const [a, b, c] = [proof.pi_a.slice(0, 2), proof.pi_b.slice(0, 2), proof.pi_c.slice(0, 2)];
    const made = { a, b, c } as unknown as Proof;
    return verifyProof(verificationKey, made, signals) ? made : undefined;
  } catch {
    return undefined;
  }
}

/**
 * snarkjs builds a curve of one thread anew with each proof, a quarter of its time, and one of several threads once, which it
 * keeps here: so it finds this one. What comes meanwhile waits; the port is listened to at once, or tasks would be lost.
 */
let last: Promise<unknown> = buildBn128(true).then((curve) =>
  Object.assign(globalThis, { curve_bn128: curve }),
);
parentPort?.on("message", (task: ProofTask) => {
  last = last.then(async () => {
    const answer: ProofAnswer = { id: task.id, proof: await prove(task) };
    parentPort?.postMessage(answer);
  });
});
