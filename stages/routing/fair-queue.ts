/**
 * Requests that wait for their turn, by who signed for whom. Signers take turns, one request each in a round, however
 * many each has waiting; and within a signer's turns so do the tenants that it signs for. Round robin in two levels, where
 * every request costs the same. A signer is the key that a collaboration pins, not the name beside it: names of brokers
 * and tenants are chosen by whoever writes a collaboration, and may be somebody else's.
 *
 * Promises: a signer that has one waiting gets a turn after at most one of each other signer's, and within its turns a
 * tenant after at most one of each other tenant of its own; what waits is bounded for each tenant, each signer and in all.
 * Does not: say when there is room for the next one; see in-flight.ts.
 */
import type { Change, StateView } from "../../runtime/contract/stage.ts";
import type { RoutedRequest } from "../../schemas/avro/index.ts";

/** How many requests of one tenant of one signer may wait in a partition, … */
export const WAITING_MAX = 64;
/** … how many of one signer, whomever it signs for, … */
export const SIGNER_WAITING_MAX = 256;
/** … and how many signers may have any waiting. */
export const SIGNERS_MAX = 256;

/** `signers`: those that have requests waiting, in the order of their turns, under one key. */
const SIGNERS = "signers";
/** `tenants`: signer → its tenants that have requests waiting, in the order of their turns. */
const TENANTS = "tenants";
/** `tenant-queues`: `<signer>/<tenant>` → its queue. */
const QUEUES = "tenant-queues";
/** `waiting`: `<signer>/<tenant>/<number>` → request. */
const WAITING = "waiting";

interface Signer {
  readonly signer: string;
  readonly length: number;
  /** No deadline of its requests is before this one, in milliseconds. */
  readonly earliest: number;
}

interface Queue {
  /** Number of the first one that waits, … */
  readonly first: number;
  /** … and of the next one that comes. Between them some may have been taken out. */
  readonly next: number;
  readonly length: number;
}

const emptyQueue: Queue = { first: 0, next: 0, length: 0 };

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

  /** False where as many wait as may. */
  put(routed: RoutedRequest, signer: string): boolean {
    const { tenant, deadline } = routed.request;
    const signers = this.#signers();
    const before = signers.find((one) => one.signer === signer);
    const place = `${signer}/${tenant}`;
    const queue = this.#queue(place);
    if (before === undefined && signers.length >= SIGNERS_MAX) return false;
    if (queue.length >= WAITING_MAX || (before?.length ?? 0) >= SIGNER_WAITING_MAX) return false;

    const length = (before?.length ?? 0) + 1;
    const after = { signer, length, earliest: Math.min(before?.earliest ?? deadline, deadline) };
    this.#keepSigners(
      before === undefined ? [...signers, after] : signers.map((one) => (one === before ? after : one)),
    );
    if (queue.length === 0) this.#keepTenants(signer, [...this.#tenants(signer), tenant]);
    this.#set(WAITING, numbered(place, queue.next), routed);
    this.#keepQueue(place, { ...queue, next: queue.next + 1, length: queue.length + 1 });
    return true;
  }

  /** Takes out the request whose turn it is; its signer, and its tenant among the signer's, go to the end. */
  take(): RoutedRequest | undefined {
    const [turn, ...others] = this.#signers();
    if (turn === undefined) return undefined;
    const { signer, length, earliest } = turn;
    const routed = this.#takeOf(signer);
    this.#keepSigners(length > 1 ? [...others, { signer, length: length - 1, earliest }] : others);
    return routed;
  }

  /** Takes out every request whose deadline is before `time`. */
  takeLate(time: number): RoutedRequest[] {
    const late: RoutedRequest[] = [];
    for (const { signer, earliest } of this.#signers()) {
      if (earliest < time) late.push(...this.#takeLateOf(signer, time));
    }
    return late;
  }

  #takeOf(signer: string): RoutedRequest {
    const [tenant = "", ...others] = this.#tenants(signer);
    const place = `${signer}/${tenant}`;
    const { first, next, length } = this.#queue(place);
    for (let number = first; number < next; number++) {
      const routed = this.#at(place, number);
      if (routed === undefined) continue;
      this.#set(WAITING, numbered(place, number), undefined);
      this.#keepQueue(place, { first: number + 1, next, length: length - 1 });
      this.#keepTenants(signer, length > 1 ? [...others, tenant] : others);
      return routed;
    }
    throw new Error("a signer has a turn and nothing waiting");
  }

  #takeLateOf(signer: string, time: number): RoutedRequest[] {
    const late: RoutedRequest[] = [];
    const deadlines: number[] = [];
    const left = this.#tenants(signer).filter((tenant) => {
      const taken = this.#takeLateIn(`${signer}/${tenant}`, time);
      late.push(...taken.late);
      deadlines.push(...taken.deadlines);
      return taken.deadlines.length > 0;
    });
    this.#keepTenants(signer, left);
    const length = deadlines.length;
    const after = { signer, length, earliest: Math.min(...deadlines) };
    this.#keepSigners(
      this.#signers().flatMap((one) => (one.signer === signer ? (length > 0 ? [after] : []) : [one])),
    );
    return late;
  }

  /** What was late in a queue, and the deadlines of what is left in it. */
  #takeLateIn(place: string, time: number): { late: RoutedRequest[]; deadlines: number[] } {
    const { first, next } = this.#queue(place);
    const late: RoutedRequest[] = [];
    const deadlines: number[] = [];
    for (let number = first; number < next; number++) {
      const routed = this.#at(place, number);
      if (routed === undefined) continue;
      if (routed.request.deadline < time) {
        late.push(routed);
        this.#set(WAITING, numbered(place, number), undefined);
      } else deadlines.push(routed.request.deadline);
    }
    this.#keepQueue(place, { first, next, length: deadlines.length });
    return { late, deadlines };
  }

  #signers(): readonly Signer[] {
    return (this.#get(SIGNERS, SIGNERS) as Signer[] | undefined) ?? [];
  }

  #keepSigners(signers: readonly Signer[]): void {
    this.#set(SIGNERS, SIGNERS, signers.length === 0 ? undefined : signers);
  }

  #tenants(signer: string): readonly string[] {
    return (this.#get(TENANTS, signer) as string[] | undefined) ?? [];
  }

  #keepTenants(signer: string, tenants: readonly string[]): void {
    this.#set(TENANTS, signer, tenants.length === 0 ? undefined : tenants);
  }

  #queue(place: string): Queue {
    return (this.#get(QUEUES, place) as Queue | undefined) ?? emptyQueue;
  }

  #keepQueue(place: string, queue: Queue): void {
    this.#set(QUEUES, place, queue.length === 0 ? undefined : queue);
  }

  #at(place: string, number: number): RoutedRequest | undefined {
    return this.#get(WAITING, numbered(place, number)) as RoutedRequest | undefined;
  }

  #get(table: string, key: string): unknown {
    const changed = this.#changed.get(`${table} ${key}`);
    return changed === undefined ? this.#state.get(table, key) : changed.value;
  }

  #set(table: string, key: string, value: unknown): void {
    this.#changed.set(`${table} ${key}`, { table, key, value });
  }
}

const numbered = (place: string, number: number): string => `${place}/${String(number)}`;
