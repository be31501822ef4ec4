/**
 * Which letters a command is about: those that are named, or those that pass its filters.
 */
import { PavilionError } from "../../errors/errors.ts";
import { momentOf } from "../moment.ts";
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

/** Throws CONFIG_INVALID for what no filter takes. */
export function selectionOf(names: readonly string[], options: SelectionOptions, now: number): Selection {
  const { stage, code, since, limit } = options;
  const stages = stage === undefined ? stageNames : stage.split(",");
  const unknown = stages.filter((name) => !stageNames.includes(name));
  if (unknown.length > 0) throw invalid(`There is no stage ${unknown.join(", ")}.`);
  const most = limit === undefined ? limitDefault : Number(limit);
  if (!Number.isSafeInteger(most) || most < 1) throw invalid("--limit takes a whole number above zero.");
  return {
    names,
    stages,
    code,
    since: since === undefined ? undefined : momentOf("--since", since, now),
    limit: most,
  };
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
      if (letter === undefined)
        throw new PavilionError("DEAD_LETTER_UNKNOWN", `There is no dead letter ${name}.`);
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
