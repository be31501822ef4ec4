/**
 * A process that is to run for good. Whenever it ends it is started again, alone: after waits that grow up to five
 * seconds, and that begin small again once it has stood for a minute. A start that fails is tried again like an end.
 * How it stands is told as it changes.
 */
import type { Part } from "../../infra/parts.ts";
import { PavilionError } from "../../errors/errors.ts";
import { Waits } from "../../runtime/failures/persistence.ts";

const stoodAfterMs = 60_000;

/** How a process stands. */
export interface Standing {
  /** "up", or "away" from its end until it answers again. */
  readonly state: "up" | "away";
  /** Null where it is away, and where the part does not say. */
  readonly pid: number | null;
  /** When it came up, or went; ISO 8601. */
  readonly since: string;
  /** How often it was started again. */
  readonly restarts: number;
  /** How it ended last, such as `signal SIGKILL`; null where it never did. */
  readonly ended: string | null;
  /** How many starts have failed since it ended, and the code of the last failure. */
  readonly failedStarts: number;
  readonly failure: string | null;
}

export interface KeptPlan<P extends Part> {
  readonly name: string;
  readonly first: P;
  readonly startAgain: () => Promise<P>;
  /** Told of every change, with a sentence about it. */
  readonly onChange: (standing: Standing, sentence: string) => void;
  /** For tests; the clock's by default. */
  readonly now?: () => number;
}

export class Kept<P extends Part> {
  readonly name: string;
  readonly #plan: KeptPlan<P>;
  readonly #now: () => number;
  readonly #stopping = new AbortController();
  readonly #keeping: Promise<void>;
  #process: P;
  #standing: Standing;

  constructor(plan: KeptPlan<P>) {
    this.name = plan.name;
    this.#plan = plan;
    this.#now = plan.now ?? Date.now;
    this.#process = plan.first;
    const none = { restarts: 0, ended: null, failedStarts: 0, failure: null };
    this.#standing = { state: "up", pid: plan.first.pid ?? null, since: this.#time(), ...none };
    this.#keeping = this.#keep();
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** Ends the keeping, then the process; a start that is under way is awaited first. */
  async stop(graceMs?: number): Promise<void> {
    this.#stopping.abort();
    const stopped = this.#process.stop(graceMs);
    await this.#keeping;
    await stopped;
    await this.#process.stop(graceMs);
  }

  async #keep(): Promise<void> {
    const waits = new Waits();
    for (;;) {
      const since = this.#now();
      const ended = await this.#process.exited;
      if (this.#isStopping()) return;
      if (this.#now() - since >= stoodAfterMs) waits.reset();
      this.#change(
        { state: "away", pid: null, since: this.#time(), ended, failedStarts: 0, failure: null },
        `${this.name} ended with ${ended}; it is started again, alone`,
      );
      await this.#startAgain(waits);
      if (this.#isStopping()) return;
    }
  }

  /** Resolves once it runs again, or is not to any more. */
  async #startAgain(waits: Waits): Promise<void> {
    for (;;) {
      await this.#pause(waits.next());
      if (this.#isStopping()) return;
      try {
        this.#process = await this.#plan.startAgain();
        const { restarts } = this.#standing;
        const pid = this.#process.pid ?? null;
        const up = { state: "up", pid, since: this.#time(), restarts: restarts + 1 } as const;
        this.#change({ ...up, failedStarts: 0, failure: null }, `${this.name} is up again`);
        return;
      } catch (error) {
        const failure = error instanceof PavilionError ? error.code : "INTERNAL_ERROR";
        const failedStarts = this.#standing.failedStarts + 1;
        const why = error instanceof Error ? error.message : String(error);
        this.#change({ failedStarts, failure }, `${this.name} did not start and is tried again: ${why}`);
      }
    }
  }

  /** Ends early where it is told to stop. */
  async #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#stopping;
    const passed = Promise.withResolvers<undefined>();
    const end = (): void => {
      passed.resolve(undefined);
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
    await passed.promise;
    signal.removeEventListener("abort", end);
    clearTimeout(timer);
  }

  #change(changed: Partial<Standing>, sentence: string): void {
    this.#standing = { ...this.#standing, ...changed };
    this.#plan.onChange(this.#standing, sentence);
  }

  #time(): string {
    return new Date(this.#now()).toISOString();
  }

  /** Asked again after every wait. */
  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }
}
