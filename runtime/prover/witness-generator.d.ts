/** The part of circom_runtime 0.1 that the prover calls: what drives a witness generator of circom 2. */
declare module "circom_runtime" {
  export const WitnessCalculatorBuilder: (generator: WebAssembly.Instance) => Promise<{
    /** The witness as snarkjs reads it. */
    readonly calculateWTNSBin: (
      inputs: Readonly<Record<string, string | readonly string[]>>,
    ) => Promise<Uint8Array>;
  }>;
}

/** The part of WebAssembly that the prover calls; the compiler's library has it for browsers alone. */
declare namespace WebAssembly {
  interface Module {
    readonly compiled: never;
  }
  interface Instance {
    readonly exports: object;
  }
  function compile(bytes: Uint8Array): Promise<Module>;
  function instantiate(
    module: Module,
    imports: Readonly<Record<string, Readonly<Record<string, () => void>>>>,
  ): Promise<Instance>;
}
