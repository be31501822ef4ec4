/**
 * A stage's ports as they fail: not at all, before their effect, after it, slowly, or for a while on end. What cannot
 * be had is reported as the real port reports it, so that the runtime waits as it does for the real one.
 */
import { PavilionError, type ErrorCode } from "../errors/errors.ts";
import type { Process, Seams } from "./seams.ts";

export interface PortFaults {
  /** One call in so many fails, half of them after their effect; 0 for none. */
  readonly failOneIn: number;
  /** One call in so many waits for others to go on. */
  readonly slowOneIn: number;
  /** One call in so many finds the port away from then on, for some seconds. */
  readonly awayOneIn: number;
}

const awayMaxMs = 3_000;

/** The calls of an object that may fail, by name, and the code that each fails with. */
export type Failing = Readonly<Record<string, ErrorCode>>;

/** Until when each kind of port is away, in virtual milliseconds; shared by the workers of a run. */
export type Absences = Map<ErrorCode, number>;

interface Surroundings {
  readonly seams: Seams;
  readonly process: Process;
  readonly faults: () => PortFaults;
  readonly absences: Absences;
  readonly now: () => number;
}

/** The object with its named calls made to fail now and then. Calls of a process that died are never answered. */
export function failing<T extends object>(ports: T, calls: Failing, surroundings: Surroundings): T {
  const wrapped = new Map<string, unknown>(Object.entries(ports));
  for (const [name, code] of Object.entries(calls)) {
    const call = wrapped.get(name);
    if (typeof call !== "function") throw new Error(`there is no call ${name}`);
    wrapped.set(name, (...given: unknown[]): Promise<unknown> =>
      answer(() => call.apply(ports, given) as unknown, code, surroundings),
    );
  }
  return Object.fromEntries(wrapped) as T;
}

async function answer(call: () => unknown, code: ErrorCode, surroundings: Surroundings): Promise<unknown> {
  const { seams, process, absences, now } = surroundings;
  const { choice } = seams;
  const faults = surroundings.faults();
  if (process.dead) return new Promise(() => undefined);
  if (choice.oneIn(faults.slowOneIn)) await seams.pass(process, "port");
  if (choice.oneIn(faults.awayOneIn)) absences.set(code, now() + choice.below(awayMaxMs));
  if ((absences.get(code) ?? 0) > now()) throw new PavilionError(code, "The port is away.");
  const fails = choice.oneIn(faults.failOneIn);
  if (fails && choice.oneIn(2)) throw new PavilionError(code, "The port did not answer.");
  const answered = await seams.track(Promise.resolve().then(call));
  if (fails) throw new PavilionError(code, "The port's answer was lost.");
  return answered;
}
