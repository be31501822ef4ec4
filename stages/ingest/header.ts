/**
 * The manifest of a record batch, and its provider's signature over the head it makes: who pushes what, and whether it may. The checks are domain/terms/membership.ts's;
 * what they throw is a reason to reject the batch.
 */
import { datasetHeadOf } from "../../domain/records/batch.ts";
import type { CollaborationTable } from "../../domain/terms/collaboration.ts";
import type { PopulationTable } from "../../domain/terms/home.ts";
import { verifySignature } from "../../domain/terms/signatures.ts";
import { readMessage, requireCurrent, requireMember, requirePlace } from "../../domain/terms/membership.ts";
import { columnsDigest } from "../../domain/statistics/coordinates.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Participant } from "../../schemas/json/collaboration.ts";
import type { RecordBatchHeader } from "../../schemas/json/record-batch.ts";
import { RejectedBatch } from "./rejected-batch.ts";

/** How the header came: the record's key, the topic's provider, and the signature beside it. */
export interface Delivery {
  readonly key: string;
  readonly provider: string;
  readonly signature: string;
}

export interface Region {
  readonly region: string;
  readonly partitions: number;
  readonly collaborations: CollaborationTable;
  readonly populations: PopulationTable;
}

/** Throws BATCH_UNREADABLE unless the text is a record batch header. */
export const readHeader = (text: string): RecordBatchHeader =>
  orRejected(() => readMessage("record-batch", text));

/** The dataset's owner, and its slot in the collaboration, from 0. */
export interface Owner {
  readonly participant: Participant;
  readonly slot: number;
}

/**
 * The dataset's owner, who signed the head for the current version and epoch and sent it under the dataset's key.
 * Throws NOT_A_MEMBER, EVENT_MISPLACED, UNKNOWN_POPULATION, OUTSIDE_POPULATION, NOT_HOME_REGION, WRONG_EPOCH, BAD_SIGNATURE or BATCH_UNREADABLE.
 */
export function requireOwner(header: RecordBatchHeader, came: Delivery, here: Region): Owner {
  return orRejected(() => {
    const { collaboration, participant } = requireMember(header, came.provider, here.collaborations);
    requirePlace(came.key, participant);
    requireCurrent(header, collaboration, here);
    verifySignature("dataset-head", datasetHeadOf(header), came.signature, participant);
    if (header.columns !== columnsDigest(participant.columns)) {
      throw new PavilionError("BATCH_UNREADABLE", "The manifest's columns are not the declared ones.");
    }
    return { participant, slot: collaboration.providers.indexOf(participant) };
  });
}

function orRejected<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof PavilionError) throw new RejectedBatch(error.code, error.message);
    throw error;
  }
}
