/**
 * Signed requests, each another question, published one after another through whatever happens. A request that Kafka
 * acknowledged stands on the topic for sure; of one whose publishing failed that is open.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { readRequest } from "../../../domain/terms/request.ts";
import { connectKafka } from "../../../runtime/kafka/client.ts";
import { openPublisher, type Publisher } from "../../../runtime/kafka/publisher.ts";
import { openCodec } from "../../../runtime/registry/codec.ts";
import type { Result, SignedRequest } from "../../../schemas/avro/index.ts";
import { openBrokerClient } from "../../../services/clients/broker/client.ts";
import { limitMs, log } from "../fault-rig.ts";
import { region, type StackRig } from "./stack-rig.ts";
import { topics } from "../../../pipelines/pipelines.ts";

const retryAfterMs = 500;
/** Faults take their time: what is asked is to be answered, not to be refused as late. */
const deadlineSeconds = 900;

export interface Asked {
  readonly request: SignedRequest;
  readonly digest: string;
}

export class RequestLoad {
  readonly sure: Asked[] = [];
  readonly unsure: Asked[] = [];
  readonly #rig: StackRig;
  #made = 0;
  #stopping = false;
  #running: Promise<void> = Promise.resolve();
  #publisher: Publisher | undefined;

  constructor(rig: StackRig) {
    this.#rig = rig;
  }

  start(everyMs: number): void {
    this.#running = this.#run(everyMs);
  }

  /** Ends after the request under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    await this.#publisher?.close().catch(() => undefined);
  }

  /** Asks until something is answered: the whole pipeline works. */
  async answer(change: object = {}): Promise<Result> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const result = await this.#answered(change).catch((error: unknown) => String(error));
      if (typeof result !== "string" && result.answer !== null) return result;
      const last = typeof result === "string" ? result : (result.code ?? "");
      if (performance.now() > deadline) throw new Error(`nothing is answered; at last ${last}`);
      await sleep(retryAfterMs);
    }
  }

  async #answered(change: object): Promise<Result> {
    const { kafka, registryUrl } = this.#rig.accessOf("broker", "core");
    const client = await openBrokerClient({ broker: "core", region, kafka, registryUrl, log });
    try {
      const asked = await this.#next({ deadlineSeconds: 60, ...change });
      const outcome = client.ask(asked.request);
      this.unsure.push(asked);
      const result = await outcome;
      this.unsure.splice(this.unsure.indexOf(asked), 1);
      this.sure.push(asked);
      return result;
    } finally {
      await client.close().catch(() => undefined);
    }
  }

  /** Each costs a different ε, so that none is another's stored answer. A client that fails is given up. */
  async #next(change: object = {}): Promise<Asked> {
    this.#made += 1;
    const epsilon = `${String(1_000 + this.#made)}/100000`;
    const { stack } = this.#rig;
    try {
      const request = await stack.signed({ epsilon, deadlineSeconds, ...change });
      return { request, digest: readRequest(request.document).digest };
    } catch (error) {
      await stack.forget();
      throw error;
    }
  }

  async #run(everyMs: number): Promise<void> {
    while (!this.#stopping) {
      const due = performance.now() + everyMs;
      await this.#publish();
      await sleep(Math.max(0, due - performance.now()));
    }
  }

  async #publish(): Promise<void> {
    let asked: Asked;
    try {
      asked = await this.#next();
      this.#publisher ??= await this.#open();
    } catch {
      await sleep(retryAfterMs);
      return;
    }
    const { request } = asked;
    try {
      await this.#publisher.publish("broker.requests", "SignedRequest", request, { key: request.requestId });
      this.sure.push(asked);
    } catch {
      this.unsure.push(asked);
      await sleep(retryAfterMs);
    }
  }

  async #open(): Promise<Publisher> {
    const { kafka, registryUrl } = this.#rig.accessOf("broker", "core");
    const client = connectKafka(kafka, "load", log);
    return openPublisher(client, await openCodec(registryUrl, topics), region, "/broker/core");
  }
}
