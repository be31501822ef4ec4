/**
 * The operator's part in a region that was put back from a backup: tells it so, tells it what others hold of its log, brings it what it
 * lacks, and hears whether it goes on.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { originOf } from "../../domain/log/leaves.ts";
import { followEvents, readEvents, type Source } from "../../runtime/kafka/events.ts";
import type { AnchoredLeaf, RestoreEntry } from "../../schemas/avro/index.ts";
import { publishing } from "./publishing.ts";

/** What a region says of its log. */
export interface Verdict {
  /** Why it stays shut: REGION_BEHIND or ANCHOR_FORKED; null where it goes on. */
  readonly reason: string | null;
  /** Leaves that its log has, and that the largest checkpoint covers. */
  readonly size: number;
  readonly needed: number;
}

/** A tree of the region's log that somebody holds; its root is 64 hex digits. */
export type HeldTree = Pick<RestoreEntry, "size" | "root">;

/** A tick and a commit, and a chain that is slow. */
const verdictLimitMs = 60_000;
/** A log that is brought leaves says every second how it has grown. */
const growingLimitMs = 15_000;
const pauseMs = 100;

export class Recovery {
  readonly #source: Source;

  /** Of one region, as its operator. */
  constructor(source: Omit<Source, "groups">) {
    this.#source = { ...source, groups: `${source.region}.operator.recovery` };
  }

  /** How the region was last put back; undefined where it never was. */
  async entry(): Promise<RestoreEntry | undefined> {
    let last: RestoreEntry | undefined;
    await readEvents(this.#source, {
      ...{ topic: "config.restores", types: ["RestoreEntry"], from: "beginning" },
      take({ value }) {
        last = value;
      },
    });
    return last;
  }

  /** Says that the region was put back: it answers nothing until its log is compared. */
  async announce(id: string, restoredAt: number): Promise<void> {
    if ((await this.entry())?.id === id) return;
    await this.#enter({ id, restoredAt, comparedAt: null, size: 0, root: "", closed: null });
  }

  /**
   * Has the log compared with the chain and with a tree, the largest that is known. A log that is behind is waited for as long as it
   * grows, where leaves were brought. Undefined where no word comes in time.
   */
  async compare(
    entry: RestoreEntry,
    largest: HeldTree | undefined,
    { brought }: { readonly brought: boolean },
  ): Promise<Verdict | undefined> {
    const comparedAt = Math.max(Date.now(), (entry.comparedAt ?? 0) + 1);
    let verdict: Verdict | undefined;
    let heard = performance.now();
    const reader = await followEvents(
      this.#source,
      {
        ...{ topic: "audit.events", types: ["AuditEvent"], from: "end" },
        take({ value: { action, details } }) {
          if (details.restore !== entry.id || details.compared !== String(comparedAt)) return;
          verdict = verdictIn(action, details) ?? verdict;
          heard = performance.now();
        },
      },
      () => undefined,
    );
    const isFinal = (): boolean => {
      const quietMs = performance.now() - heard;
      if (verdict === undefined) return quietMs > verdictLimitMs;
      return verdict.reason !== "REGION_BEHIND" || !brought || quietMs > growingLimitMs;
    };
    try {
      await this.#enter({ ...entry, comparedAt, ...(largest ?? {}) });
      while (!isFinal()) await sleep(pauseMs);
      return verdict;
    } finally {
      await reader.close();
    }
  }

  /** Gives the region up: it answers nothing any more, and the reason stays on record. */
  async close(entry: RestoreEntry, reason: string): Promise<void> {
    await this.#enter({ ...entry, closed: reason });
  }

  /** Brings leaves that others hold, in the log's order. Told how many were brought so far. */
  async bring(leaves: AsyncIterable<AnchoredLeaf>, told: (count: number) => void): Promise<void> {
    const to = { key: originOf(this.#source.region) };
    await publishing(this.#source, async (publisher) => {
      let count = 0;
      for await (const leaf of leaves) {
        await publisher.publish("log.brought", "AnchoredLeaf", leaf, to);
        told(++count);
      }
    });
  }

  async #enter(entry: RestoreEntry): Promise<void> {
    const to = { key: this.#source.region };
    await publishing(this.#source, (publisher) =>
      publisher.publish("config.restores", "RestoreEntry", entry, to),
    );
  }
}

function verdictIn(action: string, details: Readonly<Record<string, string>>): Verdict | undefined {
  const size = Number(details.size);
  if (action === "region.compared") return { reason: null, size, needed: size };
  if (action === "region.behind")
    return { reason: details.reason ?? "REGION_BEHIND", size, needed: Number(details.needed) };
  return undefined;
}
