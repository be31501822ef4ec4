/**
 * What waits in a stage for its turn, by who signed for whom. Signers take turns, one each in a round, however
 * many each has waiting; and within a signer's turns so do the tenants that it signs for. Round robin in two levels, where
 * every turn costs the same. A signer is the key that a collaboration pins, not the name beside it: names of brokers
 * and tenants are chosen by whoever writes a collaboration, and may be somebody else's.
 *
 * Promises: a signer that has one waiting gets a turn after at most one of each other signer's, and within its turns a
 * tenant after at most one of each other tenant of its own; what waits is bounded for each tenant, each signer and in all.
 * Does not: say when the next turn is. A stage has one queue.
 */
import type { Fill } from "./stage.ts";
import type { Change, StateView, Table } from "./state.ts";

/** How many may wait in a partition: of one tenant of one signer, and of one signer, whomever it signs for. */
export interface QueueLimits {
  readonly tenant: number;
  readonly broker: number;
}

/** For so many tenants of one signer some may wait, … */
export const TENANTS_MAX = 256;
/** The name under which a signer's other tenants may wait together, beside those: nobody's. */
export const OTHERS = "";
/** … and of so many signers. */
export const SIGNERS_MAX = 256;

/** `signers`: those that have something waiting, in the order of their turns, under one key. */
const SIGNERS = "signers";
/** `tenants`: signer → its tenants that have something waiting, in the order of their turns. */
const TENANTS = "tenants";
/** `tenant-queues`: `<signer>/<tenant>` → its queue. */
const QUEUES = "tenant-queues";
/** So many are taken out at once that waited too long; what is left is, with the next event. */
export const LATE_MAX = 200;

/** For whom something waits. */
export interface Waiter {
  readonly signer: string;
  readonly tenant: string;
}

/** How many wait for a tenant of a signer. */
export interface Share extends Waiter {
  readonly waiting: number;
}

interface Signer {
  readonly signer: string;
  readonly length: number;
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
export class FairQueue<V> {
  readonly #state: StateView;
  /** By `<signer>/<tenant>/<number>`; ranked by when it has waited too long, where that is asked. */
  readonly #waiting: Table<V>;
  readonly #limits: QueueLimits;
  /** By table and key; the last change of each counts. */
  readonly #changed = new Map<string, Change>();

  constructor(state: StateView, waiting: Table<V>, limits: QueueLimits) {
    this.#state = state;
    this.#waiting = waiting;
    this.#limits = limits;
  }

  get changes(): Change[] {
    return [...this.#changed.values()];
  }

  /** False where as many wait as may. */
  put(value: V, { signer, tenant }: Waiter): boolean {
    const signers = this.#signers();
    const before = signers.find((one) => one.signer === signer);
    const place = `${signer}/${tenant}`;
    const queue = this.#queue(place);
    if (before === undefined && signers.length >= SIGNERS_MAX) return false;
    const { tenant: ofTenant, broker: ofSigner } = this.#limits;
    if (queue.length >= ofTenant || (before?.length ?? 0) >= ofSigner) return false;

    const tenants = this.#tenants(signer);
    if (queue.length === 0 && tenants.length >= TENANTS_MAX && tenant !== OTHERS) return false;
    const after = { signer, length: (before?.length ?? 0) + 1 };
    this.#keepSigners(
      before === undefined ? [...signers, after] : signers.map((one) => (one === before ? after : one)),
    );
    if (queue.length === 0) this.#keepTenants(signer, [...tenants, tenant]);
    this.#change(this.#waiting.put(numbered(place, queue.next), value));
    this.#keepQueue(place, { ...queue, next: queue.next + 1, length: queue.length + 1 });
    return true;
  }

  /** Takes out what has the turn; its signer, and its tenant among the signer's, go to the end. */
  take(): V | undefined {
    const [turn, ...others] = this.#signers();
    if (turn === undefined) return undefined;
    const { signer, length } = turn;
    const value = this.#takeOf(signer);
    this.#keepSigners(length > 1 ? [...others, { signer, length: length - 1 }] : others);
    return value;
  }

  /** Takes out what is ranked below, the lowest first: before anything else of an event. */
  takeBelow(rank: number): V[] {
    const late = this.#waiting.ranked(this.#state, { below: rank, limit: LATE_MAX });
    return late.filter(({ key }) => this.#takeOut(key)).map(({ value }) => value);
  }

  /** How many wait. */
  get length(): number {
    return this.#signers().reduce((sum, { length }) => sum + length, 0);
  }

  /**
   * How many wait for whom, in the order of turns; of at most so many tenants. What a signer has besides those stands under
   * a tenant without a name.
   */
  shares(tenantsMax: number): Share[] {
    let left = tenantsMax;
    return this.#signers().flatMap(({ signer, length }) => {
      const tenants = this.#tenants(signer).slice(0, left);
      left -= tenants.length;
      const shares = tenants.map((tenant) => {
        return { signer, tenant, waiting: this.#queue(`${signer}/${tenant}`).length };
      });
      const rest = shares.reduce((sum, { waiting }) => sum - waiting, length);
      return rest > 0 ? [...shares, { signer, tenant: OTHERS, waiting: rest }] : shares;
    });
  }

  /** How full the queues are: of those who signed the fullest one's, and of its tenants'. */
  get fills(): Fill[] {
    const signers = this.#signers();
    const fullest = signers.reduce<Signer | undefined>(
      (most, one) => (most === undefined || one.length > most.length ? one : most),
      undefined,
    );
    const tenants = fullest === undefined ? [] : this.#tenants(fullest.signer);
    const lengths = tenants.map((tenant) => this.#queue(`${fullest?.signer ?? ""}/${tenant}`).length);
    return [
      { of: "brokers that wait", held: signers.length, most: SIGNERS_MAX },
      { of: "requests of one broker that wait", held: fullest?.length ?? 0, most: this.#limits.broker },
      { of: "tenants of one broker that wait", held: tenants.length, most: TENANTS_MAX },
      { of: "requests of one tenant that wait", held: Math.max(0, ...lengths), most: this.#limits.tenant },
    ];
  }

  /** False for one of an earlier form, which no queue counts: it is only let go. */
  #takeOut(key: string): boolean {
    const [signer = "", tenant = "", counted] = key.split("/");
    const place = `${signer}/${tenant}`;
    const queue = this.#queue(place);
    if (queue.length === 0) {
      this.#change(this.#waiting.remove(key));
      return false;
    }
    // Those that waited longest are mostly the first: whoever is taken next is not looked for behind them.
    const first = Number(counted) === queue.first ? queue.first + 1 : queue.first;
    this.#change(this.#waiting.remove(key));
    this.#keepQueue(place, { ...queue, first, length: queue.length - 1 });
    if (queue.length === 1)
      this.#keepTenants(
        signer,
        this.#tenants(signer).filter((one) => one !== tenant),
      );
    this.#keepSigners(
      this.#signers().flatMap((one) => {
        if (one.signer !== signer) return [one];
        return one.length > 1 ? [{ signer, length: one.length - 1 }] : [];
      }),
    );
    return true;
  }

  #takeOf(signer: string): V {
    const [tenant = "", ...others] = this.#tenants(signer);
    const place = `${signer}/${tenant}`;
    const { first, next, length } = this.#queue(place);
    for (let number = first; number < next; number++) {
      const value = this.#at(place, number);
      if (value === undefined) continue;
      this.#change(this.#waiting.remove(numbered(place, number)));
      this.#keepQueue(place, { first: number + 1, next, length: length - 1 });
      this.#keepTenants(signer, length > 1 ? [...others, tenant] : others);
      return value;
    }
    throw new Error("a signer has a turn and nothing waiting");
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

  #at(place: string, number: number): V | undefined {
    return this.#get(this.#waiting.name, numbered(place, number)) as V | undefined;
  }

  #get(table: string, key: string): unknown {
    const changed = this.#changed.get(`${table} ${key}`);
    return changed === undefined ? this.#state.get(table, key) : changed.value;
  }

  #set(table: string, key: string, value: unknown): void {
    this.#change({ table, key, value });
  }

  #change(change: Change): void {
    this.#changed.set(`${change.table} ${change.key}`, change);
  }
}

/** Neither a key nor a tenant's name has a slash. */
const numbered = (place: string, number: number): string => `${place}/${String(number)}`;
