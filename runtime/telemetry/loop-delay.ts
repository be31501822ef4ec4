/**
 * How long this process's event loop is held at a stretch. All stages share it: what holds it holds up every answer, every
 * heartbeat and every scrape. Once a second the longest stretch of that second is observed, to within `resolutionMs`: a share
 * of all observations is a share of time, and how often anybody scrapes changes nothing.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Log } from "../log.ts";

/** How often the loop is expected to turn; what is recorded is the time from one turn to the next. */
const resolutionMs = 10;
const observeMs = 1_000;
/** Half of what the slowest hundredth of answers may take: one that meets two such stretches is late by them alone. */
const longSeconds = 0.25;
const warnEveryMs = 60_000;

export interface LoopWatch {
  readonly close: () => void;
}

/** Observes until it is closed. Warns of a long stretch at once, and of no other one for a minute. */
export function watchLoop(observe: (seconds: number) => void, log: Log): LoopWatch {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  let quietUntil = 0;
  const look = (): void => {
    // Nothing is recorded where this look comes right after one that a held loop had delayed.
    if (delays.count === 0) return;
    const seconds = Math.max(0, delays.max / 1e6 - resolutionMs) / 1_000;
    delays.reset();
    observe(seconds);
    if (seconds <= longSeconds || performance.now() < quietUntil) return;
    quietUntil = performance.now() + warnEveryMs;
    log.warn({ seconds: Number(seconds.toFixed(3)) }, "the event loop was held");
  };
  delays.enable();
  const timer = setInterval(look, observeMs).unref();
  return {
    close: () => {
      clearInterval(timer);
      delays.disable();
    },
  };
}
