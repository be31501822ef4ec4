/**
 * Requests that are under way. Only so many are at a time, so that whoever comes next waits here, where tenants take
 * turns, and not behind somebody else's flood in the stages that follow.
 */
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";

/** How many requests of a partition may be under way. */
export const IN_FLIGHT_MAX = 16;

/** By digest: the deadline. Never more of them than may be under way. */
export const FLIGHTS = new Table<number>("flights", (deadline) => deadline);

export class InFlight {
  readonly changes: Change[] = [];
  readonly #deadlines: Map<string, number>;

  constructor(state: StateView) {
    const flights = FLIGHTS.ranked(state, { limit: IN_FLIGHT_MAX });
    this.#deadlines = new Map(flights.map(({ key, value }) => [key, value]));
  }

  get hasRoom(): boolean {
    return this.#deadlines.size < IN_FLIGHT_MAX;
  }

  start(digest: string, deadline: number): void {
    this.#deadlines.set(digest, deadline);
    this.changes.push(FLIGHTS.put(digest, deadline));
  }

  /** Whatever is known of its end: nothing happens where the request is not under way. */
  end(digest: string): void {
    if (this.#deadlines.delete(digest)) this.changes.push(FLIGHTS.remove(digest));
  }

  /** A result that does not come by the deadline holds nobody up any longer. */
  endLate(time: number): void {
    for (const [digest, deadline] of [...this.#deadlines]) if (deadline < time) this.end(digest);
  }
}
