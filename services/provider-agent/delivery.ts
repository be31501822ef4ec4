/**
 * Delivering a sealed push: sends its batches, waits for ingest's notices, and moves the dataset's head. The sealed
 * batches lie in the state folder until every one is settled, so a push that was cut off is sent on, byte for byte.
 */
import { PavilionError } from "../../runtime/errors.ts";
import type { Notice } from "../../schemas/avro/index.ts";
import { topicFor } from "../../schemas/topics.ts";
import { freshGroup, type Agent } from "./agent.ts";
import { Mailbox } from "./mailbox.ts";
import type { Progress } from "./progress.ts";
import { freshTraceparent } from "../../runtime/kafka/publisher.ts";
import { openReader, type Reader } from "../../runtime/kafka/reader.ts";
import type { Head } from "./sealing.ts";
import { Settlement, type Rejection } from "./settlement.ts";
import type { DatasetPlace, PendingBatch, PendingPush } from "./state-folder.ts";
import { waitForNext } from "./waiting.ts";

export interface DeliveryOrder {
  readonly place: DatasetPlace;
  readonly pending: PendingPush;
  readonly traceparent?: string;
  readonly timeoutMs: number;
  readonly progress: Progress;
  /** False where the batches are for a version that is over: then only what became of them is found out. */
  readonly send: boolean;
  /** True for a push that an earlier run began: its notices may have come already. */
  readonly resumed: boolean;
}

/** How long a resumed push waits for notices that are there already before it sends anything again. */
const graceMs = 2_000;

/**
 * Resolves when every batch that was to be sent is accepted. Throws PUSH_REJECTED, after which the push is given up and
 * what was accepted of it stands; TIMED_OUT, after which it can be sent on.
 */
export async function deliver(agent: Agent, order: DeliveryOrder): Promise<void> {
  const mailbox = new Mailbox<Notice>();
  const reader = await openNotices(agent, order, mailbox);
  try {
    await new Delivery(agent, order, mailbox).run();
  } finally {
    await reader.close();
  }
}

function openNotices(agent: Agent, { pending }: DeliveryOrder, mailbox: Mailbox<Notice>): Promise<Reader> {
  const { self, kafka, codec } = agent;
  return openReader(kafka, {
    topic: topicFor(self.region, "provider.notices.<provider>", self.provider),
    group: freshGroup(self, "notices"),
    from: BigInt(pending.noticesFrom),
    fail: mailbox.fail,
    handle: async ({ value }) => {
      if (value === null) return;
      mailbox.put(await codec.decode("provider.notices.<provider>", "Notice", value));
    },
  });
}

class Delivery {
  readonly #agent: Agent;
  readonly #order: DeliveryOrder;
  readonly #mailbox: Mailbox<Notice>;
  readonly #settlement: Settlement;
  readonly #traceparent: string;
  /** Heads of the push's batches, and their records' row numbers in the file. */
  readonly #batches = new Map<number, { readonly head: Head; readonly rows: readonly number[] }>();
  readonly #sent: number[] = [];

  constructor(agent: Agent, order: DeliveryOrder, mailbox: Mailbox<Notice>) {
    this.#agent = agent;
    this.#order = order;
    this.#mailbox = mailbox;
    this.#settlement = new Settlement(order.place);
    this.#traceparent = order.traceparent ?? freshTraceparent();
  }

  async run(): Promise<void> {
    const { place, progress, send } = this.#order;
    const { state } = this.#agent;
    progress.begin("push");
    if (this.#order.resumed) await this.#takeWhatCame(graceMs);
    for await (const pending of state.readPendingBatches(place)) {
      const { head, rows } = pending;
      this.#batches.set(head.sequence, { head, rows });
      if (send && this.#settlement.rejection === undefined) await this.#send(pending);
    }
    await this.#awaitNotices();
    await this.#keepHead();
    const { rejection } = this.#settlement;
    await state.removePending(place);
    if (send && rejection !== undefined) throw this.#rejected(rejection);
  }

  async #send({ head, batch }: PendingBatch): Promise<void> {
    if (this.#settlement.isAccepted(head.sequence)) return;
    const { dataset } = this.#order.place;
    const { provider } = this.#agent.self;
    const to = { key: dataset, provider, traceparent: this.#traceparent };
    this.#sent.push(head.sequence);
    await this.#agent.publisher.publish("ingest.<provider>", "RecordBatch", batch, to);
    await this.#takeWhatCame(0);
  }

  /** After a rejection too: a notice left over would be taken for one about the next push. */
  async #awaitNotices(): Promise<void> {
    const { progress, timeoutMs, pending } = this.#order;
    const patience = {
      timeoutMs,
      whom: "the region's connector",
      onWait: (seconds: number) => {
        progress.wait("push", `the connector, which has sent no notice for ${String(seconds)} s`);
      },
    };
    const unplaced = (): boolean => this.#settlement.rejection?.sequence === 0;
    const settled = (): boolean => this.#sent.every((sequence) => this.#settlement.isSettled(sequence));
    while (!settled() && !unplaced()) {
      this.#settlement.take(await waitForNext(this.#mailbox, patience));
      this.#tell();
    }
    if (this.#sent.length === 0) progress.update("push", pending.summary.pushed, pending.summary.pushed);
  }

  async #takeWhatCame(withinMs: number): Promise<void> {
    for (;;) {
      const notice = await this.#mailbox.next(withinMs);
      if (notice === undefined) return;
      this.#settlement.take(notice);
      this.#tell();
    }
  }

  #tell(): void {
    let accepted = 0;
    for (const [sequence, { rows }] of this.#batches) {
      if (this.#settlement.isAccepted(sequence)) accepted += rows.length;
    }
    this.#order.progress.update("push", accepted, this.#order.pending.summary.pushed);
  }

  /** The head after the last accepted batch; batches are accepted in sequence, so none before it is missing. */
  async #keepHead(): Promise<void> {
    let last: Head | undefined;
    for (const [sequence, { head }] of this.#batches) {
      if (this.#settlement.isAccepted(sequence)) last = head;
    }
    if (last !== undefined) await this.#agent.state.writeHead(this.#order.place, last);
  }

  #rejected({ sequence, code, message, rows }: Rejection): PavilionError {
    const first = Math.min(...this.#batches.keys());
    const isLost = code === "BATCH_OUT_OF_SEQUENCE" && sequence === first;
    const faulty = rows.flatMap((row) => this.#batches.get(sequence)?.rows[row] ?? []);
    const places = faulty.length === 0 ? "" : ` Rows of the file: ${faulty.slice(0, 20).join(", ")}.`;
    const reason = `Batch ${String(sequence)} was rejected. ${code}: ${message}${places}`;
    if (!isLost) return new PavilionError("PUSH_REJECTED", reason);
    return new PavilionError(
      "PUSH_REJECTED",
      `${reason} What this agent remembers of the dataset is not what the connector has.`,
      "Restore the agent's state folder; where it is lost, have the collaboration move to a new epoch.",
    );
  }
}
