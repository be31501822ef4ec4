/**
 * Pushes one after another, as a person runs them: a command that fails is run again until it is done. Each push gives all
 * 120 people another age, so that what is live shows which push was the last.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { limitMs } from "../fault-rig.ts";
import { oneOf } from "../seeded.ts";
import { providers, type Provider, type StackRig, type Victim } from "./stack-rig.ts";

const retryAfterMs = 1_000;
const ages = 80;
const toldMax = 500;
const toldAtLast = -12;

export class PushLoad {
  /** Commands that were run. */
  tried = 0;
  /** What each of them that failed said in the end. */
  readonly told: string[] = [];
  /** The age of everybody, by the newest push of the clinic that is done. */
  age = 0;
  readonly #rig: StackRig;
  readonly #random: () => number;
  #running: Promise<void> = Promise.resolve();
  #stopping = false;
  #givenUp = false;
  #pushing: ChildProcess | undefined;

  constructor(rig: StackRig, random: () => number) {
    this.#rig = rig;
    this.#random = random;
  }

  start(everyMs: number): void {
    this.#running = this.#run(everyMs);
  }

  /** The push under way, where there is one. */
  victims(): Victim[] {
    const pid = this.#pushing?.pid;
    return pid === undefined ? [] : [{ name: "a push", pid }];
  }

  /** Ends after the push under way; both providers then push once more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    for (const provider of providers) await this.#push(provider, performance.now() + limitMs);
  }

  /** Ends with the command under way, done or not. */
  async giveUp(): Promise<void> {
    this.#stopping = this.#givenUp = true;
    this.#pushing?.kill();
    await this.#running;
  }

  async #run(everyMs: number): Promise<void> {
    while (!this.#stopping) {
      await this.#push(oneOf(this.#random, providers), performance.now() + limitMs);
      await sleep(everyMs);
    }
  }

  async #push(provider: Provider, deadline: number): Promise<void> {
    const { stack } = this.#rig;
    const age = (this.age + 1) % ages;
    const file =
      provider === "clinic"
        ? stack.csv("id,age", (i) => `${String(i)},${String(age)}`)
        : stack.csv("id,member", (i) => `${String(i)},yes`);
    for (;;) {
      const { code, told } = await this.#command([...stack.pushOf(provider, file), "--timeout", "60"]);
      this.tried += 1;
      if (code === 0) break;
      this.told.push(`${new Date().toISOString()} ${provider}: ${told.trim()}`);
      if (this.#givenUp) return;
      if (performance.now() > deadline) {
        throw new Error(`${provider} cannot push:\n${this.told.slice(toldAtLast).join("\n")}`);
      }
      // Of an earlier file's, which was given up as failed after all.
      if (told.includes("PUSH_INTERRUPTED")) await this.#command([...stack.pushOf(provider), "--resume"]);
      await sleep(retryAfterMs);
    }
    if (provider === "clinic") this.age = age;
  }

  async #command(args: string[]): Promise<{ code: number | null; told: string }> {
    const child = this.#rig.stack.pavilion.start(...args);
    this.#pushing = child;
    let told = "";
    child.stdout?.resume();
    child.stderr?.on("data", (text: Buffer) => (told = `${told}${text.toString()}`.slice(-toldMax)));
    const [code] = (await once(child, "close")) as [number | null];
    this.#pushing = undefined;
    return { code, told };
  }
}
