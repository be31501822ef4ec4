/**
 * What a provider's agent tells of a push, as text for people.
 */
import type { LiveLines } from "../live-lines.ts";

/** A line of the agent's output; which members it has says what it tells. */
export interface AgentLine {
  readonly phase?: string;
  readonly waiting?: string;
  /** What the person should know besides. */
  readonly note?: string;
  readonly done?: number;
  readonly total?: number | null;
  readonly perSecond?: number;
  readonly pushed?: number;
  /** Rows by reason. */
  readonly rejected?: Counts;
  /** Rows by column and reason. */
  readonly defaulted?: Readonly<Record<string, Counts>>;
}

type Counts = Readonly<Record<string, number>>;

/** What a phase of a push does. */
const phases: ReadonlyMap<string, string> = new Map([
  ["read", "rows read"],
  ["blind", "identifiers blinded"],
  ["evaluate", "evaluations under the sender's key"],
  ["finalize", "tokens made, proofs checked"],
  ["seal", "records sealed"],
  ["push", "records accepted"],
]);

/** Tells what has ended, shows what goes on, and passes over what is not worth a newcomer's eye. */
export function followAgent(lines: LiveLines, told: AgentLine, indent: string): void {
  const text = agentText(told);
  if (text !== undefined) lines.tell(indent + text);
  else if (told.phase !== undefined) lines.show(indent + courseText(told));
}

/** Undefined for what is no end of anything. */
export function agentText(told: AgentLine): string | undefined {
  if (told.note !== undefined) return told.note;
  if (told.waiting !== undefined) return `${told.phase ?? ""} waits for ${told.waiting}`;
  if (told.phase !== undefined) {
    if (told.done !== told.total) return undefined;
    return `${String(told.done)} ${phases.get(told.phase) ?? told.phase} (${String(told.perSecond)}/s)`;
  }
  if (told.pushed === undefined) return undefined;
  const faults = [...rejectedRows(told.rejected), ...defaultedRows(told.defaulted)];
  return `told of its own rows: ${faults.join("; ") || "nothing amiss"}`;
}

/** How far a phase is, its rate, and how long it takes still where that can be said. */
export function courseText({ phase = "", done = 0, total = null, perSecond = 0 }: AgentLine): string {
  const share = total === null ? String(done) : `${String(done)} of ${String(total)}`;
  const left = total === null || perSecond === 0 ? "" : `, ${minutes((total - done) / perSecond)} left`;
  return `${share} ${phases.get(phase) ?? phase} (${String(perSecond)}/s${left})`;
}

/** As m:ss. */
function minutes(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${String(Math.floor(whole / 60))}:${String(whole % 60).padStart(2, "0")}`;
}

const rejectedRows = (reasons: Counts = {}): string[] =>
  Object.entries(reasons).map(([reason, rows]) => `${String(rows)} left out (${inWords(reason)})`);

const defaultedRows = (columns: Readonly<Record<string, Counts>> = {}): string[] =>
  Object.entries(columns).flatMap(([column, reasons]) =>
    Object.entries(reasons).map(
      ([reason, rows]) => `${String(rows)} kept without a value or as other (${column}: ${inWords(reason)})`,
    ),
  );

const inWords = (code: string): string => code.replaceAll("-", " ");
