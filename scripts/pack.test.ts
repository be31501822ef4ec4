/**
 * The packages as a stranger has them: packed, installed in an empty project, and used there, without this repository.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { releaseCircuit } from "../pipelines/private-computation/circuit.ts";
import { openProver } from "../runtime/prover/prover.ts";
import { miniatureChain } from "../crypto/ethereum/testing/miniature-chain.ts";
import { connectorNamed, partiesNamed, trustIn } from "../test/evidence-terms.ts";
import { evidenceOf, shortQuestion } from "../test/evidence.ts";
import { repositoryRoot } from "./generated.ts";
import { pack } from "./pack.ts";
import { packages } from "./packages.ts";

const folder = mkdtempSync(join(tmpdir(), "pavilion-packages-"));
const file = (name: string): string => join(folder, name);
const installed = (...names: string[]): string => join(folder, "node_modules", ...names);

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly told: string;
}

function run(program: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: folder }, (ended, out, told) => {
      resolve({ code: ended === null ? 0 : Number(ended.code), out, told });
    });
  });
}

/** Runs a module that stands in the project, with the Node of this repository. */
async function inProject(name: string, source: string): Promise<Ended> {
  writeFileSync(file(name), source);
  return run(process.execPath, name);
}

/** Why nothing can be installed; false where it is. */
const away = await install();

async function install(): Promise<string | false> {
  const archives = pack(folder);
  writeFileSync(file("package.json"), JSON.stringify({ private: true, type: "module" }));
  const quietly = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  const { code, told } = await run("npm", "install", ...quietly, ...archives);
  if (code !== 0 && /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT/.test(told))
    return "npm's registry does not answer";
  assert.equal(code, 0, told);
  return false;
}

before(async () => {
  const parties = partiesNamed("honest");
  const connector = connectorNamed("honest", miniatureChain("honest"));
  const prover = await openProver(releaseCircuit);
  const bundle = await evidenceOf({ parties, connector, prover, question: shortQuestion, nonce: 1 });
  await prover.close();
  const files = {
    "bundle.json": bundle,
    "forged.json": { ...bundle, credential: "e30.e30.AA" },
    "trust.json": trustIn(parties, connector, bundle.log.chain.blockHash),
  };
  for (const [name, document] of Object.entries(files)) writeFileSync(file(name), JSON.stringify(document));
});
after(() => {
  rmSync(folder, { recursive: true });
});

test("pavilion-verify takes a bundle that holds, and no other", { skip: away }, async () => {
  const command = installed("pavilion-verifier", "cli", "verify", "standalone.js");
  assert.match(readFileSync(command, "utf8"), /^#!\/usr\/bin\/env node\n/);
  assert.ok(readFileSync(installed(".bin", "pavilion-verify"), "utf8").startsWith("#!"));
  const verified = (...args: readonly string[]): Promise<Ended> => run(process.execPath, command, ...args);
  const whole = await verified("bundle.json", "--trust", "trust.json");
  assert.deepEqual([whole.code, whole.told], [0, ""]);
  assert.match(whole.out, /^proven +policy +\S.*\n(.*\n)*The bundle holds/m);
  const forged = await verified("forged.json", "--trust", "trust.json");
  assert.equal(forged.code, 1);
  assert.match(forged.out, /^FAILED +credential-signature/m);
  const misused = await verified("bundle.json", "--trusts", "trust.json");
  assert.deepEqual([misused.code, misused.out], [2, ""]);
  assert.match(misused.told, /Usage: pavilion-verify BUNDLE\.json/);
});

test("a package depends on few others, each at this repository's version", { skip: away }, () => {
  type Dependencies = Readonly<Record<string, string>>;
  const manifest = (path: string) =>
    JSON.parse(readFileSync(path, "utf8")) as { dependencies: Dependencies; devDependencies: Dependencies };
  const { dependencies, devDependencies } = manifest(join(repositoryRoot, "package.json"));
  const known = Object.entries({ ...devDependencies, ...dependencies }).map((entry) => entry.join("@"));
  for (const { name } of packages) {
    const named = Object.entries(manifest(installed(name, "package.json")).dependencies);
    assert.deepEqual(
      named.filter((entry) => !known.includes(entry.join("@"))),
      [],
    );
    // What opens HSMs and chains, and makes proofs, is a connector's.
    assert.ok(!named.some(([each]) => /pkcs11|ethers|snarkjs|anvil/.test(each)), name);
    assert.equal(
      named.some(([each]) => each === "kafkajs"),
      name === "pavilion-clients",
    );
  }
});

test("programs import the verifier", { skip: away }, async () => {
  const { code, out, told } = await inProject(
    "verify.js",
    `import { readFileSync } from "node:fs";
     import { holds, LogAudit, readTrust, verify } from "pavilion-verifier";
     const [trust, ...bundles] = ["trust", "bundle", "forged"].map((name) => readFileSync(name + ".json", "utf8"));
     const told = await Promise.all(bundles.map((bundle) => verify(bundle, trust)));
     const roots = readTrust(trust);
     const audit = new LogAudit(roots, roots.regions[0]);
     for (const text of bundles) audit.bundles.take({ text });
     console.log(JSON.stringify([...told.map(holds), audit.report().faults.map(({ name }) => name)]));`,
  );
  assert.deepEqual([code, told], [0, ""]);
  assert.deepEqual(JSON.parse(out), [true, false, ["log-end"]]);
});

test("programs import the clients, which bring the schemas that they register", { skip: away }, async () => {
  const registered: string[] = [];
  // A registry that takes no schema: the clients get as far as to hand it one.
  const registry = createServer((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      if (request.method === "POST") registered.push(Buffer.concat(chunks).toString());
      response.writeHead(request.method === "POST" ? 422 : 200, { "content-type": "application/json" });
      response.end('{"compatibilityLevel":"FULL_TRANSITIVE","error_code":42201,"message":"refused"}');
    });
  });
  await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
  const { port } = registry.address() as { readonly port: number };
  const kafka = { bootstrap: "127.0.0.1:1", username: "edge", password: "0123456789abcdef" };
  const access = { role: "broker", id: "edge", region: "eu-central", kafka };
  const registryUrl = `http://127.0.0.1:${String(port)}`;
  writeFileSync(file("access.json"), JSON.stringify({ ...access, registryUrl }), { mode: 0o600 });
  const { code, out, told } = await inProject(
    "ask.js",
    `import { openAuditorClient, openBrokerClient, openLog, readConfig } from "pavilion-clients";
     const { id, region, kafka, registryUrl } = readConfig("access", "access.json");
     const plan = { broker: id, auditor: id, region, kafka, registryUrl, log: openLog({ service: "test" }) };
     for (const open of [openBrokerClient, openAuditorClient])
       await open(plan).catch(({ message }) => console.log(message));
     process.exit();`,
  );
  registry.close();
  registry.closeAllConnections();
  assert.equal(code, 0, told);
  assert.equal(out.match(/refused/g)?.length, 2, out);
  assert.equal(registered.length, 2);
  for (const text of registered) assert.match(text, /schema.*record.*pavilion/);
});

test("a program in TypeScript is held to the declarations", { skip: away }, async () => {
  const source = (wrong: string): string => `
    import { holds, LogAudit, readTrust, verify, type Checklist } from "pavilion-verifier";
    import { newRequest, openAuditorClient, signRequest } from "pavilion-clients";
    import type { Asked, AuditorPlan, BrokerClient } from "pavilion-clients";
    const checklist: Checklist = await verify("{}", "{}", { block: "0x" });
    export const good: ${wrong} = holds(checklist);
    export async function ask(client: BrokerClient, asked: Asked, sign: (bytes: Uint8Array) => Promise<Uint8Array>) {
      const request = newRequest(asked, await client.newestSeed());
      const { evidenceFor } = await client.ask(await signRequest(request, sign));
      return evidenceFor === null ? null : await client.evidence(evidenceFor);
    }
    export async function audit(trustText: string, plan: AuditorPlan): Promise<number> {
      const trust = readTrust(trustText);
      const log = new LogAudit(trust, trust.regions[0]!);
      const client = await openAuditorClient(plan);
      await client.bundles(log.bundles);
      await client.leaves(log);
      return log.report().faultCount;
    }`;
  writeFileSync(file("right.ts"), source("boolean"));
  writeFileSync(file("wrong.ts"), source("string"));
  const compiler = join(repositoryRoot, "node_modules", "typescript", "bin", "tsc");
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--types", "node"];
  const { code, out } = await run(process.execPath, compiler, ...options, "right.ts", "wrong.ts");
  assert.notEqual(code, 0);
  assert.match(out, /^wrong\.ts\(\d+,\d+\): error TS2322: .*\n$/);
});
