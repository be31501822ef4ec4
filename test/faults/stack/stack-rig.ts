/**
 * A whole stack as its users run it: `up`, two providers whose agents serve and push, a broker. Every process of it may be
 * killed: those that the supervisor keeps running, the agents, which are kept running here as a service manager would, the
 * supervisor itself, after which `up` is run again.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Kafka } from "kafkajs";
import { startProcess, type PartProcess } from "../../../infra/embedded/process.ts";
import { connectKafka, type KafkaAccess } from "../../../runtime/kafka/client.ts";
import { openCodec, type Codec } from "../../../runtime/registry/codec.ts";
import type { Access } from "../../../schemas/json/access.ts";
import { Kept } from "../../../services/stack/kept.ts";
import { readStandings } from "../../../services/stack/standings.ts";
import { operatorName } from "../../../services/stack/stack.ts";
import { readRemembered } from "../../../services/stack/remembered.ts";
import { BadInputStack } from "../../integration/bad-input-stack.ts";
import { limitMs, log } from "../fault-rig.ts";
import { topics } from "../../../pipelines/pipelines.ts";

export const region = "eu-central";
export const providers = ["clinic", "insurer"] as const;
export type Provider = (typeof providers)[number];

const upAgainAfterMs = 1_000;
const main = resolve(import.meta.dirname, "../../../cli/main.ts");

export interface Victim {
  readonly name: string;
  readonly pid: number;
}

export class StackRig {
  readonly stack: BadInputStack;
  readonly #agents: Kept<PartProcess>[] = [];
  #comingUp: Promise<void> | undefined;

  /** Resolves once both providers have pushed and a question can be asked. */
  static async start(...terms: Parameters<typeof BadInputStack.start>): Promise<StackRig> {
    const stack = await BadInputStack.start(...terms);
    const rig = new StackRig(stack);
    try {
      // The agent that served the first pushes gives way to those that are kept.
      await stack.leave();
      for (const provider of providers) await rig.#serve(provider);
      return rig;
    } catch (error) {
      await rig.stop();
      throw error;
    }
  }

  private constructor(stack: BadInputStack) {
    this.stack = stack;
  }

  /** Where the stack keeps what it holds. */
  get folder(): string {
    return join(this.stack.pavilion.home, "stack");
  }

  /** Those that run now. */
  victims(): Victim[] {
    const standings = readStandings(this.folder).map(({ name, pid }) => ({ name, pid }));
    const agents = this.#agents.map(({ name, standing: { pid } }) => ({ name, pid }));
    return [...standings, ...agents].flatMap(({ name, pid }) => (pid === null ? [] : [{ name, pid }]));
  }

  /** The supervisor's process id; its parts and connectors die with it. */
  supervisor(): number | undefined {
    const file = join(this.folder, "supervisor.pid");
    return existsSync(file) ? Number(readFileSync(file, "utf8")) : undefined;
  }

  /** Runs `up` until it says that the stack is. */
  async comeUp(): Promise<void> {
    this.#comingUp ??= this.#up().finally(() => (this.#comingUp = undefined));
    await this.#comingUp;
  }

  async #up(): Promise<void> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const { code, err } = await this.stack.pavilion.run("up");
      if (code === 0) return;
      if (performance.now() > deadline) throw new Error(`the stack does not come up again: ${err}`);
      await sleep(upAgainAfterMs);
    }
  }

  /** How a party gets at Kafka, as its access file says. */
  accessOf(role: "provider" | "broker", name: string): Access {
    return JSON.parse(readFileSync(this.stack.partyFile(role, name, "access.json"), "utf8")) as Access;
  }

  /** The operator's way to Kafka. */
  operator(): KafkaAccess {
    const known = readRemembered(this.folder);
    return {
      bootstrap: known?.bootstrap ?? "",
      username: operatorName,
      password: known?.passwords[operatorName] ?? "",
    };
  }

  operatorKafka(): Kafka {
    return connectKafka(this.operator(), "count", log);
  }

  codec(): Promise<Codec> {
    return openCodec(readRemembered(this.folder)?.registryUrl ?? "", topics);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.stop(0)));
    await this.stack.stop();
  }

  async #serve(provider: Provider): Promise<void> {
    const startAgain = (): Promise<PartProcess> =>
      startProcess({
        name: `the agent of ${provider}`,
        command: process.execPath,
        args: [main, "provider", "serve", "--provider", provider],
        cwd: this.stack.dir,
        logFile: join(this.stack.dir, `serve-${provider}.log`),
        environment: { PAVILION_HOME: this.stack.pavilion.home },
      });
    const first = await startAgain();
    this.#agents.push(new Kept({ name: first.name, first, startAgain, onChange: () => undefined }));
  }
}
