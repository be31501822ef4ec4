import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { releaseCircuit } from "../../pipelines/private-computation/circuit.ts";
import { openProver } from "../../runtime/prover/prover.ts";
import { miniatureChain } from "../../crypto/ethereum/testing/miniature-chain.ts";
import { connectorNamed, partiesNamed, trustIn } from "../../test/evidence-terms.ts";
import { evidenceOf, shortQuestion } from "../../test/evidence.ts";

const folder = mkdtempSync(join(tmpdir(), "pavilion-verify-"));
const file = (name: string): string => join(folder, name);
/** As the command line calls it, in a process of its own that tells which packages it loaded. */
const script = `
  import { registerHooks } from "node:module";
  const packages = new Set();
  registerHooks({
    load(url, context, next) {
      const [, name] = /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url) ?? [];
      if (name !== undefined) packages.add(name);
      return next(url, context);
    },
  });
  const { verify } = await import(${JSON.stringify(new URL("command.ts", import.meta.url).href)});
  process.exitCode = await verify.run(process.argv.slice(1));
  if (process.env.LIST_PACKAGES === "1") console.error([...packages].sort().join(" "));
`;
let block: string;

before(async () => {
  const parties = partiesNamed("honest");
  const connector = connectorNamed("honest", miniatureChain("honest"));
  const prover = await openProver(releaseCircuit);
  const bundle = await evidenceOf({ parties, connector, prover, question: shortQuestion, nonce: 1 });
  await prover.close();
  block = bundle.log.chain.blockHash;
  const trust = trustIn(parties, connector, block);
  const files = {
    "bundle.json": bundle,
    "forged.json": { ...bundle, credential: "e30.e30.AA" },
    "trust.json": trust,
    "blockless.json": { ...trust, block: null },
    "twice.json": { ...trust, brokers: [...trust.brokers, ...trust.brokers] },
    "more.json": { ...trust, more: 1 },
  };
  for (const [name, document] of Object.entries(files)) writeFileSync(file(name), JSON.stringify(document));
  writeFileSync(file("none.json"), "no JSON");
});
after(() => {
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

function run(
  args: readonly string[],
  environment: Record<string, string | undefined> = {},
  program: readonly string[] = ["--input-type=module", "-e", script, "--"],
): Promise<Ended> {
  const env = { ...process.env, ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [...program, ...args], { env }, (ended, out, error) => {
      resolve({ code: ended === null ? 0 : Number(ended.code), out, error });
    });
  });
}

test("a bundle that holds: a line a check, the verdict last, exit code 0", async () => {
  const { code, out, error } = await run([file("bundle.json"), "--trust", file("trust.json")]);
  assert.deepEqual([code, error], [0, ""]);
  const lines = out.trimEnd().split("\n");
  assert.ok(lines.some((line) => /^proven +request-signature +\S/.test(line)));
  assert.ok(lines.some((line) => /^development +release-proofs .*development: not sound/.test(line)));
  assert.match(lines.at(-1) ?? "", /^The bundle holds/);
});

test("a bundle that does not hold: the failed check with its reason, exit code 1", async () => {
  const { code, out } = await run([file("forged.json"), "--trust", file("trust.json")]);
  assert.equal(code, 1);
  assert.match(out, /^FAILED +credential-signature +\S/m);
  assert.match(out, /Not checked.*release-proofs/);
  assert.match(out, /The bundle does not hold\.\n$/);
});

test("the command line colours verdicts where it is asked to, and otherwise prints the same", async () => {
  const main = join(import.meta.dirname, "../main.ts");
  for (const name of ["bundle.json", "forged.json"]) {
    const args = [file(name), "--trust", file("trust.json")];
    const { out } = await run(args);
    const verify = [main, "verify"];
    assert.equal((await run(args, { FORCE_COLOR: undefined }, verify)).out, out);
    const coloured = (await run(args, { FORCE_COLOR: "1" }, verify)).out;
    assert.equal(stripVTControlCharacters(coloured), out);
    assert.match(coloured, /^\u001b\[32mproven\u001b\[39m {7}trust-schema/m);
    assert.match(coloured, /^\u001b\[33mattested\u001b\[39m {5}newest-data/m);
    assert.equal(coloured.includes("\u001b[31mFAILED\u001b[39m"), name === "forged.json");
  }
});

test("--json prints one line with the same", async () => {
  for (const [name, holds] of [
    ["bundle.json", true],
    ["forged.json", false],
  ] as const) {
    const { code, out } = await run([file(name), "--trust", file("trust.json"), "--json"]);
    assert.equal(code, holds ? 0 : 1);
    assert.equal(out.indexOf("\n"), out.length - 1);
    const report = JSON.parse(out) as { holds: boolean; checks: { name: string; status: string }[] };
    assert.equal(report.holds, holds);
    assert.equal(
      report.checks.some(({ status }) => status === "failed"),
      !holds,
    );
  }
});

test("--block names the block where the trust file does not, letters in either case", async () => {
  const args = [file("bundle.json"), "--trust", file("blockless.json")];
  const { code, out, error } = await run(args);
  assert.deepEqual([code, out], [2, ""]);
  assert.match(error, /TRUST_UNREADABLE: .*--block/);
  assert.ok(!error.includes(block), "the bundle's own hash would be copied from there");
  assert.equal((await run([...args, "--block", block])).code, 0);
  assert.equal((await run([...args, "--block", `0x${block.slice(2).toUpperCase()}`])).code, 0);
  assert.equal((await run([...args, "--block", `0x${"0".repeat(64)}`])).code, 1);
});

test("without a trust file, or with files that cannot be read, nothing is verified: exit code 2", async () => {
  const trust = ["--trust", file("trust.json")];
  const cases: readonly (readonly [RegExp, ...string[]])[] = [
    [/TRUST_UNREADABLE/, file("bundle.json")],
    [/TRUST_UNREADABLE/, file("bundle.json"), "--trust", file("absent.json")],
    [/TRUST_UNREADABLE: .*none\.json/, file("bundle.json"), "--trust", file("none.json")],
    [/TRUST_UNREADABLE: .*brokers are named twice/, file("bundle.json"), "--trust", file("twice.json")],
    [/TRUST_UNREADABLE: /, file("bundle.json"), "--trust", file("more.json")],
    [/TRUST_UNREADABLE: /, file("bundle.json"), "--trust", file("bundle.json")],
    [/TRUST_UNREADABLE/, file("bundle.json"), ...trust, "--block", "0x12"],
    [/BUNDLE_UNREADABLE/, ...trust],
    [/BUNDLE_UNREADABLE: .*absent\.json/, file("absent.json"), ...trust],
    [/BUNDLE_UNREADABLE/, file("none.json"), ...trust],
    [/BUNDLE_UNREADABLE/, file("bundle.json"), file("bundle.json"), ...trust],
  ];
  for (const [code, ...args] of cases) {
    const ended = await run(args);
    assert.deepEqual([ended.code, ended.out], [2, ""]);
    assert.match(ended.error, code);
  }
});

test("loads few packages: none that speaks to brokers, HSMs or chains, or makes proofs", async () => {
  const args = [file("bundle.json"), "--trust", file("trust.json")];
  const { code, error } = await run(args, { LIST_PACKAGES: "1" });
  assert.equal(code, 0);
  const allowed = [
    ...["@noble/curves", "@noble/hashes", "@scure/base", "canonicalize"],
    ...["ajv", "fast-deep-equal", "fast-uri", "json-schema-traverse"],
    ...["@open-policy-agent/opa-wasm", "sprintf-js", "yaml"],
  ];
  const loaded = error.trim().split(" ");
  assert.ok(loaded.includes("ajv"));
  assert.deepEqual(
    loaded.filter((name) => !allowed.includes(name)),
    [],
  );
});
