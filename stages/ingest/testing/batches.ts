/**
 * The ingest stage for tests: its ports with the region's key in software, and batches handled one after another.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { decodeRecord } from "../../../domain/records/match-record.ts";
import type { Outcome, StageEvent } from "../../../runtime/contract/stage.ts";
import type { Notice, RecordBatch, RecordSlice } from "../../../schemas/avro/index.ts";
import { ingest, type IngestPorts } from "../stage.ts";
import { collaborationOf, PARTITIONS, regionOpener } from "../../../test/agent-messages.ts";
import { populationOver, populationsOf } from "../../../test/populations.ts";
import { tableOf } from "../../../test/stage-question.ts";
import { MemoryState } from "../../../test/stage-state.ts";

export const DAY_MS = 86_400_000;
export const NOON = 20_000 * DAY_MS + DAY_MS / 2;

export const portsOf = (document = collaborationOf(), changes: Partial<IngestPorts> = {}): IngestPorts => ({
  collaborations: tableOf(document),
  populations: populationsOf(populationOver(document)),
  partitions: PARTITIONS,
  region: "au",
  openBatch: regionOpener.setup,
  decodeRecord,
  randomBytes: (length) => createHash("shake256", { outputLength: length }).update("weights").digest(),
  ...changes,
});

/** How a batch comes; by default beta's, under its dataset's key, at noon. */
export interface Arrival {
  readonly provider?: string;
  readonly key?: string;
  readonly time?: number;
}

export const eventOf = (
  batch: RecordBatch,
  { provider = "beta", key = `${provider}-people`, time = NOON }: Arrival = {},
): StageEvent<"RecordBatch"> => ({
  type: "RecordBatch",
  value: batch,
  topic: "ingest.<provider>",
  key,
  owner: provider,
  time,
});

/** Handles the batches one after another, each with what the one before left. */
export async function takeIn(
  batches: readonly RecordBatch[],
  ports = portsOf(),
  { state = new MemoryState(), ...arrival }: Arrival & { readonly state?: MemoryState } = {},
): Promise<{ state: MemoryState; outcomes: Outcome[]; last: Outcome }> {
  const outcomes: Outcome[] = [];
  let last: Outcome | undefined;
  for (const batch of batches) {
    last = await ingest.handle(eventOf(batch, arrival), state, ports);
    state.apply(last.changes);
    outcomes.push(last);
  }
  assert.ok(last);
  return { state, outcomes, last };
}

export const noticeIn = (outcome: Outcome): Notice | undefined =>
  outcome.outputs.find(({ type }) => type === "Notice")?.value as Notice | undefined;
export const slicesIn = (outcome: Outcome): RecordSlice[] =>
  outcome.outputs.filter(({ type }) => type === "RecordSlice").map(({ value }) => value as RecordSlice);

export function assertRejected(outcome: Outcome, code: string, rows: number[] = []): void {
  assert.equal(outcome.kind, "reject");
  assert.equal(outcome.code, code);
  assert.deepEqual(outcome.changes, []);
  const notice = noticeIn(outcome);
  assert.equal(notice?.kind, "rejected");
  assert.equal(notice.code, code);
  assert.deepEqual(notice.rows, rows);
  assert.equal(outcome.outputs.length, 1);
  assert.equal(outcome.outputs[0]?.owner, notice.provider);
  assert.deepEqual(
    outcome.audit.map(({ tenant, action, code: audited }) => [tenant, action, audited]),
    [[notice.provider, "batch.rejected", code]],
  );
}
