/**
 * Ingest: takes in a provider's record batches, or rejects each whole with its reason.
 *
 * Promises: an accepted batch was pushed and signed by the dataset's owner, follows the one before, opened entirely
 * and kept to the declared bounds and limits; its commitments are to exactly these values; every psi partition gets exactly one slice of it, and the provider one
 * notice. Does not: see an identifier, or put a token, a value or a count into a message, notice or audit event.
 */
import { digestOf } from "../../crypto/jws/canonical.ts";
import { datasetHeadOf } from "../../domain/records/batch.ts";
import type { CollaborationTable } from "../../domain/terms/collaboration.ts";
import type { PopulationTable } from "../../domain/terms/home.ts";
import {
  output,
  publish,
  reject,
  type Outcome,
  type Output,
  type Stage,
  type StageEvent,
} from "../../runtime/contract/stage.ts";
import { withChanges } from "../../runtime/contract/changed-state.ts";
import type { StateView } from "../../runtime/contract/state.ts";
import type { MatchRecord, RecordBatch } from "../../schemas/avro/index.ts";
import type { RecordBatchHeader } from "../../schemas/json/record-batch.ts";
import { datasetAt, dropOver, forgetOtherEpochs, HEADS, OVER, TOKENS, writeRecords } from "./dataset.ts";
import { readHeader, requireOwner } from "./header.ts";
import { audited, notice } from "./notice.ts";
import { requireCommitments } from "./commitments.ts";
import { openRecords, requirePayload, type RecordOpening } from "./records.ts";
import { RejectedBatch } from "./rejected-batch.ts";
import { placeInSequence } from "./sequence.ts";
import { sliceByPartition } from "./slices.ts";

export interface IngestPorts extends RecordOpening {
  readonly collaborations: CollaborationTable;
  readonly populations: PopulationTable;
  /** The region's partition count. */
  readonly partitions: number;
  readonly region: string;
  /** So many fresh uniform bytes: the weights of the check of openings, which no provider may foresee. */
  readonly randomBytes: (length: number) => Uint8Array;
}

type BatchEvent = StageEvent<"RecordBatch">;

export const ingest: Stage<"RecordBatch", IngestPorts> = {
  name: "ingest",
  inputs: [{ topic: "ingest.<provider>", types: ["RecordBatch"] }],
  tables: [HEADS, TOKENS, OVER],
  outputs: ["dataset.slices", "dataset.heads", "provider.heads.<provider>", "provider.notices.<provider>"],
  handle: handleBatch,
};

async function handleBatch(event: BatchEvent, state: StateView, ports: IngestPorts): Promise<Outcome> {
  const { owner: provider } = event;
  if (provider === undefined)
    return reject("INTERNAL_ERROR", "A record batch came on a topic that is no provider's.");
  let header: RecordBatchHeader | undefined;
  try {
    header = readHeader(event.value.header);
    return await takeIn(event, provider, header, state, ports);
  } catch (error) {
    if (!(error instanceof RejectedBatch)) throw error;
    return rejectBatch(provider, event.value, header, error);
  }
}

async function takeIn(
  event: BatchEvent,
  provider: string,
  header: RecordBatchHeader,
  state: StateView,
  ports: IngestPorts,
): Promise<Outcome> {
  const { key, value } = event;
  const { participant, slot } = requireOwner(header, { key, provider, signature: value.signature }, ports);
  requirePayload(value, header);
  const head = digestOf(header);
  const last = datasetAt(header, state);
  if (placeInSequence(header, head, last) === "repeated") {
    return publish({ outputs: [notice(provider, value, header)] });
  }
  const records = await openRecords(value, header, participant.columns, ports);
  requireCommitments(
    value.commitments,
    records,
    header,
    { slot, columns: participant.columns },
    ports.randomBytes,
  );
  const written = writeRecords(records, header, head, participant.limits, event.time, state);
  const forgotten = last === undefined ? forgetOtherEpochs(header, state) : [];
  return publish({
    outputs: [
      ...announce(records, header, value.signature, ports.partitions),
      notice(provider, value, header),
    ],
    changes: [...forgotten, ...dropOver(withChanges(state, forgotten)), ...written],
    audit: [audited(provider, header)],
  });
}

function announce(
  records: readonly MatchRecord[],
  header: RecordBatchHeader,
  signature: string,
  partitions: number,
): Output[] {
  const { provider, last, push } = header;
  const { collaboration, epoch, dataset, sequence, head } = datasetHeadOf(header);
  const mark = { collaboration, epoch, dataset, sequence, head };
  const slices = sliceByPartition(records, partitions).map((slice, partition) =>
    output("dataset.slices", "RecordSlice", { ...mark, records: slice }, { key: dataset, partition }),
  );
  const datasetHead = { ...mark, provider, complete: last, signature };
  const toProvider = { key: `${collaboration}/${dataset}`, owner: provider };
  return [
    ...slices,
    output("dataset.heads", "DatasetHead", datasetHead, { key: dataset, partition: "all" }),
    output("provider.heads.<provider>", "LiveHead", { ...datasetHead, push }, toProvider),
  ];
}

function rejectBatch(
  provider: string,
  batch: RecordBatch,
  header: RecordBatchHeader | undefined,
  why: RejectedBatch,
): Outcome {
  return reject(why.code, why.message, {
    outputs: [notice(provider, batch, header, why)],
    audit: [{ ...audited(provider, header), action: "batch.rejected", code: why.code }],
  });
}
