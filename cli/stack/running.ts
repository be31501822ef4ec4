/**
 * Whether the stack of a folder runs, and how to reach it.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PavilionError } from "../../errors/errors.ts";
import { connectorsRunElsewhere } from "../../services/stack/existing-parts.ts";
import {
  readRemembered,
  type RememberedRegion,
  type RememberedChain,
} from "../../services/stack/remembered.ts";
import { stackFolder } from "../home.ts";

/** The supervisor's process id; undefined where none runs. A file that a dead one left is removed. */
export function supervisorOf(folder: string): number | undefined {
  const file = join(folder, "supervisor.pid");
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, "utf8"));
  if (pid > 0 && isSupervisor(pid)) return pid;
  rmSync(file, { force: true });
  return undefined;
}

/** A process id may have been given to somebody else since. */
function isSupervisor(pid: number): boolean {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, "utf8").includes("supervisor.ts");
  } catch {
    return false;
  }
}

export interface KnownStack {
  readonly folder: string;
  readonly bootstrap: string;
  readonly registryUrl: string;
  readonly chain: RememberedChain;
  readonly regions: readonly RememberedRegion[];
  readonly passwords: Readonly<Record<string, string>>;
}

/** Whether the stack's connectors run, as far as this machine can know. */
const isUp = (folder: string): boolean =>
  connectorsRunElsewhere(folder) || supervisorOf(folder) !== undefined;

/** The stack as its operator knows it. Throws STACK_DOWN where it does not run. */
export function runningStack(): KnownStack {
  const folder = stackFolder();
  const known = readRemembered(folder);
  const { bootstrap, registryUrl, chain, regions, passwords } = known ?? {};
  if (
    !isUp(folder) ||
    bootstrap === undefined ||
    registryUrl === undefined ||
    chain === undefined ||
    regions === undefined ||
    passwords === undefined
  ) {
    throw stackDown();
  }
  return { folder, bootstrap, registryUrl, chain, regions, passwords };
}

/** Throws CONFIG_INVALID for a region that the stack does not have; the first one where none is named. */
export function regionNamed(stack: KnownStack, name?: string): RememberedRegion {
  const found = name === undefined ? stack.regions[0] : stack.regions.find((region) => region.name === name);
  if (found !== undefined) return found;
  const known = stack.regions.map((region) => region.name).join(", ");
  throw new PavilionError("CONFIG_INVALID", `There is no region ${name ?? ""}.`, `Name one of: ${known}.`);
}

/** Throws STACK_DOWN where the Kafka that is meant is this folder's stack's, and that does not run. */
export function requireUp(bootstrap: string): void {
  const folder = stackFolder();
  if (readRemembered(folder)?.bootstrap === bootstrap && !isUp(folder)) throw stackDown();
}

/** Throws STACK_RUNNING where the stack's supervisor runs, of whatever version it is. */
export function requireDown(folder: string): void {
  if (supervisorOf(folder) === undefined) return;
  throw new PavilionError("STACK_RUNNING", `The stack in ${folder} runs.`, "Run ./pavilion down first.");
}

/** The configuration file of a region's connector of the running stack. Throws STACK_DOWN. */
export function connectorConfigOf(region: string | undefined): string {
  const stack = runningStack();
  return join(stack.folder, "regions", regionNamed(stack, region).name, "connector.json");
}

const stackDown = (): PavilionError => new PavilionError("STACK_DOWN", "No stack is running here.");
