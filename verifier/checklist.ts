/**
 * What was checked, and how each check came out. A check rests on values that others handed on; where one of these
 * failed it is not made, and a list with such a check holds as little as one with a check that failed.
 *
 * Promises: only an expected failure counts as a deviation, and every one of them does; what else is thrown is a bug, and
 * ends the run.
 */
import { CryptoError } from "../crypto/errors.ts";
import { parseJson, TextFault, type TextBounds } from "../schemas/reading/json-text.ts";
import { PavilionError } from "../errors/errors.ts";

/**
 * `proven`: follows from the trust file's keys, circuits and block. `attested`: the region signed it, and nothing here
 * shows it. `development`: as proven, but under a set-up or chain that one party can make alone.
 */
export type Status = "proven" | "attested" | "development" | "failed";

export interface Check {
  readonly name: string;
  readonly status: Status;
  /** What it shows, one line. */
  readonly text: string;
  /** Why it failed; holds no secret. */
  readonly detail?: string;
}

export interface Checklist {
  readonly checks: readonly Check[];
  /** Checks that were not made, because what they rest on failed. */
  readonly notChecked: readonly string[];
}

/** Whether everything was checked and nothing failed. */
export const holds = ({ checks, notChecked }: Checklist): boolean =>
  checks.length > 0 && notChecked.length === 0 && checks.every(({ status }) => status !== "failed");

/** What a check found that should not be. */
class Deviation extends Error {}

/** Ends a check as failed. */
export function deviates(detail: string): never {
  throw new Deviation(detail);
}

/** Ends a check as failed unless `condition`. */
export function require(condition: boolean, detail: string): asserts condition {
  if (!condition) deviates(detail);
}

/** What a JSON text says; ends a check as failed where it is none that can be read in one way, or beyond its bounds. */
export function contentOf(text: string, bounds?: TextBounds): unknown {
  try {
    return parseJson(text, bounds);
  } catch (error) {
    if (error instanceof TextFault) deviates(`It ${error.message}.`);
    throw error;
  }
}

type Handed<N extends readonly unknown[]> = { readonly [K in keyof N]: N[K] | undefined };

/** A list that is being made, of checks with these names. */
export class Checks<N extends string> implements Checklist {
  readonly checks: Check[];
  readonly notChecked: string[];
  readonly #shows: ReadonlyMap<string, string>;

  /** With what each check shows. Goes on with a list where one is given. */
  constructor(
    shows: Readonly<Record<N, string>>,
    { checks, notChecked }: { checks: Check[]; notChecked: string[] } = { checks: [], notChecked: [] },
  ) {
    this.checks = checks;
    this.notChecked = notChecked;
    this.#shows = new Map(Object.entries(shows));
  }

  /** The same list, going on with other checks. */
  goOn<M extends string>(shows: Readonly<Record<M, string>>): Checks<M> {
    return new Checks(shows, this);
  }

  /**
   * Makes a check from what others found, undefined where they found nothing. Answers what it hands on itself:
   * undefined where it failed or could not be made.
   */
  make<const F extends readonly unknown[], T extends object | true>(
    name: N,
    needs: Handed<F>,
    check: (...found: F) => T,
    status: Exclude<Status, "failed"> = "proven",
  ): T | undefined {
    if (needs.includes(undefined)) {
      this.notChecked.push(name);
      return undefined;
    }
    const found = this.attempt(name, () => check(...(needs as unknown as F)));
    if (found === undefined) return undefined;
    const shown = this.#textOf(name);
    this.checks.push({
      name,
      status,
      text: status === "development" ? `${shown} (development: not sound)` : shown,
    });
    return found;
  }

  /** Does the first part of a check, which is told only where it fails. */
  attempt<T extends object | true>(name: N, part: () => T): T | undefined {
    try {
      return part();
    } catch (error) {
      if (!isExpected(error)) throw error;
      this.checks.push({ name, status: "failed", text: this.#textOf(name), detail: error.message });
      return undefined;
    }
  }

  #textOf(name: N): string {
    return this.#shows.get(name) ?? name;
  }

  /** Names as not checked what was forgotten, so that the list does not hold. */
  leaveUntold(): void {
    const told = new Set([...this.checks.map(({ name }) => name), ...this.notChecked]);
    this.notChecked.push(...[...this.#shows.keys()].filter((name) => !told.has(name)));
  }

  /** The value while everything so far holds: for what costs much, and what somebody's word stands for. */
  ifSound<T>(value: T | undefined): T | undefined {
    return holds(this) ? value : undefined;
  }
}

const isExpected = (error: unknown): error is Error =>
  error instanceof Deviation || error instanceof CryptoError || error instanceof PavilionError;
