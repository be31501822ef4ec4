/**
 * The static checks, two at a time: formatting, types, lint, the dependency rule, dead code, and generated files
 * against their sources. A line for each check with its time, its output when it fails or tells of something it left
 * out; the exit code is 1 when one failed. As JSON they go to standard error, and standard output is one line:
 * `{"passed":N,"failed":N}`. All of them run on the Node that runs this file.
 */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { repositoryRoot } from "./generated.ts";

const atATime = 2;

interface Check {
  readonly name: string;
  /** The installed package whose command it is, or a script of this folder. */
  readonly command: { readonly package: string; readonly bin: string } | { readonly script: string };
  readonly args: readonly string[];
  /** True where its output in success says what was skipped. */
  readonly tellsSkipped?: true;
}

interface CheckOutcome {
  readonly code: number;
  readonly output: string;
  readonly elapsed_ms: number;
}

/** The slowest first, so that no core waits at the end. */
const checks: readonly Check[] = [
  { name: "lint", command: { package: "eslint", bin: "eslint" }, args: [".", "--max-warnings", "0"] },
  { name: "types", command: { package: "typescript", bin: "tsc" }, args: ["--noEmit"] },
  { name: "format", command: { package: "prettier", bin: "prettier" }, args: ["--check", "."] },
  {
    name: "dependency rule",
    command: { package: "dependency-cruiser", bin: "depcruise" },
    args: ["--config", ".dependency-cruiser.cjs", "."],
  },
  { name: "dead code", command: { package: "knip", bin: "knip" }, args: ["--no-progress"] },
  { name: "event types", command: { script: "generate-avro-types.ts" }, args: ["--check"] },
  { name: "document types", command: { script: "generate-json-types.ts" }, args: ["--check"] },
  { name: "reference", command: { script: "generate-reference.ts" }, args: ["--check"] },
  { name: "contract", command: { script: "build-contract.ts" }, args: ["--check"] },
  { name: "circuit", command: { script: "build-circuit.ts" }, args: ["--check"], tellsSkipped: true },
  { name: "policy", command: { script: "build-policy.ts" }, args: ["--check"], tellsSkipped: true },
];

/** Runs every check and resolves to the exit code. */
export async function check(asJson: boolean): Promise<number> {
  const print = asJson ? console.error : console.log;
  const waiting = [...checks];
  let failed = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const outcome = await run(next);
      if (outcome.code !== 0) failed += 1;
      print(
        `${outcome.code === 0 ? "ok  " : "FAIL"} ${next.name} (${(outcome.elapsed_ms / 1000).toFixed(1)} s)`,
      );
      const isTold = outcome.code !== 0 || next.tellsSkipped === true;
      if (isTold && outcome.output !== "") print(outcome.output.trimEnd());
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
  if (asJson) console.log(JSON.stringify({ passed: checks.length - failed, failed }));
  return failed === 0 ? 0 : 1;
}

async function run({ command, args }: Check): Promise<CheckOutcome> {
  const start = performance.now();
  const entry =
    "script" in command
      ? join(import.meta.dirname, command.script)
      : await binFile(join(repositoryRoot, "node_modules", command.package), command.bin);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, ...args], {
      cwd: repositoryRoot,
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      const output = Buffer.concat(chunks).toString();
      resolve({ code: code ?? 1, output, elapsed_ms: performance.now() - start });
    });
  });
}

/** Read from the package's own manifest, since its exports may hide the file from module resolution. */
async function binFile(folder: string, name: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    readonly bin: string | Readonly<Record<string, string>>;
  };
  const path =
    typeof manifest.bin === "string" ? manifest.bin : new Map(Object.entries(manifest.bin)).get(name);
  if (path === undefined) throw new Error(`${folder} has no command ${name}`);
  return join(folder, path);
}
