/**
 * The ledger of a region that was put back from a backup. It takes over what was charged since, as the log tells it, and counts as spent
 * what may have been charged and was never logged. Until the log says that it goes on, nothing is charged.
 */
import { saltOf, type BlindingSource } from "../../domain/log/blinding.ts";
import { hashOfLeaf, leafText, namesIn, originOf } from "../../domain/log/leaves.ts";
import { greatestDelta } from "../../domain/statistics/mechanism.ts";
import type { HomeTerms } from "../../domain/terms/home.ts";
import { withChanges } from "../../runtime/contract/changed-state.ts";
import {
  output,
  publish,
  reject,
  type Audit,
  type Outcome,
  type Output,
} from "../../runtime/contract/stage.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { AnchoredLeaf, RestoreEntry } from "../../schemas/avro/index.ts";
import type { WithheldLeaf } from "../../schemas/json/withheld-leaf.ts";
import { validateDocument } from "../../schemas/reading/validate.ts";
import { expose, exposable, isWithin } from "./exposure.ts";
import { takeOver, withhold } from "./ledger.ts";
import type { Amounts } from "./windows.ts";

/** Under one key: the restoring that the ledger has gone through. */
const RESTORED = new Table<string>("restored");
/** Under one key: hashes of leaves of the log that it could not take over, so many at most. */
const GAPS = new Table<readonly string[]>("ledger-gaps");
const ONLY = "";
const GAPS_MAX = 1_000;
/** No leaf's hash: of more than these none mends the ledger. */
const MORE = "more";

const gapsIn = (state: StateView): readonly string[] => GAPS.get(state, ONLY) ?? [];

export interface RestorePorts {
  readonly region: string;
  readonly blinding: BlindingSource;
  /** How much of a share may be spent and not anchored, a fraction. */
  readonly exposed: string;
  /** How the region was last put back from a backup, if it ever was. */
  readonly restore: () => RestoreEntry | undefined;
  /** Every population at home here, with the ε of the dearest question that may be asked of it. */
  readonly homes: () => readonly HomeTerms[];
}

/** Whether the region was put back and its log does not say yet that it goes on, or spends of the log are missing here. */
export function isShut({ restore }: Pick<RestorePorts, "restore">, state: StateView): boolean {
  if (gapsIn(state).length > 0) return true;
  const entry = restore();
  return entry !== undefined && RESTORED.get(state, ONLY) !== entry.id;
}

/** Whether the region was ever put back: seeds from before are gone. */
export const wasRestored = (state: StateView): boolean => RESTORED.get(state, ONLY) !== undefined;

/** A leaf that the log tells of and that this ledger did not write, or wrote before it had this memory. */
export async function takeLogged(
  { text }: Pick<AnchoredLeaf, "text">,
  hash: string,
  state: StateView,
  time: number,
  ports: RestorePorts,
): Promise<Outcome> {
  const { kind } = namesIn(text);
  if (kind === "restore") return goOn(text, state, time, ports);
  if (kind !== "spend" && kind !== "withheld") return publish({});
  const document = JSON.parse(text) as object;
  // The ledger as it was before populations were documents has no part in this.
  if (!("home" in document)) return publish({});
  const leaf =
    kind === "spend" ? validateDocument("spend-leaf", document) : validateDocument("withheld-leaf", document);
  const changes = takeOver(leaf, hash, state, time);
  if (changes === undefined) {
    const known = gapsIn(state).filter((gap) => gap !== hash);
    const gaps = [...known.slice(0, GAPS_MAX), known.length < GAPS_MAX ? hash : MORE];
    return reject("INTERNAL_ERROR", "A spend of the log does not follow the ledger's last one.", {
      changes: [GAPS.put(ONLY, gaps)],
    });
  }
  const left = gapsIn(state).filter((gap) => gap !== hash);
  const isMended = left.length < gapsIn(state).length;
  return publish({ changes: isMended ? [...changes, GAPS.put(ONLY, left)] : changes });
}

async function goOn(text: string, state: StateView, time: number, ports: RestorePorts): Promise<Outcome> {
  const { restore } = validateDocument("restore-leaf", JSON.parse(text));
  if (ports.restore()?.id !== restore || RESTORED.get(state, ONLY) === restore) return publish({});
  // What it would withhold is counted on from the last spend: all of the log's have to be here.
  if (gapsIn(state).length > 0)
    return reject("INTERNAL_ERROR", "The ledger lacks spends that the log tells of, so it does not go on.");
  const outputs: Output[] = [];
  const audit: Audit[] = [];
  const changes: Change[] = [RESTORED.put(ONLY, restore)];
  for (const home of ports.homes()) {
    const withheld = await withholdOf(home, restore, withChanges(state, changes), time, ports);
    if (withheld === undefined) continue;
    outputs.push(...withheld.outputs);
    changes.push(...withheld.changes);
    audit.push(withheld.audit);
  }
  return publish({ outputs, changes, audit });
}

/** Undefined where nothing is left that could have been spent. */
async function withholdOf(
  home: HomeTerms,
  restore: string,
  state: StateView,
  time: number,
  { region, blinding, exposed }: RestorePorts,
): Promise<{ outputs: Output[]; changes: Change[]; audit: Audit } | undefined> {
  const { terms } = home;
  const payment = withhold(terms, mostLost(home, exposed), restore, state, time);
  if (payment === undefined) return undefined;
  const { spend, previous, carried, changesWith, state: standing } = payment;
  const { population, sequence, epsilon, delta, total, deltaTotal } = spend;
  const salt = await saltOf(blinding, "pavilion/withheld-salt/v1", population, restore);
  const leaf: WithheldLeaf = {
    ...{ type: "pavilion/withheld-leaf", home: region, population, document: terms.populationDigest },
    ...{ sequence, previous, epsilon, delta, total, deltaTotal, carried: [...carried], restore, salt },
  };
  const hash = hashOfLeaf(leaf);
  const logged = { kind: "withheld", request: null, text: leafText(leaf), completes: false };
  return {
    outputs: [
      output("proofs.pending", "LogLeaf", logged, { key: originOf(region) }),
      output("budget.states", "BudgetState", standing, { key: population }),
    ],
    changes: [...changesWith(hash), ...expose(population, hash, { epsilon, delta }, state)],
    audit: {
      tenant: region,
      action: "budget.withheld",
      details: { population, epsilon, delta, total, deltaTotal, restore, leaf: hash },
    },
  };
}

/** What a region may have spent at most and never anchored: the bound, or one question that is dearer than it. */
function mostLost({ largest, dearest }: HomeTerms, part: string): Amounts {
  const most = exposable(largest, part);
  const larger = (one: string, other: string): string => (isWithin(one, other) ? other : one);
  return { epsilon: larger(most.epsilon, dearest), delta: larger(most.delta, greatestDelta(dearest)) };
}
