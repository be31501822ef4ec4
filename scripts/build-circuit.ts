/**
 * Builds circuits/release/artifacts from release.circom: the witness generator, a proving and a verification key, and
 * artifacts.json, which pins them by SHA-256. The keys come from a *development* setup: powers of tau and second phase with one
 * contribution each from system randomness, on one machine. Whoever ran it could have kept what makes false proofs; production
 * needs a setup of several parties. Keys are kept as long as the constraints stay the same.
 *
 * With `--check` it writes nothing and runs no setup: it holds the files to artifacts.json, compiles the circuit again and
 * compares. Where the compiler is not installed, it says that this was skipped.
 */
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { access, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { format, resolveConfig } from "prettier";
import { curves, powersOfTau, r1cs, zKey } from "snarkjs";
import { repositoryRoot } from "./generated.ts";

const source = "circuits/release/release.circom";
const artifacts = join(repositoryRoot, "circuits", "release", "artifacts");
const compiler = join(repositoryRoot, "node_modules", "circom2");
const keyFiles = ["release.zkey", "verification-key.json"] as const;
const files = ["release.wasm", ...keyFiles] as const;

/** 2^12 rows: the constraints, one for each public signal, and one more. */
const POWER = 12;
/** 2^10 hashes. */
const BEACON_EXPONENT = 10;

const run = promisify(execFile);

interface Contribution {
  readonly phase: 1 | 2;
  readonly by: string;
  /** What snarkjs calls the contribution's hash: 64 bytes, BLAKE2b. */
  readonly hash: string;
  readonly beacon?: string;
}

interface Manifest {
  readonly circuit: string;
  readonly setup: "development";
  readonly circom: string;
  readonly constraints: number;
  readonly publicSignals: number;
  readonly sourceSha256: string;
  readonly r1csSha256: string;
  readonly sha256: Readonly<Record<(typeof files)[number], string>>;
  readonly transcript: readonly Contribution[];
}

interface Compiled {
  readonly r1cs: string;
  readonly wasm: string;
  /** The compiler's own version. */
  readonly circom: string;
}

const sha256 = async (path: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");

async function hasCompiler(): Promise<boolean> {
  return access(compiler).then(
    () => true,
    () => false,
  );
}

/** Runs the circom compiler, in WebAssembly, which sees files by their paths from the repository's root. */
export async function compileRelease(workplace: string): Promise<Compiled> {
  const circom = async (...args: string[]): Promise<string> => {
    const { stdout } = await run(process.execPath, [join(compiler, "cli.js"), ...args], {
      cwd: repositoryRoot,
    });
    return stdout;
  };
  const output = [
    "--r1cs",
    "--wasm",
    "--O2",
    "-l",
    "node_modules",
    "-o",
    relative(repositoryRoot, workplace),
  ];
  await circom(source, ...output);
  const version = /circom compiler (\S+)/.exec(await circom("--version"))?.[1];
  if (version === undefined) throw new Error("the circom compiler does not tell its version");
  return {
    r1cs: join(workplace, "release.r1cs"),
    wasm: join(workplace, "release_js", "release.wasm"),
    circom: version,
  };
}

/** A folder that is gone when `work` is done. */
async function inWorkplace<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "pavilion-circuit-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Phase 1: powers of tau, independent of any circuit. */
async function phaseOne(folder: string): Promise<{ powers: string; contributions: Contribution[] }> {
  const at = (name: string): string => join(folder, `${name}.ptau`);
  const beacon = randomBytes(32).toString("hex");
  const curve = await curves.getCurveFromName("bn128");
  await powersOfTau.newAccumulator(curve, POWER, at("new"));
  const by = "development";
  const hash = await powersOfTau.contribute(
    at("new"),
    at("contributed"),
    by,
    randomBytes(64).toString("hex"),
  );
  const last = await powersOfTau.beacon(at("contributed"), at("beacon"), "beacon", beacon, BEACON_EXPONENT);
  await powersOfTau.preparePhase2(at("beacon"), at("prepared"));
  if (!(await powersOfTau.verify(at("prepared")))) throw new Error("the powers of tau do not verify");
  return {
    powers: at("prepared"),
    contributions: [
      { phase: 1, by, hash: hex(hash) },
      { phase: 1, by: "beacon", hash: hex(last), beacon },
    ],
  };
}

/** Phase 2: the circuit's own keys. */
async function phaseTwo(
  folder: string,
  circuit: string,
  powers: string,
): Promise<{ zkey: string; contributions: Contribution[] }> {
  const at = (name: string): string => join(folder, `${name}.zkey`);
  const beacon = randomBytes(32).toString("hex");
  await zKey.newZKey(circuit, powers, at("new"));
  const by = "development";
  const hash = await zKey.contribute(at("new"), at("contributed"), by, randomBytes(64).toString("hex"));
  const last = await zKey.beacon(at("contributed"), at("beacon"), "beacon", beacon, BEACON_EXPONENT);
  if (!(await zKey.verifyFromR1cs(circuit, powers, at("beacon")))) {
    throw new Error("the proving key does not verify");
  }
  return {
    zkey: at("beacon"),
    contributions: [
      { phase: 2, by, hash: hex(hash) },
      { phase: 2, by: "beacon", hash: hex(last), beacon },
    ],
  };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

async function writeJson(path: string, value: unknown): Promise<void> {
  const options = await resolveConfig(path);
  await writeFile(path, await format(JSON.stringify(value), { ...options, parser: "json" }));
}

async function rebuild(): Promise<number> {
  if (!(await hasCompiler())) {
    console.error("the package circom2 is not installed: it is needed to build the circuit");
    return 1;
  }
  const isSetUp = await inWorkplace(async (folder) => {
    const compiled = await compileRelease(folder);
    await mkdir(artifacts, { recursive: true });
    const kept = await keptTranscript(compiled);
    const transcript = kept ?? (await setUp(folder, compiled.r1cs));
    await copyFile(compiled.wasm, join(artifacts, "release.wasm"));
    await writeJson(join(artifacts, "artifacts.json"), await manifestOf(compiled, transcript));
    return kept === undefined;
  });
  // snarkjs's workers would keep the process alive.
  await (await curves.getCurveFromName("bn128")).terminate();
  console.log(
    `written: circuits/release/artifacts${isSetUp ? "" : "; the constraints and the keys are unchanged"}`,
  );
  return 0;
}

/** The transcript of the keys that are there, if they were made for these constraints; so a comment costs no setup. */
async function keptTranscript(compiled: Compiled): Promise<readonly Contribution[] | undefined> {
  const manifest = await readManifest().catch(() => undefined);
  if (manifest?.r1csSha256 !== (await sha256(compiled.r1cs))) return undefined;
  return (await changedKeys(manifest)).length === 0 ? manifest.transcript : undefined;
}

/** Both phases; writes the keys. */
async function setUp(folder: string, circuit: string): Promise<readonly Contribution[]> {
  const one = await phaseOne(folder);
  const two = await phaseTwo(folder, circuit, one.powers);
  await copyFile(two.zkey, join(artifacts, "release.zkey"));
  await writeJson(join(artifacts, "verification-key.json"), await zKey.exportVerificationKey(two.zkey));
  return [...one.contributions, ...two.contributions];
}

async function readManifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(artifacts, "artifacts.json"), "utf8")) as Manifest;
}

async function manifestOf(compiled: Compiled, transcript: readonly Contribution[]): Promise<Manifest> {
  const info = await r1cs.info(compiled.r1cs);
  const [wasm, zkey, key] = await Promise.all(files.map((name) => sha256(join(artifacts, name))));
  if (wasm === undefined || zkey === undefined || key === undefined)
    throw new Error("an artifact is missing");
  return {
    circuit: "release",
    setup: "development",
    circom: compiled.circom,
    constraints: info.nConstraints,
    publicSignals: info.nPubInputs,
    sourceSha256: await sha256(join(repositoryRoot, source)),
    r1csSha256: await sha256(compiled.r1cs),
    sha256: { "release.wasm": wasm, "release.zkey": zkey, "verification-key.json": key },
    transcript,
  };
}

/** The keys that are not the ones that artifacts.json pins. */
async function changedKeys(manifest: Manifest): Promise<string[]> {
  const changed: string[] = [];
  for (const name of keyFiles) {
    const isPinned = await sha256(join(artifacts, name)).then(
      (hash) => hash === manifest.sha256[name],
      () => false,
    );
    if (!isPinned) changed.push(name);
  }
  return changed;
}

/** What differs from artifacts.json, one sentence each. */
async function differences(manifest: Manifest): Promise<string[]> {
  const changed = await changedKeys(manifest);
  if ((await sha256(join(artifacts, "release.wasm"))) !== manifest.sha256["release.wasm"]) {
    changed.push("release.wasm");
  }
  const found = changed.map((name) => `${name} is not the file that artifacts.json pins`);
  if ((await sha256(join(repositoryRoot, source))) !== manifest.sourceSha256) {
    found.push("release.circom changed since the artifacts were built (run scripts/build-circuit.ts)");
  }
  return found;
}

async function compiledDifferences(manifest: Manifest): Promise<string[]> {
  return inWorkplace(async (folder) => {
    const compiled = await compileRelease(folder);
    const found: string[] = [];
    if ((await sha256(compiled.r1cs)) !== manifest.r1csSha256) {
      found.push("release.circom compiles to other constraints than the keys were made for");
    }
    if ((await sha256(compiled.wasm)) !== manifest.sha256["release.wasm"]) {
      found.push("release.wasm is not what release.circom compiles to");
    }
    return found;
  });
}

async function check(): Promise<number> {
  const manifest = await readManifest();
  const found = await differences(manifest);
  if (await hasCompiler()) found.push(...(await compiledDifferences(manifest)));
  else
    console.log("the artifacts' hashes were checked; compiling the circuit was skipped: no package circom2");
  for (const difference of found) console.error(difference);
  return found.length === 0 ? 0 : 1;
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  const unknown = args.find((arg) => arg !== "--check");
  if (unknown !== undefined) {
    console.error(`${unknown}: unknown option; only --check is known`);
    process.exitCode = 2;
  } else {
    process.exitCode = args.length > 0 ? await check() : await rebuild();
  }
}
