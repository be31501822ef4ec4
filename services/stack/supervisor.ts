/**
 * `supervisor.ts FOLDER`: the stack of `./pavilion up`, kept running. A connector that ends is started again, after a
 * wait that grows; where Kafka, the registry or the chain ends, everything is started again. SIGTERM ends it in order.
 * It tells how far it is as lines on standard output: `… is up` once questions can be asked.
 */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PavilionError } from "../../runtime/errors.ts";
import { Waits } from "../../runtime/failures/persistence.ts";
import { openLog } from "../../runtime/log.ts";
import { keptStack } from "./plan.ts";
import { Stack } from "./stack.ts";

/** The line that says that the stack is up; `up` waits for it. */
const upLine = "the stack is up";

const [folder] = process.argv.slice(2);
if (folder !== undefined) await supervise(folder);

async function supervise(dir: string): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(signal, () => {
      stopping.abort();
    });
  }
  const pidFile = join(dir, "supervisor.pid");
  writePid(pidFile);
  const waits = new Waits();
  try {
    // What fails at first is told to whoever waits for it; what fails later is tried again.
    await runOnce(dir, stopping.signal);
    while (!isStopped(stopping.signal)) {
      await pause(waits.next(), stopping.signal);
      await runOnce(dir, stopping.signal).then(
        () => {
          waits.reset();
        },
        (error: unknown) => {
          tell(`the stack did not come up again: ${error instanceof Error ? error.message : ""}`);
        },
      );
    }
  } catch (error) {
    const told = error instanceof PavilionError ? error : undefined;
    tell(
      `failed: ${told?.code ?? "INTERNAL_ERROR"}: ${error instanceof Error ? error.message : String(error)}`,
    );
    if (told !== undefined) tell(`  ${told.remedy}`);
    process.exitCode = 1;
  } finally {
    rmSync(pidFile, { force: true });
  }
  process.exit();
}

/** Until it is told to stop, or a part ends. */
async function runOnce(dir: string, stopping: AbortSignal): Promise<void> {
  const log = openLog({ service: "supervisor" }, "warn");
  tell("starting Kafka, the schema registry, a chain and an HSM token a region …");
  const plan = keptStack(dir, log);
  const stack = await Stack.start(plan);
  try {
    tell("topics, ACLs, schemas, keys and the anchoring contract are there; starting the connectors …");
    const regions = plan.regions.map(({ name }) => name);
    await Promise.all(
      regions.map(async (region) => {
        keep(stack, region, await stack.startConnector(region), stopping);
      }),
    );
    tell(upLine);
    const stopped = new Promise<undefined>((resolve) => {
      stopping.addEventListener(
        "abort",
        () => {
          resolve(undefined);
        },
        { once: true },
      );
      if (stopping.aborted) resolve(undefined);
    });
    const lost = await Promise.race([stack.lost, stopped]);
    if (lost !== undefined) tell(`a part ended with ${lost}; starting everything again`);
  } finally {
    await stack.stop();
    tell("the stack has stopped");
  }
}

/** Starts a connector again whenever it ends; what happens after the first start is told, not thrown. */
function keep(
  stack: Stack,
  region: string,
  first: { readonly exited: Promise<string> },
  stopping: AbortSignal,
): void {
  const waits = new Waits();
  const again = async (process: { readonly exited: Promise<string> }): Promise<void> => {
    let running = process;
    for (;;) {
      const ending = await running.exited;
      if (stopping.aborted || stack.isStopping) return;
      tell(`the connector of ${region} ended with ${ending}; starting it again`);
      await pause(waits.next(), stopping);
      try {
        running = await stack.startConnector(region);
      } catch (error) {
        tell(`the connector of ${region} did not start: ${error instanceof Error ? error.message : ""}`);
      }
    }
  };
  void again(first);
}

/** Asked again after every wait. */
const isStopped = ({ aborted }: AbortSignal): boolean => aborted;

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  sleep(milliseconds, undefined, { signal }).catch(() => undefined);

function tell(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}

/** One supervisor a folder. */
function writePid(file: string): void {
  const handle = openSync(file, "wx", 0o600);
  writeSync(handle, String(process.pid));
  closeSync(handle);
}
