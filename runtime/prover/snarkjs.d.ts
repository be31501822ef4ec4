/** The part of snarkjs 0.7 that the project calls: the prover, and for scripts and tests the setup and the file formats. */
declare module "snarkjs" {
  /** A path, bytes, or a file in memory, which a writer fills in. */
  type File = string | Uint8Array | { readonly type: "mem"; data?: Uint8Array };
  type Inputs = Readonly<Record<string, string | readonly string[]>>;

  interface SnarkProof {
    readonly pi_a: readonly string[];
    readonly pi_b: readonly (readonly string[])[];
    readonly pi_c: readonly string[];
    readonly protocol: string;
    readonly curve: string;
  }

  interface Curve {
    readonly terminate: () => Promise<void>;
  }

  interface Logger {
    readonly debug: (message: string) => void;
    readonly info: (message: string) => void;
    readonly warn: (message: string) => void;
    readonly error: (message: string) => void;
  }

  /** A linear combination: coefficients by the number of the wire. */
  type Combination = Readonly<Record<string, string>>;

  export const groth16: {
    readonly fullProve: (
      inputs: Inputs,
      wasm: File,
      zkey: File,
      logger?: Logger,
      witnessOptions?: { readonly memorySize: number },
      proverOptions?: { readonly singleThread: boolean },
    ) => Promise<{ readonly proof: SnarkProof; readonly publicSignals: readonly string[] }>;
    readonly prove: (zkey: File, witness: File) => Promise<{ readonly proof: SnarkProof }>;
    readonly verify: (
      key: unknown,
      signals: readonly string[],
      proof: SnarkProof,
      logger?: Logger,
    ) => Promise<boolean>;
  };

  export const curves: { readonly getCurveFromName: (name: "bn128") => Promise<Curve> };

  export const powersOfTau: {
    readonly newAccumulator: (
      curve: Curve,
      power: number,
      file: File,
      logger?: Logger,
    ) => Promise<Uint8Array>;
    readonly contribute: (
      from: File,
      to: File,
      name: string,
      entropy: string,
      logger?: Logger,
    ) => Promise<Uint8Array>;
    readonly beacon: (
      from: File,
      to: File,
      name: string,
      hash: string,
      iterationsExponent: number,
      logger?: Logger,
    ) => Promise<Uint8Array>;
    readonly preparePhase2: (from: File, to: File, logger?: Logger) => Promise<void>;
    readonly verify: (file: File, logger?: Logger) => Promise<boolean>;
  };

  export const zKey: {
    readonly newZKey: (r1cs: File, powers: File, zkey: File, logger?: Logger) => Promise<Uint8Array>;
    readonly contribute: (
      from: File,
      to: File,
      name: string,
      entropy: string,
      logger?: Logger,
    ) => Promise<Uint8Array>;
    readonly beacon: (
      from: File,
      to: File,
      name: string,
      hash: string,
      iterationsExponent: number,
      logger?: Logger,
    ) => Promise<Uint8Array>;
    readonly verifyFromR1cs: (r1cs: File, powers: File, zkey: File, logger?: Logger) => Promise<boolean>;
    readonly exportVerificationKey: (zkey: File, logger?: Logger) => Promise<unknown>;
  };

  export const r1cs: {
    readonly info: (
      file: File,
    ) => Promise<{ readonly nConstraints: number; readonly nVars: number; readonly nPubInputs: number }>;
    readonly exportJson: (file: File) => Promise<{
      readonly nVars: number;
      readonly nOutputs: number;
      readonly nPubInputs: number;
      readonly constraints: readonly (readonly [Combination, Combination, Combination])[];
    }>;
  };

  export const wtns: {
    readonly calculate: (
      inputs: Inputs,
      wasm: File,
      witness: File,
      options?: { readonly memorySize: number },
    ) => Promise<void>;
    readonly exportJson: (witness: File) => Promise<readonly bigint[]>;
  };
}

/** The part of ffjavascript 0.3 that the prover calls: the curve that snarkjs proves over. */
declare module "ffjavascript" {
  /** In this thread alone, where `singleThread` is true. */
  export const buildBn128: (singleThread: boolean) => Promise<object>;
}
