/**
 * `up [--parts FILE]`: starts the stack and leaves it running, in a process of its own. With a file that names Kafka,
 * registry and chain, these are taken as they are, and where the connectors run elsewhere everything is made that they need.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, closeSync } from "node:fs";
import { join, resolve } from "node:path";
import { errorCodeOr, PavilionError } from "../../errors/errors.ts";
import { openLog } from "../../runtime/log.ts";
import { unfinished } from "../../services/backup/places.ts";
import { connectorsRunElsewhere, keepExistingParts } from "../../services/stack/existing-parts.ts";
import { followLines } from "../../services/stack/log-lines.ts";
import { keptStack } from "../../services/stack/plan.ts";
import { readRestored } from "../../services/stack/restored.ts";
import { readRemembered } from "../../services/stack/remembered.ts";
import { Stack } from "../../services/stack/stack.ts";
import { ownStack } from "../../services/stack/stack-lock.ts";
import { stackFolder } from "../home.ts";
import { writeTrust } from "../trust/trust.ts";
import { runningStack, supervisorOf } from "./running.ts";

const startLimitMs = 180_000;
/** supervisor.ts's, which is not loaded here: it is a program. */
const upLine = "the stack is up";

interface Given {
  readonly parts: string | undefined;
  readonly json: boolean;
}

export async function up({ parts, json }: Given): Promise<number> {
  const folder = stackFolder();
  const tell = (line: string): void => {
    if (json) console.error(line);
    else console.log(line);
  };
  const isRestored = readRestored(folder) !== undefined;
  if (supervisorOf(folder) !== undefined) {
    if (parts !== undefined) keepExistingParts(folder, resolve(parts), true);
    tell("  the stack is up already");
  } else await make(folder, parts, tell);
  const { bootstrap, registryUrl, chain, regions } = runningStack();
  const trust = await writeTrust();
  const names = regions.map(({ name }) => name);
  if (json) {
    console.log(JSON.stringify({ folder, bootstrap, registryUrl, chain: chain.url, regions: names, trust }));
    return 0;
  }
  tell(`  regions       ${names.join(", ")}`);
  tell(`  Kafka         ${bootstrap}`);
  tell(`  registry      ${registryUrl}`);
  tell(`  chain         ${chain.url}, contract ${chain.contract}`);
  if (trust !== undefined) tell(`  trust file    ${trust}`);
  tell(`  everything    ${folder}`);
  tell(
    isRestored
      ? "  next: ./pavilion recover for each region: it was put back from a backup, and answers nothing before"
      : "  next: ./pavilion provider init --provider NAME, or ./pavilion broker init --broker NAME",
  );
  return 0;
}

/** A stack that does not run. Throws STACK_RUNNING while another program works on its folder. */
async function make(folder: string, parts: string | undefined, tell: (line: string) => void): Promise<void> {
  {
    using _owned = await ownStack(folder);
    requireNoRestore(folder);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    readRemembered(folder);
    if (parts !== undefined) keepExistingParts(folder, resolve(parts), false);
    if (connectorsRunElsewhere(folder)) {
      await prepare(folder, tell);
      return;
    }
  }
  // Its supervisor owns it from here on.
  await start(folder, tell);
}

/** A new stack in place of one that was being put back would be taken for that one. Throws CONFIG_INVALID. */
function requireNoRestore(folder: string): void {
  const partial = unfinished(folder);
  if (existsSync(folder) || !existsSync(partial)) return;
  throw new PavilionError(
    "CONFIG_INVALID",
    `There is no stack in ${folder}, and a restore to it was cut off.`,
    `Run ./pavilion restore again; for a new stack instead, remove ${partial} first.`,
  );
}

/** Makes everything that connectors elsewhere need: topics, ACLs, schemas, keys, the contract, their configurations. */
async function prepare(folder: string, tell: (line: string) => void): Promise<void> {
  const stack = await Stack.start(keptStack(folder, openLog({ service: "operator" }, "warn", "stderr")));
  await stack.stop();
  tell(
    "  topics, ACLs, schemas, keys and the anchoring contract are there, and the connectors' configurations",
  );
}

/** Resolves once the supervisor says that the stack is up. Throws what it failed of. */
async function start(folder: string, tell: (line: string) => void): Promise<void> {
  const logFile = join(folder, "supervisor.log");
  const log = openSync(logFile, "w", 0o600);
  const main = join(import.meta.dirname, "../../services/stack/supervisor.ts");
  const child = spawn(process.execPath, [main, folder], {
    cwd: folder,
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.unref();
  const lines: string[] = [];
  const started = Promise.withResolvers<"up">();
  const stopFollowing = followLines(logFile, (line) => {
    const text = line.replace(/^\S+Z /, "");
    lines.push(text);
    if (text === upLine) started.resolve("up");
    else if (!text.startsWith("{")) tell(`  ${text}`);
  });
  const ended = new Promise<"ended">((resolve) => {
    child.once("exit", () => {
      resolve("ended");
    });
  });
  const late = AbortSignal.timeout(startLimitMs);
  const tooLate = new Promise<"late">((resolve) => {
    late.addEventListener("abort", () => {
      resolve("late");
    });
  });
  const outcome = await Promise.race([started.promise, ended, tooLate]);
  stopFollowing();
  if (outcome === "up") return;
  if (outcome === "late") child.kill("SIGTERM");
  throw failureIn(lines, logFile);
}

/** The failure that the supervisor told, under its own code. */
function failureIn(lines: readonly string[], logFile: string): PavilionError {
  const at = lines.findIndex((line) => line.startsWith("failed: "));
  const [, code = "", message = ""] = /^failed: ([A-Z_]+): (.*)$/s.exec(lines[at] ?? "") ?? [];
  return code === ""
    ? new PavilionError("PART_START_FAILED", "The stack did not come up in time.", `See ${logFile}.`)
    : new PavilionError(errorCodeOr(code, "PART_START_FAILED"), message, lines.at(-1)?.trim());
}
