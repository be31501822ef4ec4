/**
 * `recover [--checkpoint FILE] [--leaves FILE] [--nothing-newer]`: compares a region that was put back from a backup with what
 * the chain and others hold of its log, and brings it the leaves that it lacks. Exit code 0 where it answers again, 1 where not.
 */
import { decodeBase64url } from "../../crypto/jws/base64url.ts";
import { PavilionError } from "../../errors/errors.ts";
import { misuse } from "../../errors/misuse.ts";
import type { RestoreEntry } from "../../schemas/avro/index.ts";
import type { HeldTree, Recovery, Verdict } from "../../services/operator/recovery.ts";
import { withOperator } from "../operator/session.ts";
import { regionNamed, runningStack } from "../stack/running.ts";
import { largestOf, leavesIn, type LogOf } from "./held.ts";

interface Given {
  readonly checkpoint: readonly string[];
  readonly leaves: readonly string[];
  readonly "nothing-newer": boolean;
  readonly close: boolean;
  readonly reason: string | undefined;
  readonly region: string | undefined;
  readonly json: boolean;
}

/** So often it is said how many leaves were brought. */
const tellEvery = 500;

export async function recover(given: Given): Promise<number> {
  const { checkpoint, leaves, json } = given;
  if (given.close) return close(given);
  if (checkpoint.length + leaves.length === 0 && !given["nothing-newer"]) {
    throw new PavilionError(
      "CONFIRMATION_MISSING",
      "Nothing is given that others hold of the region's log.",
      "Ask auditors, brokers and providers for checkpoints or bundles, and give them by --checkpoint and --leaves; say --nothing-newer if nobody has any.",
    );
  }
  const stack = runningStack();
  const { name: region, logPublicKey } = regionNamed(stack, given.region);
  const log: LogOf = { region, publicKey: decodeBase64url(logPublicKey) ?? new Uint8Array() };
  const largest = await largestOf(checkpoint, leaves, log);
  const tell = (line: string): void => {
    if (json) console.error(line);
    else console.log(`  ${line}`);
  };
  const verdict = await withOperator(stack, (operator) =>
    recovered(operator.recoveryOf(region), { log, largest, leaves, tell }),
  );
  if (json) console.log(JSON.stringify({ region, answers: verdict.reason === null, ...verdict }));
  else for (const line of wordsOf(region, verdict)) console.log(line);
  return verdict.reason === null ? 0 : 1;
}

async function close({ reason = "", region, json }: Given): Promise<number> {
  if (reason.trim() === "") throw misuse("Say by --reason why the region is closed.");
  const stack = runningStack();
  const { name } = regionNamed(stack, region);
  await withOperator(stack, async (operator) => {
    const recovery = operator.recoveryOf(name);
    await recovery.close(requireRestored(await recovery.entry(), name), reason);
  });
  if (json) console.log(JSON.stringify({ region: name, answers: false, closed: reason }));
  else console.log(`${name} is closed, unless its log had gone on already: it answers nothing any more.`);
  return 0;
}

/** Throws CONFIG_INVALID where the region was never put back. */
function requireRestored(entry: RestoreEntry | undefined, region: string): RestoreEntry {
  if (entry !== undefined) return entry;
  throw new PavilionError(
    "CONFIG_INVALID",
    `${region} was never put back from a backup: there is nothing to recover.`,
    "Name another region by --region, if it is that one.",
  );
}

interface Recovering {
  readonly log: LogOf;
  readonly largest: HeldTree | undefined;
  readonly leaves: readonly string[];
  readonly tell: (line: string) => void;
}

async function recovered(recovery: Recovery, { log, largest, leaves, tell }: Recovering): Promise<Verdict> {
  const entry = requireRestored(await recovery.entry(), log.region);
  // What was known of others before counts still.
  const known = [entry, ...(largest === undefined ? [] : [largest])].sort((a, b) => b.size - a.size)[0];
  const needed = known === undefined || known.size === 0 ? undefined : { size: known.size, root: known.root };
  tell(
    `${log.region} is asked to compare its log with the chain${needed ? ` and with a checkpoint of ${String(needed.size)} leaves` : ""}`,
  );
  const first = inTime(await recovery.compare(entry, needed, { brought: false }), log);
  if (first.reason !== "REGION_BEHIND" || leaves.length === 0) return first;
  tell(`its log has ${String(first.size)} leaves of ${String(first.needed)}: the rest is brought`);
  let brought = 0;
  for (const file of leaves) {
    await recovery.bring(leavesIn(file, log, first.size), () => {
      if (++brought % tellEvery === 0) tell(`${String(brought)} leaves brought`);
    });
  }
  tell(`${String(brought)} leaves brought`);
  const after = requireRestored(await recovery.entry(), log.region);
  return inTime(await recovery.compare(after, needed, { brought: true }), log);
}

function inTime(verdict: Verdict | undefined, { region }: LogOf): Verdict {
  if (verdict !== undefined) return verdict;
  throw new PavilionError(
    "REGION_UNAVAILABLE",
    `${region} did not say within a minute how its log stands.`,
    "See by ./pavilion status whether its connector and the chain are up, then run the command again: it goes on from here.",
  );
}

function wordsOf(region: string, { reason, size, needed }: Verdict): string[] {
  if (reason === null) {
    return [
      `${region} answers again, once a new seed is anchored: its log has all ${String(size)} leaves that are known.`,
      "What it may have spent since the backup and never logged counts as spent; ./pavilion budget show tells what is left.",
    ];
  }
  if (reason === "REGION_BEHIND") {
    return [
      `${region} answers nothing yet: its log has ${String(size)} leaves, and others hold a checkpoint of ${String(needed)}.`,
      "Ask its auditors for the copy that ./pavilion audit --save writes, and give it by --leaves.",
    ];
  }
  return [
    `${region} answers nothing: what others hold is not the continuation of its log, though its key signed it.`,
    "Somebody else may have the log's key, or another copy of the region runs. Stop that one; tell providers and auditors.",
  ];
}
