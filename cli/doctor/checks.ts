/**
 * What this machine needs, and has or lacks.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { totalmem } from "node:os";
import { join, resolve } from "node:path";
import { apicurioPart, kafkaPart, partsDir } from "../../infra/embedded/parts.ts";
import { hasTokenPath } from "../../infra/embedded/softhsm.ts";
import { readArtifacts } from "../../runtime/prover/artifacts.ts";
import { PavilionError } from "../../errors/errors.ts";
import { shellWord } from "../../runtime/shell.ts";
import { connectorsRunElsewhere } from "../../services/stack/existing-parts.ts";
import { readRemembered } from "../../services/stack/remembered.ts";
import { homeFolder, stackFolder } from "../home.ts";
import { supervisorOf } from "../stack/running.ts";

export interface Finding {
  readonly what: string;
  /** `missing`: commands fail without it; `doubtful`: they may. */
  readonly state: "ok" | "doubtful" | "missing";
  readonly detail: string;
  /** What mends it; absent where nothing is amiss. */
  readonly fix?: string;
}

const root = resolve(import.meta.dirname, "../..");
const gibibyte = 1024 ** 3;
const javaLeast = 17;

export async function findings(): Promise<Finding[]> {
  return [
    node(),
    packages(),
    java(),
    softhsm(),
    place(),
    ...proxy(),
    part("Kafka", () => kafkaPart(partsDir)),
    part("the schema registry", () => apicurioPart(partsDir)),
    await circuit(),
    policy(),
    room(),
    memory(),
    secrets(),
    await stack(),
  ];
}

const ok = (what: string, detail: string): Finding => ({ what, state: "ok", detail });
const missing = (what: string, detail: string, fix: string): Finding => ({
  what,
  state: "missing",
  detail,
  fix,
});
const doubtful = (what: string, detail: string, fix: string): Finding => ({
  what,
  state: "doubtful",
  detail,
  fix,
});

function node(): Finding {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly dependencies: { readonly node: string };
  };
  const wanted = manifest.dependencies.node;
  const has = process.versions.node;
  return has === wanted ? ok("Node", has) : doubtful("Node", `${has}, where ${wanted} is pinned`, "npm ci");
}

function packages(): Finding {
  const mark = join(root, "node_modules", ".pavilion-lock");
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  const isWhole = existsSync(mark) && readFileSync(mark, "utf8").startsWith(lock);
  return isWhole
    ? ok("npm packages", "as package-lock.json has them")
    : missing("npm packages", "not as package-lock.json has them", "./pavilion help");
}

function java(): Finding {
  const home = process.env.JAVA_HOME;
  const command = home === undefined || home === "" ? "java" : join(home, "bin", "java");
  const fix = "apt-get install openjdk-17-jre-headless";
  try {
    const told = execFileSync(command, ["--version"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const version = /(\d+)[.\d]*/.exec(told)?.[0] ?? "";
    return Number.parseInt(version) >= javaLeast
      ? ok("Java", version)
      : missing("Java", `${version}, and Kafka takes ${String(javaLeast)}`, fix);
  } catch {
    return missing("Java", "not there", fix);
  }
}

function softhsm(): Finding {
  const folders = ["/usr/lib", ...readdirSync("/usr/lib").map((name) => join("/usr/lib", name))];
  const found = folders
    .map((folder) => join(folder, "softhsm", "libsofthsm2.so"))
    .find((file) => existsSync(file));
  return found === undefined
    ? missing("SoftHSM", "not there", "apt-get install softhsm2")
    : ok("SoftHSM", found);
}

/** The paths that the clone and its parts may have are bootstrap.sh's to judge: with another one, no command runs. */
function place(): Finding {
  const what = "the folder";
  const home = homeFolder();
  return hasTokenPath(home)
    ? ok(what, home)
    : missing(
        what,
        `${JSON.stringify(home)}: SoftHSM reads no path with #, = or a line break in it`,
        "set PAVILION_HOME to a folder without them",
      );
}

/** Of a proxy that Node is told to use: where what goes. Its address may hold a password: its host alone is shown. */
function proxy(): Finding[] {
  const { env } = process;
  const address = env.https_proxy ?? env.HTTPS_PROXY ?? env.http_proxy ?? env.HTTP_PROXY ?? "";
  if (env.NODE_USE_ENV_PROXY !== "1" || address === "") return [];
  const what = "the proxy";
  return URL.canParse(address)
    ? [
        ok(
          what,
          `${new URL(address).host}, for everything but this machine and what NO_PROXY names; Kafka never goes through it`,
        ),
      ]
    : [doubtful(what, "its address is no URL", "set HTTP_PROXY and HTTPS_PROXY to http://HOST:PORT")];
}

function part(what: string, find: () => { readonly folder: string }): Finding {
  try {
    return ok(what, find().folder);
  } catch {
    return missing(what, "not downloaded", "./pavilion up, with the package registries reachable");
  }
}

async function circuit(): Promise<Finding> {
  const what = "the circuit's artifacts";
  try {
    const { setup } = await readArtifacts(
      new URL("../../circuits/release/artifacts/", import.meta.url),
      "release",
    );
    return ok(what, `as they are pinned; set-up: ${setup}`);
  } catch (error) {
    return missing(
      what,
      error instanceof Error ? error.message : "not as they are pinned",
      "git checkout circuits",
    );
  }
}

function policy(): Finding {
  const folder = join(root, "domain", "policy");
  const digest = createHash("sha256")
    .update(readFileSync(join(folder, "policy.wasm")))
    .digest("hex");
  return readFileSync(join(folder, "policy.wasm.sha256"), "utf8").startsWith(digest)
    ? ok("the policy", "as it is pinned")
    : missing("the policy", "not as it is pinned", "git checkout domain/policy");
}

function room(): Finding {
  const { bavail, bsize } = statfsSync(root);
  const free = `${((bavail * bsize) / gibibyte).toFixed(1)} GiB free`;
  return bavail * bsize > 2 * gibibyte
    ? ok("disk", free)
    : doubtful("disk", free, `free some room for ${homeFolder()}`);
}

function memory(): Finding {
  const has = `${(totalmem() / gibibyte).toFixed(1)} GiB`;
  return totalmem() > 3 * gibibyte
    ? ok("memory", has)
    : doubtful("memory", `${has}; the stack takes about 1.5`, "stop something else");
}

/** Passphrases, passwords and accesses that others can read. */
function secrets(): Finding {
  const what = "secrets";
  if (!existsSync(homeFolder())) return ok(what, "there are none yet");
  const names = ["passphrase", "access.json", "stack.json", "kafka-password", "pin", "token.json"];
  const open = readdirSync(homeFolder(), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && names.includes(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => (statSync(file).mode & 0o077) !== 0);
  return open.length === 0
    ? ok(what, "for their owner's eyes only")
    : missing(what, "others can read some", ["chmod 600", ...open.map(shellWord)].join(" "));
}

async function stack(): Promise<Finding> {
  const what = "the stack";
  try {
    return await stackIn(what);
  } catch (error) {
    if (!(error instanceof PavilionError)) throw error;
    return missing(what, error.message, error.remedy);
  }
}

async function stackIn(what: string): Promise<Finding> {
  const folder = stackFolder();
  if (connectorsRunElsewhere(folder)) return stackElsewhere(what, folder);
  if (supervisorOf(folder) === undefined) return doubtful(what, "not running", "./pavilion up");
  const url = readRemembered(folder)?.registryUrl;
  const answers = url !== undefined && (await isUp(`${url}/subjects`));
  return answers
    ? ok(what, "up")
    : missing(what, "its registry does not answer", "./pavilion down && ./pavilion up");
}

/** Nothing of it runs on this machine: whoever runs its parts and connectors starts and stops them. */
async function stackElsewhere(what: string, folder: string): Promise<Finding> {
  const url = readRemembered(folder)?.registryUrl;
  if (url === undefined)
    return doubtful(what, "not made yet on the parts that run elsewhere", "./pavilion up");
  return (await isUp(`${url}/subjects`))
    ? ok(what, "its parts and connectors run elsewhere, and its registry answers")
    : missing(
        what,
        `its parts run elsewhere, and its registry ${url} does not answer`,
        "ask whoever runs them",
      );
}

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(5_000) })).ok;
  } catch {
    return false;
  }
}
