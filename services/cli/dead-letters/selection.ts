/**
 * Which letters a command is about: those that are named, or those that pass its filters.
 */
import { PavilionError } from "../../../runtime/errors.ts";
import { stageNames, type Letter } from "./letters.ts";

export interface Selection {
  /** Names; empty where filters choose. */
  readonly names: readonly string[];
  readonly stages: readonly string[];
  readonly code: string | undefined;
  /** Milliseconds since the epoch. */
  readonly since: number | undefined;
  readonly limit: number;
}

export interface SelectionOptions {
  readonly stage?: string | undefined;
  readonly code?: string | undefined;
  readonly since?: string | undefined;
  readonly limit?: string | undefined;
}

const limitDefault = 100;
const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Throws CONFIG_INVALID for what no filter takes. */
export function selectionOf(names: readonly string[], options: SelectionOptions, now: number): Selection {
  const { stage, code, since, limit } = options;
  const stages = stage === undefined ? stageNames : stage.split(",");
  const unknown = stages.filter((name) => !stageNames.includes(name));
  if (unknown.length > 0) throw invalid(`There is no stage ${unknown.join(", ")}.`);
  const most = limit === undefined ? limitDefault : Number(limit);
  if (!Number.isSafeInteger(most) || most < 1) throw invalid("--limit takes a whole number above zero.");
  return { names, stages, code, since: since === undefined ? undefined : timeOf(since, now), limit: most };
}

/** A moment, or how long ago it was: `2026-11-25T12:00:00Z`, `90m`. */
function timeOf(text: string, now: number): number {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * (unitsMs[unit] ?? 0);
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time)) throw invalid("--since takes a date, or how long ago: 30s, 90m, 12h, 7d.");
  return time;
}

/** Those that are chosen, oldest first, and how many more the limit left out. DEAD_LETTER_UNKNOWN. */
export function select(
  letters: readonly Letter[],
  { names, stages, code, since, limit }: Selection,
  end: "oldest" | "newest",
): { readonly chosen: Letter[]; readonly left: number } {
  if (names.length > 0) {
    const chosen = names.map((name) => {
      const letter = letters.find((one) => one.name === name);
      if (letter === undefined) throw new PavilionError("DEAD_LETTER_UNKNOWN", `There is no letter ${name}.`);
      return letter;
    });
    return { chosen, left: 0 };
  }
  const passing = letters.filter(
    (letter) =>
      stages.includes(letter.stage) &&
      (code === undefined || letter.code === code) &&
      (since === undefined || letter.time >= since),
  );
  const chosen = end === "oldest" ? passing.slice(0, limit) : passing.slice(-limit);
  return { chosen, left: passing.length - chosen.length };
}

const invalid = (message: string): PavilionError =>
  new PavilionError("CONFIG_INVALID", message, "Run ./pavilion dead-letters --help.");
