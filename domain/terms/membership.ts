/**
 * What every message on a provider's topic has to pass before a stage acts on it: its signed document is readable, its
 * provider a member, its place that of the provider's dataset, its version and epoch the current ones. The signature
 * is `verifySignature`'s, under the participant that `requireMember` hands out.
 *
 * Promises: the provider that Kafka's ACL vouches for is the one the document names, and takes part in the
 * collaboration's latest version, with the dataset that a record batch names. Does not look at payloads.
 */
import { PavilionError } from "../../errors/errors.ts";
import type { Collaboration, Participant } from "../../schemas/json/collaboration.ts";
import { participantOf, type CollaborationTable } from "./collaboration.ts";
import { homeOf, type PopulationTable } from "./home.ts";
import { parseDocument, type DocumentTypes } from "../../schemas/reading/validate.ts";

/** A document of the longest ids takes about 700 characters. */
const DOCUMENT_LENGTH_MAX = 4096;

export type MessageKind = "record-batch" | "blinded-batch" | "evaluated-batch" | "epoch-key";
export type MessageDocument = DocumentTypes[MessageKind];

export interface Membership {
  readonly collaboration: Collaboration;
  readonly participant: Participant;
}

/** Throws BATCH_UNREADABLE unless the text is a document of the kind. */
export function readMessage<K extends MessageKind>(kind: K, text: string): DocumentTypes[K] {
  if (text.length > DOCUMENT_LENGTH_MAX)
    throw new PavilionError("BATCH_UNREADABLE", "The document is too long.");
  try {
    return parseDocument(kind, text);
  } catch (error) {
    if (error instanceof PavilionError) throw new PavilionError("BATCH_UNREADABLE", error.message);
    throw error;
  }
}

/**
 * Throws NOT_A_MEMBER unless the document's provider is the topic's and takes part, with the dataset that a record
 * batch names. An unknown collaboration answers the same, so that nobody learns which ones exist.
 */
export function requireMember(
  document: MessageDocument,
  provider: string,
  collaborations: CollaborationTable,
): Membership {
  const collaboration = collaborations.latest(document.collaboration);
  const participant = collaboration === undefined ? undefined : participantOf(collaboration, provider);
  const owns = !("dataset" in document) || document.dataset === participant?.dataset;
  if (collaboration === undefined || participant === undefined || document.provider !== provider || !owns) {
    const what = "dataset" in document ? "this provider with this dataset" : "this provider";
    throw new PavilionError("NOT_A_MEMBER", `No collaboration of that id has ${what}.`);
  }
  return { collaboration, participant };
}

/**
 * Throws EVENT_MISPLACED unless the record's key is the participant's dataset. The key pins the partition, and
 * what is kept of a dataset is kept there: under two keys it would have two chains, two sets of limits, two epoch keys.
 */
export function requirePlace(key: string, participant: Participant): void {
  if (key === participant.dataset) return;
  throw new PavilionError("EVENT_MISPLACED", "The record's key is not the provider's dataset.");
}

/**
 * Throws UNKNOWN_POPULATION, OUTSIDE_POPULATION or NOT_HOME_REGION, or WRONG_EPOCH for another version, epoch or number of
 * partitions.
 */
export function requireCurrent(
  document: MessageDocument,
  collaboration: Collaboration,
  here: { readonly region: string; readonly partitions: number; readonly populations: PopulationTable },
): void {
  homeOf(collaboration, here.region, here.populations);
  const { version, matching } = collaboration;
  if (document.version !== version || document.epoch !== matching.epoch) {
    const what = "dataset" in document ? "batch" : "message";
    const message = `The ${what} is for a different version or epoch of the collaboration.`;
    throw new PavilionError("WRONG_EPOCH", message);
  }
  if (matching.partitions !== here.partitions) {
    throw new PavilionError("WRONG_EPOCH", "The epoch was agreed for a different number of partitions.");
  }
}
