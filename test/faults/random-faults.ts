/**
 * Faults chosen at random, one upon another. Each heals by itself in time: what was stopped goes on, what was killed is
 * started again. Now and then nothing new is done until the pipeline has shown that it works.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { FaultRig } from "./fault-rig.ts";
import type { Api } from "./kafka-frames.ts";
import type { Action, Side } from "./kafka-proxy.ts";
import { oneOf } from "./seeded.ts";

const requests: readonly Api[] = [
  ...(["Produce", "AddPartitionsToTxn", "EndTxn", "OffsetCommit"] as const),
  ...(["InitProducerId", "Fetch", "Heartbeat"] as const),
];
const sides: readonly Side[] = ["before", "after"];

/** How often each kind comes among all. */
const weights = {
  request: 12,
  storm: 3,
  cut: 2,
  stop: 3,
  kill: 4,
  killAll: 1,
  broker: 2,
  registry: 1,
  calm: 1,
} as const;

type Kind = keyof typeof weights;

const kinds = (Object.entries(weights) as [Kind, number][]).flatMap(([kind, weight]) =>
  Array.from({ length: weight }, () => kind),
);

export class Faults {
  /** How often each kind was done. */
  readonly tally = new Map<Kind, number>();
  last: Kind = "calm";
  readonly #rig: FaultRig;
  readonly #random: () => number;
  readonly #healing = new Set<Promise<void>>();
  #brokerIsAway = false;
  #registryIsAway = false;

  constructor(rig: FaultRig, random: () => number) {
    this.#rig = rig;
    this.#random = random;
  }

  get done(): number {
    return [...this.tally.values()].reduce((sum, times) => sum + times, 0);
  }

  pauseMs(): number {
    return this.#between(0, 4_000);
  }

  async doOne(): Promise<void> {
    const kind = oneOf(this.#random, kinds);
    this.last = kind;
    this.tally.set(kind, (this.tally.get(kind) ?? 0) + 1);
    await this.#deeds[kind]();
  }

  /** Resolves once everything that was taken away is back; nothing new is to be done meanwhile. */
  async settle(): Promise<void> {
    await Promise.all(this.#healing);
  }

  readonly #deeds: Readonly<Record<Kind, () => void | Promise<void>>> = {
    request: () => {
      const client = oneOf(this.#random, ["", "worker-", "load"]);
      const times = 1 + Math.floor(this.#random() * 3);
      this.#apply({ action: this.#action(), client, times }, 20_000);
    },
    storm: () => {
      const chance = 0.02 + this.#random() * 0.2;
      this.#apply({ action: this.#action(), client: "", times: 200, chance }, this.#between(1_000, 6_000));
    },
    cut: () => {
      this.#rig.parts.proxy.cutAll();
    },
    stop: () => {
      const worker = this.#worker();
      this.#rig.crew.signal(worker, "SIGSTOP");
      this.#heal(this.#between(500, 14_000), () => {
        this.#rig.crew.signal(worker, "SIGCONT");
      });
    },
    kill: () => {
      this.#rig.crew.signal(this.#worker(), "SIGKILL");
    },
    killAll: () => {
      for (const worker of this.#rig.crew.names) this.#rig.crew.signal(worker, "SIGKILL");
    },
    broker: async () => {
      if (this.#brokerIsAway) return;
      this.#brokerIsAway = true;
      await this.#rig.parts.killKafka();
      this.#heal(this.#between(0, 8_000), async () => {
        await this.#rig.parts.startKafka();
        this.#brokerIsAway = false;
      });
    },
    registry: async () => {
      if (this.#registryIsAway) return;
      this.#registryIsAway = true;
      await this.#rig.parts.killRegistry();
      this.#heal(this.#between(500, 15_000), async () => {
        await this.#rig.parts.startRegistry();
        this.#registryIsAway = false;
      });
    },
    calm: async () => {
      await this.settle();
      await this.#rig.progress();
    },
  };

  #apply(rule: { action: Action; client: string; times: number; chance?: number }, forMs: number): void {
    const api = oneOf(this.#random, requests);
    const applied = this.#rig.parts.proxy.apply({ api, side: oneOf(this.#random, sides), ...rule });
    this.#heal(forMs, () => {
      applied.lift();
    });
  }

  #action(): Action {
    const kind = oneOf(this.#random, ["delay", "drop", "cut"] as const);
    return kind === "delay" ? { delayMs: this.#between(20, 3_000) } : kind;
  }

  #worker(): string {
    return oneOf(this.#random, this.#rig.crew.names);
  }

  #between(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least));
  }

  #heal(afterMs: number, heal: () => void | Promise<void>): void {
    const healing = sleep(afterMs).then(heal);
    this.#healing.add(healing);
    void healing.finally(() => this.#healing.delete(healing));
  }
}
