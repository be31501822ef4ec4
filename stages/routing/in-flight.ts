/**
 * Requests that are under way. Only so many are at a time, so that whoever comes next waits here, where tenants take
 * turns, and not behind somebody else's flood in the stages that follow.
 */
import type { Change, StateView } from "../../runtime/contract/stage.ts";

/** How many requests of a partition may be under way. */
export const IN_FLIGHT_MAX = 16;

/** `flights`: digest → deadline. */
const FLIGHTS = "flights";

export class InFlight {
  readonly changes: Change[] = [];
  readonly #deadlines: Map<string, number>;

  constructor(state: StateView) {
    this.#deadlines = new Map(state.entries(FLIGHTS) as Iterable<[string, number]>);
  }

  get hasRoom(): boolean {
    return this.#deadlines.size < IN_FLIGHT_MAX;
  }

  start(digest: string, deadline: number): void {
    this.#deadlines.set(digest, deadline);
    this.changes.push({ table: FLIGHTS, key: digest, value: deadline });
  }

  /** Whatever is known of its end: nothing happens where the request is not under way. */
  end(digest: string): void {
    if (this.#deadlines.delete(digest)) this.changes.push({ table: FLIGHTS, key: digest, value: undefined });
  }

  /** A result that does not come by the deadline holds nobody up any longer. */
  endLate(time: number): void {
    for (const [digest, deadline] of [...this.#deadlines]) if (deadline < time) this.end(digest);
  }
}
