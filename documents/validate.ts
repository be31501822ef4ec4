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

const ajv = new Ajv({ allErrors: true, strict: true });

const validators: Record<DocumentKind, ValidateFunction> = {
  "blinded-batch": ajv.compile(blindedBatch),
  collaboration: ajv.compile(collaboration),
  "epoch-key": ajv.compile(epochKey),
  "evaluated-batch": ajv.compile(evaluatedBatch),
  "record-batch": ajv.compile(recordBatch),
  request: ajv.compile(request),
};

/**
 * Throws DOCUMENT_INVALID that names the members at fault, never their values.
 */
export function validateDocument<K extends DocumentKind>(kind: K, document: unknown): DocumentTypes[K] {
  const validator = validators[kind];
  if (validator(document)) return document as DocumentTypes[K];
  const faults = (validator.errors ?? []).map(
    (error) => `${error.instancePath || "/"} ${error.message ?? ""}`,
  );
  throw new PavilionError(
    "DOCUMENT_INVALID",
    `The ${kind} document does not follow its schema: ${faults.join("; ")}.`,
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
