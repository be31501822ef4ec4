/**
 * Reads the JSON documents that people sign, and holds them to their schema in schemas/json/. Unknown members are
 * refused, so that nothing is signed that nobody reads.
 */
import { Ajv, type ValidateFunction } from "ajv";
import { PavilionError } from "../runtime/errors.ts";
import blindedBatch from "../schemas/json/blinded-batch.schema.json" with { type: "json" };
import collaboration from "../schemas/json/collaboration.schema.json" with { type: "json" };
import epochKey from "../schemas/json/epoch-key.schema.json" with { type: "json" };
import evaluatedBatch from "../schemas/json/evaluated-batch.schema.json" with { type: "json" };
import recordBatch from "../schemas/json/record-batch.schema.json" with { type: "json" };
import request from "../schemas/json/request.schema.json" with { type: "json" };
import type { BlindedBatchHeader } from "../schemas/json/blinded-batch.ts";
import type { Collaboration } from "../schemas/json/collaboration.ts";
import type { EpochKeyDocument } from "../schemas/json/epoch-key.ts";
import type { EvaluatedBatchHeader } from "../schemas/json/evaluated-batch.ts";
import type { RecordBatchHeader } from "../schemas/json/record-batch.ts";
import type { Request } from "../schemas/json/request.ts";

/** Each kind of document by the name of its schema. */
export interface DocumentTypes {
  "blinded-batch": BlindedBatchHeader;
  collaboration: Collaboration;
  "epoch-key": EpochKeyDocument;
  "evaluated-batch": EvaluatedBatchHeader;
  "record-batch": RecordBatchHeader;
  request: Request;
}

export type DocumentKind = keyof DocumentTypes;

/** What outsiders send is refused at its first fault: a longer look is theirs to make as long as they like. */
const wire = new Ajv({ allErrors: false, strict: true });
/** What people write by hand is looked through to its end. */
const written = new Ajv({ allErrors: true, strict: true });

const validators: Record<DocumentKind, ValidateFunction> = {
  "blinded-batch": wire.compile(blindedBatch),
  collaboration: written.compile(collaboration),
  "epoch-key": wire.compile(epochKey),
  "evaluated-batch": wire.compile(evaluatedBatch),
  "record-batch": wire.compile(recordBatch),
  request: wire.compile(request),
};

const FAULTS_NAMED_MAX = 5;
const FAULTS_LENGTH_MAX = 900;

/** The first faults and how many more there are, in at most 900 characters: an author cannot make a refusal long. */
export function listFaults(faults: readonly string[]): string {
  const named = faults.slice(0, FAULTS_NAMED_MAX).join("; ");
  const rest = faults.length - FAULTS_NAMED_MAX;
  const more = rest > 0 ? ` and ${String(rest)} more` : "";
  const room = FAULTS_LENGTH_MAX - more.length;
  return (named.length > room ? `${named.slice(0, room - 1)}…` : named) + more;
}

/**
 * Throws DOCUMENT_INVALID that names the members at fault, never their values, nor members that the schema does not
 * know: those names are the author's.
 */
export function validateDocument<K extends DocumentKind>(kind: K, document: unknown): DocumentTypes[K] {
  const validator = validators[kind];
  if (validator(document)) return document as DocumentTypes[K];
  const faults = (validator.errors ?? []).map(
    (error) => `${error.instancePath || "/"} ${error.message ?? ""}`,
  );
  throw new PavilionError(
    "DOCUMENT_INVALID",
    `The ${kind} document does not follow its schema: ${listFaults(faults)}.`,
  );
}

/** The same for a document as text. */
export function parseDocument<K extends DocumentKind>(kind: K, text: string): DocumentTypes[K] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new PavilionError("DOCUMENT_INVALID", `The ${kind} document is not JSON.`);
  }
  return validateDocument(kind, document);
}

/** The JWS `typ` that says which kind of document a signature is for: a signature never fits another kind. */
export const signatureType = (kind: DocumentKind): string => `pavilion-${kind}+jws`;
