/**
 * A receiver's tokens: its identifiers blinded, sent to the sender through the relay, evaluated and finalized. Several
 * batches are under way at a time, so that both agents work at once.
 */
import { randomBytes } from "node:crypto";
import { followEvents, type TypedEvent } from "../../runtime/kafka/events.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { EpochKey, EvaluatedBatch, Notice } from "../../schemas/avro/index.ts";
import { sourceOf, type Agent } from "./agent.ts";
import { inBatches } from "./batches.ts";
import type { Membership } from "./membership.ts";
import { pinEpochKey, readEpochKey } from "./epoch-key.ts";
import { Mailbox } from "./mailbox.ts";
import {
  blindBatch,
  finalizeAnswer,
  readAnswer,
  type Blinding,
  type ReceiverContext,
} from "./oprf-receiver.ts";
import type { Progress } from "./progress.ts";
import type { Reader } from "../../runtime/kafka/reader.ts";
import type { DatasetPlace } from "./state-folder.ts";
import { waitForNext } from "./waiting.ts";

export interface MatchingOrder {
  readonly membership: Membership;
  readonly place: DatasetPlace;
  readonly push: string;
  readonly traceparent: string;
  readonly timeoutMs: number;
  readonly progress: Progress;
}

type Incoming = TypedEvent<"EpochKey" | "EvaluatedBatch" | "Notice">;

/** Batches without an answer at any time. */
const WINDOW = 16;

/**
 * One token of 16 bytes an identifier, in their order. Throws TIMED_OUT where the sender's agent does not answer,
 * PUSH_REJECTED where the relay refuses a batch, EPOCH_KEY_REFUSED, and what `finalizeAnswer` throws.
 */
export async function requestTokens(
  agent: Agent,
  order: MatchingOrder,
  identifiers: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const mailbox = new Mailbox<Incoming>();
  const readers: Reader[] = [];
  try {
    readers.push(await openNotices(agent, mailbox));
    readers.push(await openAnswers(agent, mailbox));
    return await new TokenRequest(agent, order, mailbox, identifiers).run();
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
}

function openNotices(agent: Agent, mailbox: Mailbox<Incoming>): Promise<Reader> {
  return followEvents(
    sourceOf(agent, "relay-notices"),
    {
      ...{ topic: "provider.notices.<provider>", owner: agent.self.provider, types: ["Notice"] },
      from: "end",
      take: (event) => {
        mailbox.put(event);
      },
    },
    mailbox.fail,
  );
}

/** From the beginning: the epoch's key may have been announced long ago. */
function openAnswers(agent: Agent, mailbox: Mailbox<Incoming>): Promise<Reader> {
  return followEvents(
    sourceOf(agent, "evaluated"),
    {
      ...{ topic: "oprf.evaluated.<provider>", owner: agent.self.provider },
      types: ["EpochKey", "EvaluatedBatch"],
      from: "beginning",
      take: (event) => {
        mailbox.put(event);
      },
    },
    mailbox.fail,
  );
}

class TokenRequest {
  readonly #agent: Agent;
  readonly #order: MatchingOrder;
  readonly #mailbox: Mailbox<Incoming>;
  readonly #context: ReceiverContext;
  readonly #batches: Uint8Array[][];
  readonly #total: number;
  readonly #open = new Map<string, { readonly index: number; readonly blinding: Blinding }>();
  readonly #tokens: Uint8Array[][] = [];
  #publicKey: string | undefined;
  #answered = 0;

  constructor(
    agent: Agent,
    order: MatchingOrder,
    mailbox: Mailbox<Incoming>,
    identifiers: readonly Uint8Array[],
  ) {
    this.#agent = agent;
    this.#order = order;
    this.#mailbox = mailbox;
    this.#batches = inBatches(identifiers);
    this.#total = identifiers.length;
    this.#context = {
      collaboration: order.membership.collaboration,
      provider: agent.self.provider,
      push: order.push,
      sign: agent.keys.identity.sign,
      randomBytes,
    };
  }

  async run(): Promise<Uint8Array[]> {
    const { progress, place } = this.#order;
    this.#publicKey = await this.#agent.state.readEpochKey(place);
    while (this.#publicKey === undefined) await this.#takeNext();
    for (const phase of ["blind", "evaluate", "finalize"] as const) progress.begin(phase);
    for (const [index, identifiers] of this.#batches.entries()) {
      while (this.#open.size >= WINDOW) await this.#takeNext();
      await this.#ask(index, identifiers);
    }
    while (this.#open.size > 0) await this.#takeNext();
    return this.#tokens.flat();
  }

  async #ask(index: number, identifiers: Uint8Array[]): Promise<void> {
    const { membership, progress, traceparent } = this.#order;
    const { batch, blinding } = await blindBatch(this.#context, index + 1, identifiers);
    this.#open.set(blinding.digest, { index, blinding });
    const key = membership.participant.dataset;
    const { provider } = this.#agent.self;
    await this.#agent.publisher.publish("ingest.<provider>", "BlindedBatch", batch, {
      key,
      owner: provider,
      traceparent,
    });
    const before = this.#batches.slice(0, index).reduce((sum, { length }) => sum + length, 0);
    progress.update("blind", before + identifiers.length, this.#total);
  }

  async #takeNext(): Promise<void> {
    const { membership, progress, timeoutMs } = this.#order;
    const { sender } = membership.collaboration.matching;
    const incoming = await waitForNext(this.#mailbox, {
      timeoutMs,
      whom: `the agent of ${sender}, the sender`,
      onWait: (seconds) => {
        progress.wait(
          "evaluate",
          `the sender's agent, ${sender}, which has not answered for ${String(seconds)} s`,
        );
      },
    });
    if (incoming.type === "EpochKey") await this.#takeKey(incoming.value);
    else if (incoming.type === "EvaluatedBatch") this.#takeAnswer(incoming.value);
    else this.#takeNotice(incoming.value);
  }

  /** Keys and answers of other collaborations and epochs stand in the same topic. */
  async #takeKey(announced: EpochKey): Promise<void> {
    const { membership, place } = this.#order;
    let key: string | undefined;
    try {
      key = readEpochKey(announced, membership.collaboration);
    } catch (error) {
      if (!(error instanceof PavilionError)) throw error;
      this.#agent.log.warn({ error }, "announced epoch key is not taken");
      return;
    }
    if (key === undefined) return;
    const known = this.#publicKey;
    this.#publicKey = pinEpochKey(known, key);
    if (known === undefined) await this.#agent.state.writeEpochKey(place, key);
  }

  #takeAnswer(answer: EvaluatedBatch): void {
    const { progress } = this.#order;
    const { blindedDigest } = readAnswer(answer);
    const open = this.#open.get(blindedDigest);
    if (open === undefined || this.#publicKey === undefined) return;
    this.#answered += open.blinding.elements.length;
    progress.update("evaluate", this.#answered, this.#total);
    this.#tokens[open.index] = finalizeAnswer(this.#context, this.#publicKey, open.blinding, answer);
    this.#open.delete(blindedDigest);
    progress.update("finalize", this.#answered, this.#total);
  }

  /** Of this push's batches alone: of one that the relay could not read it cannot say the push. */
  #takeNotice({ kind, push, document, code, message }: Notice): void {
    if (kind !== "relay-rejected" || (push !== this.#order.push && !this.#open.has(document))) return;
    const reason = `${code ?? "no code"}: ${message ?? "no reason given"}`;
    throw new PavilionError("PUSH_REJECTED", `The relay refused a blinded batch. ${reason}`);
  }
}
