/**
 * Builds domain/policy/policy.wasm from its Rego, beside its SHA-256. With `--check` it writes nothing: it
 * runs the policy's own tests, rebuilds in memory and compares. The compiler is `opa` on the PATH, or what OPA names;
 * where there is none a check holds the committed bytes to the committed hash, and says that the rest was skipped.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { repositoryRoot } from "./generated.ts";

const folder = join(repositoryRoot, "domain", "policy");
const entrypoint = "pavilion/compliance/decision";
const BLOCK = 512;

const run = promisify(execFile);

/** The content of one member of a tar archive of plain files, as `opa build` writes them (POSIX ustar). */
export function memberOf(archive: Uint8Array, name: string): Uint8Array {
  const text = (from: number, length: number): string =>
    Buffer.from(archive.subarray(from, from + length))
      .toString("latin1")
      .replace(/\0.*$/s, "");
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    if (!Number.isSafeInteger(size) || size < 0) throw new Error("the archive has a member without a size");
    const content = at + BLOCK;
    if (text(at, 100) === name) return archive.slice(content, content + size);
    at = content + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new Error(`the archive has no ${name}`);
}

/** The line of a `sha256sum` file. */
export const hashLine = (wasm: Uint8Array): string =>
  `${createHash("sha256").update(wasm).digest("hex")}  policy.wasm\n`;

async function build(opa: string): Promise<Uint8Array> {
  const workplace = await mkdtemp(join(tmpdir(), "pavilion-policy-"));
  try {
    const bundle = join(workplace, "bundle.tar.gz");
    await run(opa, ["build", "-t", "wasm", "-e", entrypoint, "-o", bundle, "policy.rego"], { cwd: folder });
    return memberOf(gunzipSync(await readFile(bundle)), "/policy.wasm");
  } finally {
    await rm(workplace, { recursive: true });
  }
}

async function hasCompiler(opa: string): Promise<boolean> {
  return run(opa, ["version"]).then(
    () => true,
    () => false,
  );
}

async function check(opa: string): Promise<number> {
  const wasm = await readFile(join(folder, "policy.wasm"));
  if ((await readFile(join(folder, "policy.wasm.sha256"), "utf8")) !== hashLine(wasm)) {
    console.error("policy.wasm is not the file that policy.wasm.sha256 pins");
    return 1;
  }
  if (!(await hasCompiler(opa))) {
    console.log(
      "policy.wasm has its pinned hash; rebuilding it was skipped: no opa on the PATH, and OPA names none",
    );
    return 0;
  }
  await run(opa, ["check", "--strict", "."], { cwd: folder });
  await run(opa, ["test", "."], { cwd: folder });
  if (Buffer.compare(await build(opa), wasm) === 0) return 0;
  console.error("policy.wasm is not what policy.rego compiles to (run scripts/build-policy.ts)");
  return 1;
}

async function rebuild(opa: string): Promise<number> {
  if (!(await hasCompiler(opa))) {
    console.error("no opa on the PATH, and OPA names none: it is needed to build the policy");
    return 1;
  }
  const wasm = await build(opa);
  await writeFile(join(folder, "policy.wasm"), wasm);
  await writeFile(join(folder, "policy.wasm.sha256"), hashLine(wasm));
  console.log("written: domain/policy/policy.wasm and its hash");
  return 0;
}

if (import.meta.main) {
  const opa = process.env.OPA ?? "opa";
  const args = process.argv.slice(2);
  const unknown = args.find((arg) => arg !== "--check");
  if (unknown !== undefined) {
    console.error(`${unknown}: unknown option; only --check is known`);
    process.exitCode = 2;
  } else {
    process.exitCode = args.length > 0 ? await check(opa) : await rebuild(opa);
  }
}
