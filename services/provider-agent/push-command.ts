/**
 * `push` as its options ask for it: of a file, of a file without sending anything, or what becomes of a push that was cut
 * off.
 */
import { secondsIn, secondsWanted } from "../../runtime/waits.ts";
import type { Agent } from "./agent.ts";
import type { Progress } from "./progress.ts";
import {
  discardPush,
  pushFile,
  resumePush,
  tryFile,
  type Discarded,
  type PushSummary,
  type Trial,
} from "./push.ts";
import { defaultShares, type Shares } from "./shares.ts";

const text = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;

/** As `parseArgs` takes them. */
export const pushOptions = {
  collaboration: text,
  timeout: text,
  "left-out-max": text,
  "emptied-max": text,
  "dry-run": flag,
  wait: flag,
  resume: flag,
  discard: flag,
} as const;

export interface PushValues {
  readonly collaboration?: string | undefined;
  readonly timeout?: string | undefined;
  readonly "left-out-max"?: string | undefined;
  readonly "emptied-max"?: string | undefined;
  readonly "dry-run": boolean;
  readonly wait: boolean;
  readonly resume: boolean;
  readonly discard: boolean;
}

export interface PushCommand {
  readonly does: "push" | "try" | "resume" | "discard";
  readonly collaboration: string;
  /** Empty where an interrupted push is meant. */
  readonly file: string;
  readonly shares: Shares;
  readonly timeoutMs: number;
  readonly wait: boolean;
}

export type PushOutcome =
  | ({ readonly did: "pushed" } & PushSummary)
  | ({ readonly did: "tried" } & Trial)
  | ({ readonly did: "discarded" } & Discarded);

const timeoutDefaultSeconds = "300";

/** Throws what `misuse` makes of what is wrong with the options. */
export function pushCommandOf(
  values: PushValues,
  files: readonly string[],
  misuse: (message: string) => Error,
): PushCommand {
  const { collaboration, "dry-run": dryRun, resume, discard, wait } = values;
  if (collaboration === undefined)
    throw misuse("Name the collaboration that is pushed to: --collaboration C.");
  if ([dryRun, resume, discard].filter((asked) => asked).length > 1) {
    throw misuse("Give only one of --dry-run, --resume and --discard.");
  }
  const does = dryRun ? "try" : resume ? "resume" : discard ? "discard" : "push";
  const isOfFile = does === "push" || does === "try";
  if (files.length !== (isOfFile ? 1 : 0)) {
    throw misuse(isOfFile ? "Give one file to push." : "--resume and --discard take no file.");
  }
  const seconds = secondsIn(values.timeout ?? timeoutDefaultSeconds);
  if (seconds === undefined) throw misuse(`--timeout takes ${secondsWanted}.`);
  const share = (name: "left-out-max" | "emptied-max", otherwise: number): number => {
    const given = values[name];
    return given === undefined
      ? otherwise
      : (shareOf(given) ?? fail(misuse(`--${name} takes a share such as 25%.`)));
  };
  const shares = {
    leftOut: share("left-out-max", defaultShares.leftOut),
    emptied: share("emptied-max", defaultShares.emptied),
  };
  return { does, collaboration, file: files[0] ?? "", shares, timeoutMs: seconds * 1_000, wait };
}

/** A percentage from 0% to 100% as a share. */
function shareOf(given: string): number | undefined {
  const [, number] = /^(\d{1,3}(?:\.\d{1,3})?) ?%$/.exec(given) ?? [];
  const share = number === undefined ? NaN : Number(number) / 100;
  return share <= 1 ? share : undefined;
}

function fail(error: Error): never {
  throw error;
}

export async function runPush(agent: Agent, command: PushCommand, progress: Progress): Promise<PushOutcome> {
  const order = { ...command, progress };
  switch (command.does) {
    case "push":
      return { did: "pushed", ...(await pushFile(agent, order)) };
    case "try":
      return { did: "tried", ...(await tryFile(agent, order)) };
    case "resume":
      return { did: "pushed", ...(await resumePush(agent, order)) };
    case "discard":
      return { did: "discarded", ...(await discardPush(agent, order)) };
  }
}
