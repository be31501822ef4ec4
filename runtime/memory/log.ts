/**
 * Topics in memory: append-only partitions whose records carry the log's own time, as Kafka's LogAppendTime does.
 */
import type { Emission } from "../task.ts";

export interface MemoryRecord {
  readonly emission: Emission;
  /** Milliseconds; the log's time when it was appended. */
  readonly time: number;
}

/** Deep copies, so that no stage can reach into another's values. */
export const copyOf = structuredClone;

export class MemoryLog {
  readonly #topics = new Map<string, MemoryRecord[][]>();
  #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  get now(): number {
    return this.#now;
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }

  append(address: string, partitions: number, emission: Emission): void {
    const logs = this.#logs(address, partitions);
    const all = logs.map((_, index) => index);
    const chosen = emission.partition ?? partitionOf(emission.key, partitions);
    for (const partition of chosen === "all" ? all : [chosen]) {
      logs[partition]?.push({ emission: copyOf(emission), time: this.#now });
    }
  }

  partition(address: string, partition: number): readonly MemoryRecord[] {
    return this.#topics.get(address)?.[partition] ?? [];
  }

  /** Every record of a topic, partition by partition. */
  records(address: string): MemoryRecord[] {
    return (this.#topics.get(address) ?? []).flat();
  }

  #logs(address: string, partitions: number): MemoryRecord[][] {
    let logs = this.#topics.get(address);
    if (logs === undefined) {
      logs = Array.from({ length: partitions }, () => []);
      this.#topics.set(address, logs);
    }
    return logs;
  }
}

/** Any fixed spread of keys will do in memory. */
function partitionOf(key: string, partitions: number): number {
  let hash = 0;
  for (const character of key) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash % partitions;
}
