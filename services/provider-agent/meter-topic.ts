/**
 * The sender's meter where all agents of its provider see one: the provider's own compacted topic, a record a
 * collaboration, each the whole meter of its epoch.
 *
 * Promises: of any number of agents one writes at a time. Whoever begins to write fences the others by the
 * transactional id that they share, and reads what they left only then; a fenced one can commit nothing more, and has to
 * begin again. A count is kept before its batch is evaluated: in the topic, then in the agent's own folder. An agent that
 * has seen more than the topic holds evaluates nothing. Does not: keep an operator who takes the topic back from what an
 * agent without that memory would then count anew.
 */
import { randomBytes } from "node:crypto";
import { PavilionError } from "../../errors/errors.ts";
import { headersOf } from "../../runtime/kafka/cloudevents.ts";
import { freshTraceparent } from "../../runtime/kafka/publisher.ts";
import type { AddressedRecord } from "../../runtime/kafka/emitted-record.ts";
import { readEvents } from "../../runtime/kafka/events.ts";
import { Transactor } from "../../runtime/kafka/transactor.ts";
import type { ProviderStateDocument } from "../../schemas/json/provider-state.ts";
import { topicFor } from "../../schemas/topics.ts";
import { groupOf, sourceOf, type Agent } from "./agent.ts";
import { addMeters, laterMeter, type Meter } from "./meter.ts";
import { openRecord, requireNotBehind, sealRecord, type MeterRecord } from "./meter-record.ts";

const topic = "provider.state.<provider>";
/** Key of the record by which a writer begins: it has no value. */
const WRITER = "writer";

export class MeterTopic {
  readonly #agent: Agent;
  readonly #records = new Map<string, MeterRecord>();
  #writer: Transactor | undefined;

  constructor(agent: Agent) {
    this.#agent = agent;
  }

  /**
   * Makes this agent the one that writes, unless it is, and reads what stands. Throws REGION_BEHIND, and what may pass
   * by itself: disk and Kafka.
   */
  async begin(): Promise<void> {
    if (this.#writer !== undefined) return;
    const writer = await this.#open();
    try {
      // The first transaction fences whoever wrote before; what it reads after that is the last of theirs.
      await writer.commit([this.#beginning]);
      await this.#read();
      for (const collaboration of await this.#agent.state.meteredCollaborations()) {
        requireNotBehind(this.#records.get(collaboration), await this.#seen(collaboration));
      }
      this.#writer = writer;
      await this.#carryOver();
    } catch (error) {
      this.#writer = undefined;
      await writer.discard();
      throw error;
    }
  }

  /** What has been counted of a collaboration. Only after `begin`. */
  meterOf(collaboration: string): Meter | undefined {
    return this.#records.get(collaboration)?.document;
  }

  /** Whether nobody else has begun to write since; if somebody has, this agent has to begin again. */
  async isWriter(): Promise<boolean> {
    try {
      await this.#writer?.commit([this.#beginning]);
      return this.#writer !== undefined;
    } catch {
      await this.close();
      return false;
    }
  }

  /** Keeps the meter: resolves once it is committed to the topic, and in the agent's folder. */
  async keep(collaboration: string, meter: Meter, carried?: string): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) throw new Error("the meter is kept by who has begun to write it");
    const last = this.#records.get(collaboration);
    const record = await this.#next(collaboration, meter, last, carried);
    try {
      const value = await this.#agent.codec.encode(topic, "ProviderState", { sealed: record.sealed });
      const headers = headersOf({
        id: `${collaboration}/${String(record.document.sequence)}`,
        type: "ProviderState",
        source: `/provider/${this.#agent.self.provider}`,
        time: Date.now(),
        subject: collaboration,
        traceparent: freshTraceparent(),
      });
      await writer.commit([{ address: this.#address, message: { key: collaboration, value, headers } }]);
    } catch (error) {
      // Fenced, or it is not certain whether it was kept: whoever writes next reads what stands first.
      await this.close();
      throw error;
    }
    this.#records.set(collaboration, record);
    await this.#agent.state.writeMeterRecord(collaboration, record.sealed);
  }

  /**
   * Goes on from what either side has counted, where the topic is behind the agent's folder; answers of which
   * collaborations. For a person who knows what became of the topic.
   */
  async repair(): Promise<string[]> {
    const writer = await this.#open();
    this.#writer = writer;
    await writer.commit([this.#beginning]);
    await this.#read();
    const repaired: string[] = [];
    for (const collaboration of await this.#agent.state.meteredCollaborations()) {
      const seen = await this.#seen(collaboration);
      const stands = this.#records.get(collaboration);
      if (seen === undefined || !isBehind(stands, seen)) continue;
      const later = stands === undefined || seen.document.sequence > stands.document.sequence ? seen : stands;
      this.#records.set(collaboration, later);
      await this.keep(collaboration, laterMeter(stands?.document, seen.document));
      repaired.push(collaboration);
    }
    return repaired;
  }

  /** Each collaboration with the newest record of both sides, without becoming the one that writes. */
  async compare(): Promise<
    { collaboration: string; topic: MeterRecord | undefined; seen: MeterRecord | undefined }[]
  > {
    await this.#read();
    const known = new Set([...this.#records.keys(), ...(await this.#agent.state.meteredCollaborations())]);
    return Promise.all(
      [...known].sort().map(async (collaboration) => ({
        collaboration,
        topic: this.#records.get(collaboration),
        seen: await this.#seen(collaboration),
      })),
    );
  }

  async close(): Promise<void> {
    await this.#writer?.discard();
    this.#writer = undefined;
  }

  get #address(): string {
    const { self } = this.#agent;
    return topicFor(self.region, topic, self.provider);
  }

  get #beginning(): AddressedRecord {
    return { address: this.#address, message: { key: WRITER, value: null } };
  }

  #open(): Promise<Transactor> {
    const { kafka, self } = this.#agent;
    return Transactor.open(kafka, groupOf(self, "meter"));
  }

  async #read(): Promise<void> {
    const { self, keys } = this.#agent;
    this.#records.clear();
    await readEvents(sourceOf(this.#agent, "meter"), {
      ...{ topic, owner: self.provider, types: ["ProviderState"], from: "beginning" },
      take: ({ key: collaboration, value: { sealed } }) => {
        this.#records.set(collaboration, openRecord({ self, collaboration }, sealed, keys.stateKey));
      },
    });
  }

  async #seen(collaboration: string): Promise<MeterRecord | undefined> {
    const { self, keys, state } = this.#agent;
    const sealed = await state.readMeterRecord(collaboration);
    return sealed === undefined ? undefined : openRecord({ self, collaboration }, sealed, keys.stateKey);
  }

  #next(
    collaboration: string,
    { epoch, receivers }: Meter,
    last: MeterRecord | undefined,
    added?: string,
  ): Promise<MeterRecord> {
    const { self, keys } = this.#agent;
    const carried = [...(last?.document.carried ?? []), ...(added === undefined ? [] : [added])].slice(-16);
    const sequence = (last?.document.sequence ?? 0) + 1;
    const body: Pick<ProviderStateDocument, "sequence" | "previous" | "epoch" | "receivers" | "carried"> = {
      ...{ sequence, previous: last?.digest ?? null, epoch },
      ...{ receivers: [...receivers], carried },
    };
    const sealing = { stateKey: keys.stateKey, sign: keys.identity.sign };
    return sealRecord({ self, collaboration }, body, sealing, randomBytes);
  }

  /** What an earlier version's agent counted in a file of its own is added to what stands, once. */
  async #carryOver(): Promise<void> {
    const { state, log } = this.#agent;
    const file = await state.readOldMeter();
    if (file === undefined) return;
    for (const [collaboration, meter] of file.meters) {
      const stands = this.#records.get(collaboration)?.document;
      if (stands?.carried.includes(file.digest) === true) continue;
      await this.keep(collaboration, addMeters(stands, meter), file.digest);
    }
    await state.removeOldMeter();
    log.warn(
      { collaborations: [...file.meters.keys()] },
      "meter.json is carried over to the provider's own topic",
    );
  }
}

function isBehind(topic: MeterRecord | undefined, seen: MeterRecord): boolean {
  try {
    requireNotBehind(topic, seen);
    return false;
  } catch (error) {
    if (error instanceof PavilionError) return true;
    throw error;
  }
}
