/**
 * Proofs of one circuit by snarkjs, in this thread alone, from keys that stay in memory. What costs the same for each proof is
 * done once: snarkjs by itself compiles the witness generator and builds the curve anew for each.
 */
import { WitnessCalculatorBuilder } from "circom_runtime";
import { buildBn128 } from "ffjavascript";
import { groth16 } from "snarkjs";
import { type Proof, readVerificationKey, verifyProof } from "../../crypto/groth16/verify.ts";
import type { CircuitTask, ProverKeys } from "./tasks.ts";

/** What a witness generator of circom 2 calls: it throws where inputs do not fit, and what it would print is of the witness. */
const runtime = {
  exceptionHandler: () => {
    throw new Error("the inputs do not fit the circuit");
  },
  printErrorMessage: () => undefined,
  writeBufferMessage: () => undefined,
  showSharedRWMemory: () => undefined,
};

/** What proves; it throws where there is no proof of the inputs that holds for the signals. */
export async function openCircuit(keys: ProverKeys): Promise<(task: CircuitTask) => Promise<Proof>> {
  const verificationKey = readVerificationKey(keys.verificationKey);
  const generator = await WebAssembly.compile(keys.wasm);
  // Where snarkjs keeps a curve of several threads. One of a single thread it would build each time, a quarter of a proof's time.
  Object.assign(globalThis, { curve_bn128: await buildBn128(true) });
  return async ({ inputs, signals }) => {
    // An instance for each proof: nothing of one witness is there for the next.
    const calculator = await WitnessCalculatorBuilder(await WebAssembly.instantiate(generator, { runtime }));
    const { proof } = await groth16.prove(keys.zkey, await calculator.calculateWTNSBin(inputs));
    const [a, b, c] = [proof.pi_a.slice(0, 2), proof.pi_b.slice(0, 2), proof.pi_c.slice(0, 2)];
    const made = { a, b, c } as unknown as Proof;
    if (!verifyProof(verificationKey, made, signals)) throw new Error("the proof does not verify");
    return made;
  };
}
