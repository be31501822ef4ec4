/**
 * `supervisor.ts FOLDER`: the stack of `./pavilion up`, kept running. A connector, Kafka, the schema registry or the chain
 * that ends is started again, each alone and for as long as it takes; who depends on it reaches it again where it was.
 * SIGTERM ends everything in order. It tells how far it is as lines on standard output, `… is up` once questions can be
 * asked, and how everything stands in the folder's supervision.json.
 */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { PavilionError } from "../../errors/errors.ts";
import { openLog } from "../../runtime/log.ts";
import { keptStack } from "./plan.ts";
import { Stack } from "./stack.ts";
import { ownStack } from "./stack-lock.ts";
import { removeStandings, writeStandings } from "./standings.ts";

/** The line that says that the stack is up; `up` waits for it. */
const upLine = "the stack is up";

// A full disk takes no lines; it ends nothing that is kept running.
process.stdout.on("error", () => undefined);

const [folder] = process.argv.slice(2);
if (folder !== undefined) await supervise(folder);

async function supervise(dir: string): Promise<void> {
  const stopping = stopSignal();
  const pidFile = join(dir, "supervisor.pid");
  let owned: Disposable | undefined;
  try {
    owned = await ownStack(dir);
    writePid(pidFile);
    await run(dir, stopping);
  } catch (error) {
    const told = error instanceof PavilionError ? error : undefined;
    tell(
      `failed: ${told?.code ?? "INTERNAL_ERROR"}: ${error instanceof Error ? error.message : String(error)}`,
    );
    if (told !== undefined) tell(`  ${told.remedy}`);
    process.exitCode = 1;
  } finally {
    if (owned !== undefined) {
      removeStandings(dir);
      owned[Symbol.dispose]();
      // The last thing: whoever waits for its end goes by it, and then may have the folder.
      rmSync(pidFile, { force: true });
    }
  }
  process.exit();
}

/** Until it is told to stop. What fails at first is thrown; what fails later is tried again. */
async function run(dir: string, stopping: Promise<void>): Promise<void> {
  const log = openLog({ service: "supervisor" }, "warn");
  tell("starting Kafka, the schema registry, a chain and an HSM token a region …");
  const plan = keptStack(dir, log);
  const stack = await Stack.start(plan);
  const onChange = (_: unknown, sentence: string): void => {
    tell(sentence);
    try {
      writeStandings(dir, stack.standings);
    } catch (error) {
      tell(`how everything stands could not be written: ${error instanceof Error ? error.message : ""}`);
    }
  };
  try {
    tell("topics, ACLs, schemas, keys and the anchoring contract are there; starting the connectors …");
    stack.keepParts(onChange);
    await Promise.all(plan.regions.map(({ name }) => stack.keepConnector(name, onChange)));
    writeStandings(dir, stack.standings);
    tell(upLine);
    await stopping;
  } finally {
    await stack.stop();
    tell("the stack has stopped");
  }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      process.on(signal, () => {
        resolve();
      });
    }
  });
}

function tell(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}

function writePid(file: string): void {
  const handle = openSync(file, "wx", 0o600);
  writeSync(handle, String(process.pid));
  closeSync(handle);
}
