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
import { shows, type CheckName } from "./kinds/private-computation/checks.ts";

/**
 * `proven`: follows from the trust file's keys, circuits and block. `attested`: the region signed it, and nothing here
 * shows it. `development`: as proven, but under a set-up or chain that one party can make alone.
 */
export type Status = "proven" | "attested" | "development" | "failed";

export interface Check {
  readonly name: CheckName;
  readonly status: Status;
  /** What it shows, one line. */
  readonly text: string;
  /** Why it failed; holds no secret. */
  readonly detail?: string;
}

export interface Checklist {
  readonly checks: readonly Check[];
  /** Checks that were not made, because what they rest on failed. */
  readonly notChecked: readonly CheckName[];
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

/** A list that is being made. */
export class Checks implements Checklist {
  readonly checks: Check[] = [];
  readonly notChecked: CheckName[] = [];

  /**
   * Makes a check from what others found, undefined where they found nothing. Answers what it hands on itself:
   * undefined where it failed or could not be made.
   */
  make<const N extends readonly unknown[], T extends object | true>(
    name: CheckName,
    needs: Handed<N>,
    check: (...found: N) => T,
    status: Exclude<Status, "failed"> = "proven",
  ): T | undefined {
    if (needs.includes(undefined)) {
      this.notChecked.push(name);
      return undefined;
    }
    try {
      const found = check(...(needs as unknown as N));
      const text = status === "development" ? `${shows[name]} (development: not sound)` : shows[name];
      this.checks.push({ name, status, text });
      return found;
    } catch (error) {
      if (!isExpected(error)) throw error;
      this.checks.push({ name, status: "failed", text: shows[name], detail: error.message });
      return undefined;
    }
  }

  /** The value while everything so far holds: for what costs much, and what somebody's word stands for. */
  ifSound<T>(value: T | undefined): T | undefined {
    return holds(this) ? value : undefined;
  }
}

const isExpected = (error: unknown): error is Error =>
  error instanceof Deviation || error instanceof CryptoError || error instanceof PavilionError;
