/**
 * Compiles contracts/AnchorRegistry.sol to contracts/AnchorRegistry.json: ABI, creation code, the hash of the code that
 * then lies on the chain, and what it was made with. With `--check` it writes nothing: it compiles in memory and
 * compares. The compiler is the installed solc, the metadata hash is left out, so the same source gives the same bytes
 * anywhere.
 */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import solc from "solc";
import { repositoryRoot } from "./generated.ts";

const name = "AnchorRegistry";
const folder = join(repositoryRoot, "contracts");
const artifactPath = join(folder, `${name}.json`);
/** Older than any live chain that the contract may be put on: it needs no newer instruction. */
const evmVersion = "paris";
/** How often each part is expected to run: a contract that is made once and called for years. */
const runs = 1_000_000;

/** What is used of solc-js, whose own declarations say `any`. */
const compiler = solc as unknown as {
  readonly version: () => string;
  /** Standard JSON in, standard JSON out, as text. */
  readonly compile: (input: string) => string;
};

interface Compiled {
  readonly abi: readonly unknown[];
  readonly evm: {
    readonly bytecode: { readonly object: string };
    readonly deployedBytecode: { readonly object: string };
  };
  readonly storageLayout: { readonly storage: readonly { readonly label: string; readonly slot: string }[] };
}

interface CompilerAnswer {
  readonly errors?: readonly { readonly formattedMessage: string }[];
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, Compiled>>>>;
}

const inputFor = (source: string): string =>
  JSON.stringify({
    language: "Solidity",
    sources: { [`${name}.sol`]: { content: source } },
    settings: {
      optimizer: { enabled: true, runs },
      viaIR: true,
      evmVersion,
      metadata: { bytecodeHash: "none", appendCBOR: false },
      outputSelection: {
        "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "storageLayout"] },
      },
    },
  });

/** The contract's artifact as text. Throws what the compiler complains of, warnings too. */
export async function artifactOf(source: string): Promise<string> {
  const answer = JSON.parse(compiler.compile(inputFor(source))) as CompilerAnswer;
  const complaints = (answer.errors ?? []).map(({ formattedMessage }) => formattedMessage);
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
  const compiled = answer.contracts?.[`${name}.sol`]?.[name];
  const states = compiled?.storageLayout.storage.find(({ label }) => label === "states");
  if (compiled === undefined || states === undefined) {
    throw new Error(`the compiler made no ${name} with states`);
  }
  const runtime = Buffer.from(compiled.evm.deployedBytecode.object, "hex");
  const artifact = {
    contract: name,
    compiler: compiler.version(),
    evmVersion,
    statesSlot: Number(states.slot),
    runtimeSha256: createHash("sha256").update(runtime).digest("hex"),
    abi: compiled.abi,
    bytecode: `0x${compiled.evm.bytecode.object}`,
  };
  const options = await resolveConfig(artifactPath);
  return format(JSON.stringify(artifact), { ...options, parser: "json" });
}

async function build(isCheck: boolean): Promise<number> {
  const artifact = await artifactOf(await readFile(join(folder, `${name}.sol`), "utf8"));
  if (!isCheck) {
    await writeFile(artifactPath, artifact);
    console.log(`written: contracts/${name}.json`);
    return 0;
  }
  if ((await readFile(artifactPath, "utf8").catch(() => "")) === artifact) return 0;
  console.error(`contracts/${name}.json is not what ${name}.sol compiles to (run scripts/build-contract.ts)`);
  return 1;
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  const unknown = args.find((arg) => arg !== "--check");
  if (unknown !== undefined) {
    console.error(`${unknown}: unknown option; only --check is known`);
    process.exitCode = 2;
  } else {
    process.exitCode = await build(args.length > 0);
  }
}
