/**
 * The counting pipeline's workers, each a process that signals reach. One that ends is started again, whether it was
 * killed or could not go on, as a deployment would do.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startProcess, type PartProcess } from "../../infra/embedded/process.ts";
import type { WorkerConfig } from "./counting-worker.ts";

const restartAfterMs = 500;
const main = join(import.meta.dirname, "counting-worker.ts");

export class Crew {
  readonly #dir: string;
  readonly #context: Omit<WorkerConfig, "name" | "stateFolder">;
  readonly #members = new Map<string, PartProcess>();
  #stopping = false;

  constructor(dir: string, context: Omit<WorkerConfig, "name" | "stateFolder">) {
    this.#dir = dir;
    this.#context = context;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  }

  get names(): string[] {
    return [...this.#members.keys()];
  }

  /** Resolves when the process runs; it joins in its own time. */
  async start(name: string): Promise<void> {
    const config = join(this.#dir, `${name}.json`);
    const text = JSON.stringify({
      ...{ ...this.#context, name, stateFolder: join(this.#dir, `${name}-state`) },
    } satisfies WorkerConfig);
    writeFileSync(config, text, { mode: 0o600 });
    const member = await startProcess({
      name,
      command: process.execPath,
      args: [main, config],
      cwd: this.#dir,
      logFile: this.#logFile(name),
    });
    if (this.#isStopping()) {
      await member.stop(0);
      return;
    }
    this.#members.set(name, member);
    void member.exited.then(() => this.#startAgain(name));
  }

  /** Sends a signal: SIGKILL ends a worker, which is started again; SIGSTOP holds it until SIGCONT. */
  signal(name: string, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    const member = this.#members.get(name);
    if (member === undefined) throw new Error(`no worker ${name}`);
    try {
      process.kill(member.pid, signal);
    } catch {
      // It has ended meanwhile, and is started again.
    }
  }

  /** All that a worker has logged, over all its starts. */
  logOf(name: string): string {
    return readFileSync(this.#logFile(name), "utf8");
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const name of this.names) this.signal(name, "SIGCONT");
    await Promise.all([...this.#members.values()].map((member) => member.stop()));
  }

  async #startAgain(name: string): Promise<void> {
    await sleep(restartAfterMs);
    if (!this.#isStopping()) await this.start(name);
  }

  /** Asked again after every wait. */
  #isStopping(): boolean {
    return this.#stopping;
  }

  #logFile(name: string): string {
    return join(this.#dir, `${name}.log`);
  }
}
