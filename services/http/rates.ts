/**
 * How often somebody may call: so many calls a minute, all at once or spread. One number is kept for each of the last so many
 * who called; whoever is forgotten begins anew.
 */
import { LRUCache } from "lru-cache";

const MINUTE = 60_000;

export class Rates {
  /** When the allowance of each will be whole again, in milliseconds. */
  readonly #whole: LRUCache<string, number>;

  constructor(max: number) {
    this.#whole = new LRUCache({ max });
  }

  /** Counts a call and returns 0, or counts nothing and returns for how many milliseconds there is none left. `now` never goes back. */
  wait(who: string, perMinute: number, now: number): number {
    const whole = Math.max(this.#whole.get(who) ?? now, now) + MINUTE / perMinute;
    // Half a millisecond's grace: sums of fractions are not exact.
    const early = whole - MINUTE - now;
    if (early > 0.5) return Math.ceil(early);
    this.#whole.set(who, whole);
    return 0;
  }
}
