/**
 * `down [--erase --yes]`: stops the stack. What it holds stays, unless it is to be erased. What lies in a Kafka or a chain
 * that runs elsewhere is not this machine's to erase.
 */
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { PavilionError } from "../../errors/errors.ts";
import { standsOnExistingParts } from "../../services/stack/existing-parts.ts";
import { ownStack } from "../../services/stack/stack-lock.ts";
import { stackFolder } from "../home.ts";
import { supervisorOf } from "./running.ts";

const stopLimitMs = 60_000;

interface Given {
  readonly erase: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

export async function down({ erase, yes, json }: Given): Promise<number> {
  const folder = stackFolder();
  if (erase && standsOnExistingParts(folder)) {
    throw new PavilionError(
      "CONFIG_INVALID",
      `The stack in ${folder} stands on parts that run elsewhere: what they hold cannot be erased from here.`,
      `Run ./pavilion down, have the parts erased by whoever runs them, then remove ${folder}.`,
    );
  }
  if (erase && !yes) {
    throw new PavilionError(
      "CONFIRMATION_MISSING",
      `--erase deletes ${folder}: all data, keys and the chain, for good.`,
      "Say --erase --yes if that is meant.",
    );
  }
  const pid = supervisorOf(folder);
  if (pid !== undefined) await stop(folder, pid);
  if (erase) {
    using _owned = await ownStack(folder);
    rmSync(folder, { recursive: true, force: true });
  }
  const told = { wasRunning: pid !== undefined, erased: erase };
  if (json) console.log(JSON.stringify(told));
  else {
    console.log(pid === undefined ? "  no stack was running" : "  the stack has stopped");
    console.log(erase ? `  erased ${folder}` : `  what it holds stays, in ${folder}`);
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
