/**
 * `down [--erase --yes]`: stops the stack. What it holds stays, unless it is to be erased.
 */
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { PavilionError } from "../../../runtime/errors.ts";
import { stackFolder } from "../home.ts";
import { supervisorOf } from "./running.ts";

const stopLimitMs = 60_000;

export async function down(args: string[]): Promise<number> {
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({ args, options: { erase: flag, yes: flag, json: flag } });
  const folder = stackFolder();
  if (values.erase && !values.yes) {
    throw new PavilionError(
      "CONFIRMATION_MISSING",
      `--erase deletes ${folder}: all data, keys and the chain, for good.`,
      "Say --erase --yes if that is meant.",
    );
  }
  const pid = supervisorOf(folder);
  if (pid !== undefined) await stop(folder, pid);
  if (values.erase) rmSync(folder, { recursive: true, force: true });
  const told = { wasRunning: pid !== undefined, erased: values.erase };
  if (values.json) console.log(JSON.stringify(told));
  else {
    console.log(
      pid === undefined ? "  no stack was running" : "  the stack has stopped; what it holds stays",
    );
    if (values.erase) console.log(`  erased ${folder}`);
  }
  return 0;
}

async function stop(folder: string, pid: number): Promise<void> {
  process.kill(pid, "SIGTERM");
  const deadline = performance.now() + stopLimitMs;
  while (supervisorOf(folder) !== undefined) {
    if (performance.now() > deadline) {
      // Its parts die with it.
      process.kill(pid, "SIGKILL");
      return;
    }
    await sleep(100);
  }
}
