/**
 * The circuit of released statistics, as it is proven: where its artifacts lie, and what a statement with its opening gives it.
 */
import {
  releaseInputs,
  releaseSignals,
  type ReleaseOpening,
  type ReleaseStatement,
} from "../../crypto/groth16/release-statement.ts";
import type { Circuit } from "../../runtime/prover/prover.ts";

export interface ReleaseInput {
  readonly statement: ReleaseStatement;
  readonly opening: ReleaseOpening;
}

export const releaseCircuit: Circuit<ReleaseInput> = {
  name: "release",
  folder: new URL("../../circuits/release/artifacts/", import.meta.url),
  inputsOf: ({ statement, opening }) => releaseInputs(statement, opening),
  signalsOf: ({ statement }) => releaseSignals(statement),
};
