/** The packages that others install: what each offers, and what it reads at run time beside its code. */
export interface PackagePlan {
  readonly name: string;
  readonly description: string;
  /** The module that programs import. */
  readonly main: string;
  /** Commands by name. */
  readonly bin: Readonly<Record<string, string>>;
  /** Files that code reads, each at its own place: paths below the repository, or globs. */
  readonly files: readonly string[];
  readonly readme: string;
}

export const packages: readonly PackagePlan[] = [
  {
    name: "pavilion-verifier",
    description: "Verifies the Pavilion DP Connector's evidence bundles and audits its logs, offline",
    main: "verifier/index.ts",
    bin: { "pavilion-verify": "cli/verify/standalone.ts" },
    files: ["circuits/release/artifacts/verification-key.json", "domain/policy/policy.wasm"],
    readme: "verifier/README.md",
  },
  {
    name: "pavilion-clients",
    description: "Asks the Pavilion DP Connector as a Core Broker, and reads its log as an auditor",
    main: "services/clients/index.ts",
    bin: {},
    files: ["schemas/avro/*.avsc", "schemas/json/access.schema.json"],
    readme: "services/clients/README.md",
  },
];
