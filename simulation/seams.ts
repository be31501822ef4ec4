/**
 * Where a worker meets the outside, the scheduler decides when it goes on, and whether it does: a worker whose process
 * died waits there for ever.
 */
import type { Choice } from "./choice.ts";

/** A process that runs a worker. */
export interface Process {
  /** Died: nothing it does has any further effect. */
  dead: boolean;
  readonly stage: string;
}

export interface Gate {
  readonly process: Process;
  readonly label: string;
  readonly open: () => void;
}

export class Seams {
  readonly choice: Choice;
  readonly gates: Gate[] = [];
  /** Calls to the outside that are answered by real work under way. */
  #underWay = 0;

  constructor(choice: Choice) {
    this.choice = choice;
  }

  /** Waits for the scheduler. */
  async pass(process: Process, label: string): Promise<void> {
    await new Promise<void>((resolve) => {
      if (process.dead) return;
      const gate: Gate = {
        process,
        label,
        open: () => {
          this.gates.splice(this.gates.indexOf(gate), 1);
          resolve();
        },
      };
      this.gates.push(gate);
    });
  }

  /** Real work that the scheduler waits for. */
  async track<T>(work: Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await work;
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Resolves once every worker waits for the scheduler, a timer or a record. */
  async quiet(): Promise<void> {
    do await new Promise(setImmediate);
    while (this.#underWay > 0);
  }

  /** The gates of a process that died stay shut. */
  forget(process: Process): void {
    const kept = this.gates.filter((gate) => gate.process !== process);
    this.gates.splice(0, this.gates.length, ...kept);
  }
}
