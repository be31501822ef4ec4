/**
 * How long a wait may be. Node's timers take at most 2^31 - 1 milliseconds, 24.8 days; beyond that they fire at once.
 */

/** The longest wait in whole seconds. */
export const WAIT_SECONDS_MAX = 2_147_483;
const TIMER_MS_MAX = 2 ** 31 - 1;

/** As a timer takes it: what is past waits no time, what is too long as long as a timer can. */
export const timerMs = (milliseconds: number): number => Math.min(Math.max(milliseconds, 0), TIMER_MS_MAX);

/** Seconds that a person wrote, such as `300` or `0.5`. Undefined for what is none, or too long to wait. */
export function secondsIn(text: string): number | undefined {
  const seconds = /^\d{1,9}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  return seconds > 0 && seconds <= WAIT_SECONDS_MAX ? seconds : undefined;
}

/** What to write instead. */
export const secondsWanted = `seconds, such as 300 or 0.5, and at most ${String(WAIT_SECONDS_MAX)}, which is 24 days`;
