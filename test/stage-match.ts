/**
 * A match from its records on: batches as providers committed to them, the slices that ingest makes of these, and what
 * the psi and aggregate stages say of them, partition by partition.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  commitRecords,
  decodeScalar,
  encodeScalar,
  scalarFrom,
  type Point,
} from "../crypto/commitment/commitment.ts";
import { coordinatesOf, type Values } from "../domain/statistics/coordinates.ts";
import type { CommitmentLookup, Preimage, PlacedToken } from "../domain/log/match-preimage.ts";
import type { Outcome, StageEvent } from "../runtime/contract/stage.ts";
import type {
  EventName,
  EventTypes,
  ExactAggregate,
  MatchPreimage,
  MatchQuestion,
  PartialAggregate,
  Plan,
  RecordSlice,
  SliceRecord,
} from "../schemas/avro/index.ts";
import type { MatchLeaf } from "../schemas/json/match-leaf.ts";
import { aggregate, type AggregatePorts } from "../stages/aggregate/stage.ts";
import { psi, type PsiPorts } from "../stages/psi/stage.ts";
import { ASKED, headOf } from "./stage-plan.ts";
import { runStage } from "./stage-run.ts";
import { blinding } from "../domain/log/testing/seeds.ts";

export const REGION = "au-east";
const PARTITIONS = 3;

export const tokenOf = (person: number): Buffer =>
  createHash("sha256").update(String(person)).digest().subarray(0, 16);

/** The blinding of a record, 32 bytes, one for each place. */
export function blindingOf(dataset: string, sequence: number, row: number): Buffer {
  const label = `${dataset} ${String(sequence)} ${String(row)}`;
  return Buffer.from(encodeScalar(scalarFrom(createHash("sha512").update(label).digest())));
}

/** People's values, as a dataset's batch has them. */
export interface Batch {
  readonly dataset: string;
  readonly sequence: number;
  readonly people: readonly (readonly [person: number, values: Values])[];
}

export function recordsIn({ dataset, sequence, people }: Batch): SliceRecord[] {
  return people.map(([person, values], row) => ({
    token: tokenOf(person),
    values: [...values],
    blinding: blindingOf(dataset, sequence, row),
    row,
  }));
}

/** What an auditor finds in the batches: commitments by place. */
export function commitmentsIn(batches: readonly Batch[], plan: Plan): CommitmentLookup {
  const found = new Map<string, Point>();
  for (const batch of batches) {
    const slot = plan.datasets.findIndex(({ dataset }) => dataset === batch.dataset);
    const committed = recordsIn(batch).map((record) => ({
      coordinates: coordinatesOf(record.values, plan.datasets[slot]?.columns ?? []),
      blinding: decodeScalar(record.blinding),
    }));
    for (const [row, { commitment }] of commitRecords(slot, committed).entries()) {
      found.set([batch.dataset, batch.sequence, row].join(), commitment);
    }
  }
  return (...place) => found.get(place.join());
}

/** What a provider tells an auditor of its dataset: whose token each record holds. */
export const tokensIn = (batches: readonly Batch[], dataset: string): PlacedToken[] =>
  batches
    .filter((batch) => batch.dataset === dataset)
    .flatMap((batch) =>
      recordsIn(batch).map(({ token, row }) => ({
        token: token.toString("hex"),
        sequence: batch.sequence,
        row,
      })),
    );

export interface MatchRun {
  readonly partials: readonly PartialAggregate[];
  readonly exact: ExactAggregate;
  readonly leaf: MatchLeaf;
  readonly leafText: string;
  readonly preimage: Preimage;
}

/** The question over these batches, through every psi partition and the aggregate stage. */
export async function runMatch(batches: readonly Batch[], question: MatchQuestion): Promise<MatchRun> {
  const answers = await Promise.all(
    Array.from({ length: PARTITIONS }, (_, partition) => answerIn(partition, batches, question)),
  );
  const partials = answers.map((answer) => only(answer, "PartialAggregate"));
  const ports: AggregatePorts = { region: REGION, partitions: PARTITIONS, blinding };
  const { last } = await runStage(
    (event: StageEvent<"PartialAggregate" | "Tick">, state) => aggregate.handle(event, state, ports),
    partials.map((value): StageEvent<"PartialAggregate"> => ({
      type: "PartialAggregate",
      value,
      topic: "psi.partials",
      key: "",
      time: ASKED,
    })),
  );
  const { text: leafText } = only(last, "LogLeaf");
  return {
    partials,
    exact: only(last, "ExactAggregate"),
    leaf: JSON.parse(leafText) as MatchLeaf,
    leafText,
    preimage: {
      partitions: answers.map(({ outputs }) =>
        outputs.flatMap(({ type, value }) =>
          type === "MatchPreimage" ? [(value as MatchPreimage).text] : [],
        ),
      ),
      blindings: only(last, "MatchPreimage").text,
    },
  };
}

async function answerIn(
  partition: number,
  batches: readonly Batch[],
  question: MatchQuestion,
): Promise<Outcome> {
  const ports: PsiPorts = { partition, partitions: PARTITIONS, blinding };
  const slices = batches.map((batch): StageEvent<"RecordSlice"> => {
    const { collaboration, epoch } = question.plan;
    const { dataset, sequence } = batch;
    const records = recordsIn(batch).filter(({ token }) => token.readUInt16BE(0) % PARTITIONS === partition);
    const place = { collaboration, epoch, dataset, sequence };
    const value: RecordSlice = { ...place, head: headOf(dataset, sequence), records };
    return { type: "RecordSlice", value, topic: "dataset.slices", key: dataset, time: ASKED };
  });
  const asked: StageEvent<"MatchQuestion"> = {
    type: "MatchQuestion",
    value: question,
    topic: "compliance.approved",
    key: "",
    time: ASKED,
  };
  const { last } = await runStage(
    (event: StageEvent<"RecordSlice" | "MatchQuestion" | "Tick">, state) => psi.handle(event, state, ports),
    [...slices, asked],
  );
  return last;
}

/** The one event of its type. */
function only<N extends EventName>({ outputs }: Outcome, type: N): EventTypes[N] {
  const found = outputs.filter((output) => output.type === type);
  assert.equal(found.length, 1, type);
  return found[0]?.value as EventTypes[N];
}
