/**
 * Delivering a sealed push: sends its batches, waits for ingest's notices, and moves the dataset's head. The sealed
 * batches lie in the state folder until every one is settled, so a push that was cut off is sent on, byte for byte.
 *
 * Promises: a push counts as accepted only by notices about its own batches. A batch is accepted only after those before
 * it, so one that is accepted vouches for them.
 */
import { PavilionError } from "../../errors/errors.ts";
import { followEvents } from "../../runtime/kafka/events.ts";
import { freshTraceparent } from "../../runtime/kafka/publisher.ts";
import type { Reader } from "../../runtime/kafka/reader.ts";
import type { Notice } from "../../schemas/avro/index.ts";
import { sourceOf, type Agent } from "./agent.ts";
import { Mailbox } from "./mailbox.ts";
import type { Progress } from "./progress.ts";
import type { Head } from "./sealing.ts";
import { Settlement, type Rejection } from "./settlement.ts";
import type { DatasetPlace, PendingBatch, PendingPush } from "./state-folder.ts";
import { waitForNext } from "./waiting.ts";

export interface DeliveryOrder {
  readonly place: DatasetPlace;
  readonly pending: PendingPush;
  readonly batches: AsyncIterable<PendingBatch> | Iterable<PendingBatch>;
  /** The dataset's head as the region reports it: batches up to it are not sent again. */
  readonly live: Head | undefined;
  readonly traceparent?: string;
  readonly timeoutMs: number;
  readonly progress: Progress;
}

/** What became of a push once every batch that was sent is settled. */
export interface Delivered {
  /** True where all of it is live; false where another agent's batch took the place of one. */
  readonly accepted: boolean;
  /** Row numbers of the file that are live by this push. */
  readonly rows: ReadonlySet<number>;
}

/**
 * Sends the batches and resolves when they are settled. Throws PUSH_REJECTED, after which the push is given up and what was
 * accepted of it stands; TIMED_OUT, after which it can be sent on.
 */
export async function deliver(agent: Agent, order: DeliveryOrder): Promise<Delivered> {
  const mailbox = new Mailbox<Notice>();
  const reader = await openNotices(agent, order.pending, mailbox);
  try {
    // What an earlier run sent may be settled: it is not sent again.
    await reader.caughtUp;
    return await new Delivery(agent, order, mailbox).run();
  } finally {
    await reader.close();
  }
}

/** What ingest has said until now of a push that an earlier run began. */
export async function settledOf(agent: Agent, pending: PendingPush): Promise<Settlement> {
  const mailbox = new Mailbox<Notice>();
  const settlement = new Settlement(pending.push);
  const reader = await openNotices(agent, pending, mailbox);
  try {
    await reader.caughtUp;
    for (;;) {
      const notice = await mailbox.next(0);
      if (notice === undefined) return settlement;
      settlement.take(notice);
    }
  } finally {
    await reader.close();
  }
}

function openNotices(agent: Agent, { noticesFrom }: PendingPush, mailbox: Mailbox<Notice>): Promise<Reader> {
  return followEvents(
    sourceOf(agent, "notices"),
    {
      ...{ topic: "provider.notices.<provider>", owner: agent.self.provider, types: ["Notice"] },
      from: BigInt(noticesFrom),
      take: ({ value }) => {
        mailbox.put(value);
      },
    },
    mailbox.fail,
  );
}

class Delivery {
  readonly #agent: Agent;
  readonly #order: DeliveryOrder;
  readonly #mailbox: Mailbox<Notice>;
  readonly #settlement: Settlement;
  readonly #traceparent: string;
  /** The push's batches in their order, without what was sealed. */
  readonly #batches: { readonly head: Head; readonly rows: readonly number[] }[] = [];
  /** Heads of the batches that were sent. */
  readonly #sent = new Set<string>();
  #rejected = false;

  constructor(agent: Agent, order: DeliveryOrder, mailbox: Mailbox<Notice>) {
    this.#agent = agent;
    this.#order = order;
    this.#mailbox = mailbox;
    this.#settlement = new Settlement(order.pending.push);
    this.#traceparent = order.traceparent ?? freshTraceparent();
  }

  async run(): Promise<Delivered> {
    const { progress, batches, live } = this.#order;
    progress.begin("push");
    for await (const { head, rows, batch } of batches) {
      this.#batches.push({ head, rows });
      const isLive = live !== undefined && head.sequence <= live.sequence;
      if (isLive || this.#rejected) continue;
      await this.#takeWhatCame();
      if (this.#settlement.isSettled(head.head)) this.#rejected = !this.#settlement.isAccepted(head.head);
      else await this.#send(head, batch);
    }
    await this.#awaitNotices();
    return this.#conclude();
  }

  async #send({ head }: Head, batch: PendingBatch["batch"]): Promise<void> {
    const { dataset } = this.#order.place;
    const { provider } = this.#agent.self;
    const to = { key: dataset, owner: provider, traceparent: this.#traceparent };
    this.#sent.add(head);
    await this.#agent.publisher.publish("ingest.<provider>", "RecordBatch", batch, to);
  }

  async #takeWhatCame(): Promise<void> {
    for (;;) {
      const notice = await this.#mailbox.next(0);
      if (notice === undefined) return;
      this.#take(notice);
    }
  }

  async #awaitNotices(): Promise<void> {
    const { progress, timeoutMs } = this.#order;
    const patience = {
      timeoutMs,
      whom: "the region's connector",
      onWait: (seconds: number) => {
        progress.wait("push", `the connector, which has sent no notice for ${String(seconds)} s`);
      },
    };
    const isOpen = (head: string): boolean => !this.#settlement.isSettled(head);
    while ([...this.#sent].some(isOpen)) {
      this.#take(await waitForNext(this.#mailbox, patience));
    }
    this.#tell();
  }

  #take(notice: Notice): void {
    this.#settlement.take(notice);
    const { document } = notice;
    this.#rejected ||= this.#sent.has(document) && this.#settlement.rejectionOf(document) !== undefined;
    this.#tell();
  }

  /** How many of the push's batches are live: up to the last one that is known to be. */
  #liveCount(): number {
    const { live } = this.#order;
    const isLive = ({ head: { sequence, head } }: { readonly head: Head }): boolean =>
      this.#settlement.isAccepted(head) || (live !== undefined && sequence <= live.sequence);
    return this.#batches.findLastIndex(isLive) + 1;
  }

  #liveRows(): number[] {
    return this.#batches.slice(0, this.#liveCount()).flatMap(({ rows }) => rows);
  }

  #tell(): void {
    const { progress, pending } = this.#order;
    progress.update("push", pending.live + this.#liveRows().length, pending.summary.pushed);
  }

  async #conclude(): Promise<Delivered> {
    const { state } = this.#agent;
    const { place } = this.#order;
    const count = this.#liveCount();
    const rows = this.#liveRows();
    const last = this.#batches[count - 1];
    if (last !== undefined) await state.writeHead(place, last.head);
    const refused = this.#batches[count];
    const rejection = refused === undefined ? undefined : this.#settlement.rejectionOf(refused.head.head);
    if (refused === undefined || rejection?.code === "BATCH_OUT_OF_SEQUENCE") {
      return { accepted: refused === undefined, rows: new Set(rows) };
    }
    await state.removePending(place);
    throw this.#rejection(refused, rejection);
  }

  #rejection(
    { head, rows }: { readonly head: Head; readonly rows: readonly number[] },
    rejection: Rejection | undefined,
  ): PavilionError {
    const {
      code = "INTERNAL_ERROR",
      message = "The region gave no reason.",
      rows: faulty = [],
    } = rejection ?? {};
    const named = faulty.flatMap((row) => rows[row] ?? []).slice(0, 20);
    const places = named.length === 0 ? "" : ` Rows of the file: ${named.join(", ")}.`;
    const live = this.#order.pending.live + this.#liveRows().length;
    const standing =
      live === 0
        ? "Nothing of the push is live."
        : `${String(live)} records of the push are live and stay so.`;
    return new PavilionError(
      "PUSH_REJECTED",
      `Batch ${String(head.sequence)} was rejected. ${code}: ${message}${places} ${standing}`,
    );
  }
}
