/**
 * Requests that wait for their turn, tenant by tenant: one of each in a round, however many each has waiting. Deficit
 * round robin (Shreedhar and Varghese, 1995) where every request costs the same.
 *
 * Promises: a tenant that has one waiting gets a turn after at most one of each other tenant's; no tenant has more
 * than `WAITING_MAX` waiting. Does not: say when there is room for the next one; see in-flight.ts.
 */
import type { Change, StateView } from "../../runtime/stage.ts";
import type { RoutedRequest } from "../../schemas/avro/index.ts";

/** How many requests of one tenant may wait in a partition. */
export const WAITING_MAX = 64;

/** `round`: tenants in the order of their turns, under one key. */
const ROUND = "round";
/** `queues`: a tenant's queue. */
const QUEUES = "queues";
/** `waiting`: `<tenant>/<number>` → request. */
const WAITING = "waiting";

interface Queue {
  /** Number of the first one that waits, … */
  readonly first: number;
  /** … and of the next one that comes. Between them some may have been taken out. */
  readonly next: number;
  readonly length: number;
  /** No deadline in it is before this one, in milliseconds. */
  readonly earliest: number;
}

const emptyQueue: Queue = { first: 0, next: 0, length: 0, earliest: Infinity };

/** The queues as they are in a handler's state, and what the handler changes in them. */
export class FairQueue {
  readonly #state: StateView;
  /** By table and key; the last change of each counts. */
  readonly #changed = new Map<string, Change>();

  constructor(state: StateView) {
    this.#state = state;
  }

  get changes(): Change[] {
    return [...this.#changed.values()];
  }

  /** False where the request's tenant has as many waiting as it may. */
  put(routed: RoutedRequest): boolean {
    const { tenant, deadline } = routed.request;
    const queue = this.#queue(tenant);
    if (queue.length >= WAITING_MAX) return false;
    if (queue.length === 0) this.#turn([...this.#round(), tenant]);
    this.#set(WAITING, placeOf(tenant, queue.next), routed);
    this.#keep(tenant, {
      first: queue.first,
      next: queue.next + 1,
      length: queue.length + 1,
      earliest: Math.min(queue.earliest, deadline),
    });
    return true;
  }

  /** Takes out the request whose turn it is; its tenant goes to the end of the round. */
  take(): RoutedRequest | undefined {
    const [tenant, ...others] = this.#round();
    if (tenant === undefined) return undefined;
    const { first, next, length, earliest } = this.#queue(tenant);
    for (let number = first; number < next; number++) {
      const routed = this.#at(tenant, number);
      if (routed === undefined) continue;
      this.#set(WAITING, placeOf(tenant, number), undefined);
      this.#keep(tenant, { first: number + 1, next, length: length - 1, earliest });
      this.#turn(length > 1 ? [...others, tenant] : others);
      return routed;
    }
    throw new Error("a tenant has a turn and nothing waiting");
  }

  /** Takes out every request whose deadline is before `time`. */
  takeLate(time: number): RoutedRequest[] {
    return this.#round().flatMap((tenant) =>
      this.#queue(tenant).earliest < time ? this.#takeLateOf(tenant, time) : [],
    );
  }

  #takeLateOf(tenant: string, time: number): RoutedRequest[] {
    const { first, next } = this.#queue(tenant);
    const late: RoutedRequest[] = [];
    let length = 0;
    let earliest = Infinity;
    for (let number = first; number < next; number++) {
      const routed = this.#at(tenant, number);
      if (routed === undefined) continue;
      const { deadline } = routed.request;
      if (deadline < time) {
        late.push(routed);
        this.#set(WAITING, placeOf(tenant, number), undefined);
      } else {
        length += 1;
        earliest = Math.min(earliest, deadline);
      }
    }
    this.#keep(tenant, { first, next, length, earliest });
    if (length === 0) this.#turn(this.#round().filter((other) => other !== tenant));
    return late;
  }

  #round(): string[] {
    return (this.#get(ROUND, ROUND) as string[] | undefined) ?? [];
  }

  #turn(round: readonly string[]): void {
    this.#set(ROUND, ROUND, round.length === 0 ? undefined : round);
  }

  #queue(tenant: string): Queue {
    return (this.#get(QUEUES, tenant) as Queue | undefined) ?? emptyQueue;
  }

  #keep(tenant: string, queue: Queue): void {
    this.#set(QUEUES, tenant, queue.length === 0 ? undefined : queue);
  }

  #at(tenant: string, number: number): RoutedRequest | undefined {
    return this.#get(WAITING, placeOf(tenant, number)) as RoutedRequest | undefined;
  }

  #get(table: string, key: string): unknown {
    const changed = this.#changed.get(`${table} ${key}`);
    return changed === undefined ? this.#state.get(table, key) : changed.value;
  }

  #set(table: string, key: string, value: unknown): void {
    this.#changed.set(`${table} ${key}`, { table, key, value });
  }
}

const placeOf = (tenant: string, number: number): string => `${tenant}/${String(number)}`;
