/**
 * The agent as a service: where its provider is a collaboration's sender, it announces the epoch's key and evaluates what
 * receivers send, for as long as it runs. Where it is none, it has nothing to do and does nothing.
 *
 * A batch is metered before it is evaluated, evaluated before it is committed: after a crash the same batch is answered
 * again and metered once. A batch that may not be evaluated is logged and left unanswered. One process answers from a state
 * folder; agents with folders of their own count in one meter, and one of them answers at a time.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { CryptoError } from "../../crypto/errors.ts";
import { PavilionError } from "../../errors/errors.ts";
import { openTerms } from "../clients/terms.ts";
import { traceparentOr } from "../../runtime/kafka/cloudevents.ts";
import { findEvent, followEvents } from "../../runtime/kafka/events.ts";
import type { BlindedBatch } from "../../schemas/avro/index.ts";
import { topicFor } from "../../schemas/topics.ts";
import { groupOf, sourceOf, type Agent } from "./agent.ts";
import { requireMembership, type AgentTerms } from "./membership.ts";
import { announceEpochKey } from "./epoch-key.ts";
import { MeterTopic } from "./meter-topic.ts";
import { admitBatch, evaluateBatch, type Admitted, type SenderContext } from "./oprf-sender.ts";
import { freshTraceparent } from "../../runtime/kafka/publisher.ts";
import { openWorker } from "../../runtime/kafka/reader.ts";
import type { KafkaRecord } from "../../runtime/kafka/wire/record.ts";

const blinded = "oprf.blinded.<provider>";

/** How often a key is announced again while the relay does not know the collaboration's version yet. */
const announcementsMax = 30;
const announceAgainAfterMs = 1_000;

export interface Serving {
  /** Waits for another process that answers from the same folder. */
  readonly wait: boolean;
  /** Told for whom it waits, in words. */
  readonly onWait?: (holder: string) => void;
  readonly onServing?: () => void;
}

/**
 * Serves until `stopping` is aborted, and says when it begins; rejects when Kafka is lost for good. Throws AGENT_BUSY where
 * another process answers from the same folder, REGION_BEHIND where the meter's topic was taken back.
 */
export async function serve(
  agent: Agent,
  stopping: AbortSignal,
  { onServing, ...patience }: Serving,
): Promise<void> {
  const { self, kafka, codec, log } = agent;
  using _owned = await agent.state.ownAnswers(patience);
  const meter = new MeterTopic(agent);
  await meter.begin();
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined);
  const fail = lost.reject;
  const announcer = new Announcer(agent, fail);
  const view = await openTerms({
    ...{ kafka, codec, region: self.region, log },
    reader: { role: "provider", id: self.provider },
    onChange: announcer.announce,
    fail,
  });
  announcer.begin(view);
  const notices = await openNotices(agent, announcer, fail);
  const evaluator = new Evaluator(agent, view, meter, fail);
  const worker = await openWorker(kafka, {
    topic: topicFor(self.region, blinded, self.provider),
    group: groupOf(self, "evaluator"),
    handle: (message) => evaluator.handle(message),
    onRetry: (error) => {
      log.error({ error }, "evaluation is tried again");
    },
    fail,
  });
  log.info("agent is serving");
  onServing?.();
  try {
    await Promise.race([lost.promise, untilAborted(stopping)]);
  } finally {
    announcer.stop();
    await Promise.all([worker.close(), notices.close(), view.close()]);
    await meter.close();
  }
}

/** A relay that refuses an announcement has not read the collaboration's new version yet, or has seen another key. */
function openNotices(
  agent: Agent,
  announcer: Announcer,
  fail: (error: unknown) => void,
): Promise<{ close(): Promise<void> }> {
  return followEvents(
    sourceOf(agent, "serve-notices"),
    {
      ...{ topic: "provider.notices.<provider>", owner: agent.self.provider, types: ["Notice"] },
      from: "end",
      take({ value: { kind, collaboration, code } }) {
        if (kind !== "relay-rejected") return;
        agent.log.warn({ collaboration, code }, "relay refused a message");
        if (code === "NOT_A_MEMBER" || code === "WRONG_EPOCH") announcer.announceAgain(collaboration);
      },
    },
    fail,
  );
}

/** Publishes the epoch's key of every collaboration whose sender this provider is, for every new version. */
class Announcer {
  readonly #agent: Agent;
  readonly #fail: (error: unknown) => void;
  readonly #waiting = new Set<string>();
  readonly #announcements = new Map<string, number>();
  #terms: AgentTerms | undefined;
  #publishing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(agent: Agent, fail: (error: unknown) => void) {
    this.#agent = agent;
    this.#fail = fail;
  }

  /** Announces what the terms hold; until then changes are only remembered. */
  begin(terms: AgentTerms): void {
    this.#terms = terms;
    for (const id of this.#waiting) this.announce(id);
  }

  stop(): void {
    this.#stopped = true;
  }

  readonly announce = (id: string): void => {
    const terms = this.#terms;
    if (terms === undefined) {
      this.#waiting.add(id);
      return;
    }
    this.#announcements.set(id, 0);
    this.#enqueue(terms, id);
  };

  announceAgain(id: string): void {
    const terms = this.#terms;
    const announcements = (this.#announcements.get(id) ?? announcementsMax) + 1;
    if (terms === undefined || announcements > announcementsMax) return;
    this.#announcements.set(id, announcements);
    void sleep(announceAgainAfterMs, undefined, { ref: false }).then(() => {
      this.#enqueue(terms, id);
    });
  }

  #enqueue(terms: AgentTerms, id: string): void {
    this.#publishing = this.#publishing.then(() => this.#publish(terms, id)).catch(this.#fail);
  }

  async #publish(terms: AgentTerms, id: string): Promise<void> {
    const { self, keys, publisher, log } = this.#agent;
    if (this.#stopped) return;
    try {
      const { collaboration, participant } = requireMembership(terms, id, self);
      if (collaboration.matching.sender !== self.provider) return;
      const { publicKey } = keys.epochKey(id, collaboration.matching.epoch);
      const key = await announceEpochKey(collaboration, publicKey, keys.identity.sign);
      const to = { key: participant.dataset, owner: self.provider };
      await publisher.publish("ingest.<provider>", "EpochKey", key, to);
      log.info({ collaboration: id, epoch: collaboration.matching.epoch }, "epoch key is announced");
    } catch (error) {
      if (!(error instanceof PavilionError)) throw error;
      log.warn({ collaboration: id, error }, "collaboration is not served");
    }
  }
}

class Evaluator {
  readonly #agent: Agent;
  readonly #context: SenderContext;
  readonly #meter: MeterTopic;
  readonly #fail: (error: unknown) => void;

  constructor(agent: Agent, terms: AgentTerms, meter: MeterTopic, fail: (error: unknown) => void) {
    const { self, keys } = agent;
    this.#agent = agent;
    this.#fail = fail;
    this.#context = {
      self,
      terms,
      epochKey: keys.epochKey,
      sign: keys.identity.sign,
      randomBytes,
    };
    this.#meter = meter;
  }

  /** Answers a batch or logs why not. Throws what may pass by itself: disk, Kafka and the registry. */
  async handle(record: KafkaRecord): Promise<void> {
    const { codec, log } = this.#agent;
    const found = await findEvent(codec, blinded, ["BlindedBatch"], record);
    if (!("value" in found)) {
      log.warn({ found }, "a record is passed over");
      return;
    }
    try {
      await this.#answer(found.value, traceparentOr(record.headers, freshTraceparent));
    } catch (error) {
      if (error instanceof PavilionError && error.code === "REGION_BEHIND") this.#fail(error);
      if (!(error instanceof PavilionError || error instanceof CryptoError)) throw error;
      log.warn({ error }, "blinded batch is not evaluated");
    }
  }

  async #answer(batch: BlindedBatch, traceparent: string): Promise<void> {
    const { publisher, self } = this.#agent;
    await this.#meter.begin();
    const { header, dataset, meter } = await this.#admit(batch);
    const { collaboration } = header;
    if (meter !== this.#meter.meterOf(collaboration)) await this.#meter.keep(collaboration, meter);
    const answer = await evaluateBatch(this.#context, header, batch.elements);
    const to = { key: dataset, owner: self.provider, traceparent };
    await publisher.publish("ingest.<provider>", "EvaluatedBatch", answer, to);
  }

  /** What is refused as the meter stands was perhaps counted by another agent meanwhile: then it is judged again. */
  async #admit(batch: BlindedBatch): Promise<Admitted> {
    const admit = (): Admitted =>
      admitBatch(this.#context, (collaboration) => this.#meter.meterOf(collaboration), batch);
    try {
      return admit();
    } catch (error) {
      if (!(error instanceof PavilionError) || (await this.#meter.isWriter())) throw error;
      await this.#meter.begin();
      return admit();
    }
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => {
      resolve();
    });
  });
}
