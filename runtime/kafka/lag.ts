/**
 * How far a partition's inputs are behind, as far as the last fetch told: between a topic's end and what was handled.
 * While fetching pauses behind a full inbox the end is the one last heard of, so that the lag is a least one.
 */
import type { TopicName } from "../../schemas/topics.ts";

interface Heard {
  readonly topic: TopicName;
  /** The offset that the topic's next record gets. */
  readonly end: bigint;
  /** The next offset to fetch. Transactions' markers take offsets too, and no handler sees them. */
  readonly fetched: bigint;
}

export class Lags {
  readonly #heard = new Map<string, Heard>();

  hear(address: string, topic: TopicName, end: bigint, fetched: bigint): void {
    this.#heard.set(address, { topic, end, fetched });
  }

  /**
   * Records by declared topic, the topics of all providers together. `waiting` says the next offset to handle of a
   * topic where something fetched waits, undefined where all that was fetched is handled.
   */
  records(waiting: (address: string) => bigint | undefined): Map<TopicName, number> {
    const lags = new Map<TopicName, number>();
    for (const [address, { topic, end, fetched }] of this.#heard) {
      const behind = Number(end - (waiting(address) ?? fetched));
      lags.set(topic, (lags.get(topic) ?? 0) + Math.max(0, behind));
    }
    return lags;
  }
}
