/**
 * Waiting for somebody else's answer: bounded, and said aloud.
 */
import { PavilionError } from "../../errors/errors.ts";
import type { Mailbox } from "./mailbox.ts";

export interface Patience {
  /** Longest time without any answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Told every five seconds how long, in seconds, nothing has come. */
  readonly onWait: (seconds: number) => void;
  /** Who is waited for, in the message of TIMED_OUT. */
  readonly whom: string;
}

const sayEveryMs = 5_000;

/** The next item. Throws TIMED_OUT. */
export async function waitForNext<T>(mailbox: Mailbox<T>, { timeoutMs, onWait, whom }: Patience): Promise<T> {
  const begun = performance.now();
  for (;;) {
    const left = timeoutMs - (performance.now() - begun);
    if (left <= 0) {
      const seconds = String(Math.round(timeoutMs / 1000));
      throw new PavilionError("TIMED_OUT", `No answer from ${whom} within ${seconds} s.`);
    }
    const item = await mailbox.next(Math.min(left, sayEveryMs));
    if (item !== undefined) return item;
    onWait(Math.round((performance.now() - begun) / 1000));
  }
}
