/**
 * Faults on a whole stack, chosen at random, one upon another: processes that are killed or held, and now and then nothing
 * until a question has shown that everything works.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { oneOf } from "../seeded.ts";
import type { StackRig, Victim } from "./stack-rig.ts";

/** How often each kind comes among all. */
const weights = { kill: 10, two: 3, hold: 3, everything: 1, calm: 3 } as const;
type Kind = keyof typeof weights;

const kinds = (Object.entries(weights) as [Kind, number][]).flatMap(([kind, weight]) =>
  Array.from({ length: weight }, () => kind),
);

interface FaultsPlan {
  readonly rig: StackRig;
  readonly random: () => number;
  /** Those besides the rig's own. */
  readonly others: () => Victim[];
  /** Resolves once the whole pipeline has worked. */
  readonly progress: () => Promise<unknown>;
}

export class StackFaults {
  /** How often each process was killed or held. */
  readonly tally = new Map<string, number>();
  last = "nothing yet";
  readonly #plan: FaultsPlan;
  readonly #healing = new Set<Promise<void>>();

  constructor(plan: FaultsPlan) {
    this.#plan = plan;
  }

  get done(): number {
    return [...this.tally.values()].reduce((sum, times) => sum + times, 0);
  }

  pauseMs(): number {
    return this.#between(500, 9_000);
  }

  async doOne(): Promise<void> {
    await this.#deeds[oneOf(this.#plan.random, kinds)]();
  }

  /** Kills what bears a name that begins so, if it runs. */
  killNamed(name: string): void {
    const victim = this.#victims().find((one) => one.name.startsWith(name));
    if (victim !== undefined) this.#signal(victim, "SIGKILL");
  }

  /** The supervisor, with which its parts and connectors die; `up` finds everything again. */
  async killEverything(): Promise<void> {
    const pid = this.#plan.rig.supervisor();
    if (pid === undefined) return;
    this.#signal({ name: "the supervisor", pid }, "SIGKILL");
    await sleep(this.#between(0, 2_000));
    await this.#plan.rig.comeUp();
  }

  /** Resolves once what was held goes on. */
  async settle(): Promise<void> {
    await Promise.all(this.#healing);
  }

  readonly #deeds: Readonly<Record<Kind, () => unknown>> = {
    kill: () => {
      this.#killOne();
    },
    two: () => {
      this.#killOne();
      this.#killOne();
    },
    hold: () => {
      const victim = this.#victim();
      if (victim === undefined) return;
      this.#signal(victim, "SIGSTOP");
      const healing = sleep(this.#between(500, 12_000)).then(() => {
        signalled(victim.pid, "SIGCONT");
      });
      this.#healing.add(healing);
      void healing.finally(() => this.#healing.delete(healing));
    },
    everything: () => this.killEverything(),
    calm: async () => {
      await this.settle();
      this.last = "calm";
      await this.#plan.progress();
    },
  };

  #killOne(): void {
    const victim = this.#victim();
    if (victim !== undefined) this.#signal(victim, "SIGKILL");
  }

  #victims(): Victim[] {
    return [...this.#plan.rig.victims(), ...this.#plan.others()];
  }

  #victim(): Victim | undefined {
    const all = this.#victims();
    return all.length === 0 ? undefined : oneOf(this.#plan.random, all);
  }

  #signal({ name, pid }: Victim, signal: NodeJS.Signals): void {
    if (!signalled(pid, signal)) return;
    this.tally.set(name, (this.tally.get(name) ?? 0) + 1);
    this.last = `${signal} to ${name}`;
  }

  #between(least: number, most: number): number {
    return least + Math.floor(this.#plan.random() * (most - least));
  }
}

/** False where it is gone already. */
function signalled(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
