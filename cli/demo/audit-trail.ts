/**
 * Reads a region's audit events, as an auditor would, and tells from their broker timestamps how long each stage took.
 */
import type { Kafka } from "kafkajs";
import { PavilionError } from "../../errors/errors.ts";
import { followEvents } from "../../runtime/kafka/events.ts";
import { openLog } from "../../runtime/log.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import type { AuditEvent } from "../../schemas/avro/index.ts";

export interface AuditRecord extends AuditEvent {
  /** Broker timestamp in milliseconds. */
  readonly time: number;
}

export interface AuditTrail {
  readonly records: readonly AuditRecord[];
  /** Resolves once a record satisfies the condition; rejects after the limit. */
  until(condition: (record: AuditRecord) => boolean, limitMs: number): Promise<void>;
  close(): Promise<void>;
}

export async function openAuditTrail(kafka: Kafka, codec: Codec, region: string): Promise<AuditTrail> {
  const log = openLog({ service: "audit-trail" }, "warn", "stderr");
  const records: AuditRecord[] = [];
  const waiting = new Set<(news: readonly AuditRecord[]) => void>();
  let failure: unknown;
  const reader = await followEvents(
    { kafka, codec, region, groups: `${region}.audit`, log },
    {
      ...{ topic: "audit.events", types: ["AuditEvent"], from: "beginning" },
      take({ value, time }) {
        const record = { ...value, time };
        records.push(record);
        for (const wake of waiting) wake([record]);
      },
    },
    (error) => {
      failure = error;
      for (const wake of waiting) wake([]);
    },
  );
  return {
    records,
    until: (condition, limitMs) =>
      new Promise((resolve, reject) => {
        const settle = (outcome: () => void): void => {
          clearTimeout(timer);
          waiting.delete(wake);
          outcome();
        };
        const wake = (news: readonly AuditRecord[]): void => {
          if (news.some(condition)) settle(resolve);
          else if (failure !== undefined)
            settle(() => {
              reject(new Error("the audit trail broke off", { cause: failure }));
            });
        };
        const timer = setTimeout(() => {
          settle(() => {
            reject(new PavilionError("TIMED_OUT", "The audit trail did not show what was waited for."));
          });
        }, limitMs);
        waiting.add(wake);
        wake(records);
      }),
    close: () => reader.close(),
  };
}

/** Milliseconds from the first to the last record of a stage, counted from `start`. */
export function spanOf(records: readonly AuditRecord[], stage: string, start: number): number {
  const times = records.filter((record) => record.stage === stage).map((record) => record.time);
  return times.length === 0 ? 0 : Math.max(...times) - start;
}

/** Each stage's own time on a request: from the stage before it to its last record. */
export function stageTimes(
  records: readonly AuditRecord[],
  requestId: string,
  stages: readonly string[],
  published: number,
): { name: string; ms: number }[] {
  const mine = records.filter((record) => record.requestId === requestId);
  let before = published;
  return stages.map((name) => {
    const end = before + spanOf(mine, name, before);
    const ms = Math.max(0, end - before);
    before = Math.max(before, end);
    return { name, ms };
  });
}

/** How long after a request's result each of these stages was done with its evidence. */
export function evidenceTimes(
  records: readonly AuditRecord[],
  requestId: string,
  stages: readonly string[],
): { name: string; ms: number }[] {
  const mine = records.filter((record) => record.requestId === requestId);
  const answered = mine.find((record) => record.action === "result.published")?.time ?? 0;
  return stages.map((name) => ({ name, ms: spanOf(mine, name, answered) }));
}
