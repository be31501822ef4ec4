/**
 * Reads the JSON documents that people sign, and holds them to their schema in schemas/json/. Unknown members are
 * refused, so that nothing is signed that nobody reads.
 */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { PavilionError } from "../../errors/errors.ts";
import { faultsInWords } from "./faults.ts";
import blindedBatch from "../json/blinded-batch.schema.json" with { type: "json" };
import card from "../json/card.schema.json" with { type: "json" };
import collaboration from "../json/collaboration.schema.json" with { type: "json" };
import datasetHead from "../json/dataset-head.schema.json" with { type: "json" };
import departure from "../json/departure.schema.json" with { type: "json" };
import earlierCollaboration from "../json/earlier-collaboration.schema.json" with { type: "json" };
import earlierMatchLeaf from "../json/earlier-match-leaf.schema.json" with { type: "json" };
import earlierSpendLeaf from "../json/earlier-spend-leaf.schema.json" with { type: "json" };
import epochKey from "../json/epoch-key.schema.json" with { type: "json" };
import evaluatedBatch from "../json/evaluated-batch.schema.json" with { type: "json" };
import evidenceBundle from "../json/evidence-bundle.schema.json" with { type: "json" };
import matchLeaf from "../json/match-leaf.schema.json" with { type: "json" };
import population from "../json/population.schema.json" with { type: "json" };
import providerState from "../json/provider-state.schema.json" with { type: "json" };
import recordBatch from "../json/record-batch.schema.json" with { type: "json" };
import regionCard from "../json/region-card.schema.json" with { type: "json" };
import request from "../json/request.schema.json" with { type: "json" };
import restoreLeaf from "../json/restore-leaf.schema.json" with { type: "json" };
import seedLeaf from "../json/seed-leaf.schema.json" with { type: "json" };
import spendLeaf from "../json/spend-leaf.schema.json" with { type: "json" };
import trust from "../json/trust.schema.json" with { type: "json" };
import withheldLeaf from "../json/withheld-leaf.schema.json" with { type: "json" };
import type { BlindedBatchHeader } from "../json/blinded-batch.ts";
import type { Card } from "../json/card.ts";
import type { Collaboration } from "../json/collaboration.ts";
import type { DatasetHeadDocument } from "../json/dataset-head.ts";
import type { Departure } from "../json/departure.ts";
import type { EarlierCollaboration } from "../json/earlier-collaboration.ts";
import type { EarlierMatchLeaf } from "../json/earlier-match-leaf.ts";
import type { EarlierSpendLeaf } from "../json/earlier-spend-leaf.ts";
import type { EpochKeyDocument } from "../json/epoch-key.ts";
import type { EvaluatedBatchHeader } from "../json/evaluated-batch.ts";
import type { EvidenceBundleDocument } from "../json/evidence-bundle.ts";
import type { MatchLeaf } from "../json/match-leaf.ts";
import type { Population } from "../json/population.ts";
import type { ProviderStateDocument } from "../json/provider-state.ts";
import type { RecordBatchHeader } from "../json/record-batch.ts";
import type { RegionCard } from "../json/region-card.ts";
import type { Request } from "../json/request.ts";
import type { RestoreLeaf } from "../json/restore-leaf.ts";
import type { SeedLeaf } from "../json/seed-leaf.ts";
import type { SpendLeaf } from "../json/spend-leaf.ts";
import type { Trust } from "../json/trust.ts";
import type { WithheldLeaf } from "../json/withheld-leaf.ts";

/** Each kind of document by the name of its schema. */
export interface DocumentTypes {
  "blinded-batch": BlindedBatchHeader;
  card: Card;
  collaboration: Collaboration;
  "dataset-head": DatasetHeadDocument;
  departure: Departure;
  "earlier-collaboration": EarlierCollaboration;
  "earlier-match-leaf": EarlierMatchLeaf;
  "earlier-spend-leaf": EarlierSpendLeaf;
  "epoch-key": EpochKeyDocument;
  "evaluated-batch": EvaluatedBatchHeader;
  "evidence-bundle": EvidenceBundleDocument;
  "match-leaf": MatchLeaf;
  population: Population;
  "provider-state": ProviderStateDocument;
  "record-batch": RecordBatchHeader;
  "region-card": RegionCard;
  request: Request;
  "restore-leaf": RestoreLeaf;
  "seed-leaf": SeedLeaf;
  "spend-leaf": SpendLeaf;
  trust: Trust;
  "withheld-leaf": WithheldLeaf;
}

export type DocumentKind = keyof DocumentTypes;

/** What is one of several kinds is judged as the kind that it says it is. */
const options = { strict: true, discriminator: true, verbose: true } as const;
/** What outsiders send is refused at its first fault: a longer look is theirs to make as long as they like. */
const wire = new Ajv({ allErrors: false, ...options });
/** What people write by hand is looked through to its end. */
const written = new Ajv({ allErrors: true, ...options });

const validators: Record<DocumentKind, ValidateFunction> = {
  "blinded-batch": wire.compile(blindedBatch),
  card: written.compile(card),
  collaboration: written.compile(collaboration),
  "dataset-head": wire.compile(datasetHead),
  departure: wire.compile(departure),
  "earlier-collaboration": written.compile(earlierCollaboration),
  "earlier-spend-leaf": wire.compile(earlierSpendLeaf),
  "epoch-key": wire.compile(epochKey),
  "evaluated-batch": wire.compile(evaluatedBatch),
  "evidence-bundle": wire.compile(evidenceBundle),
  "match-leaf": wire.compile(matchLeaf),
  "earlier-match-leaf": wire.compile(earlierMatchLeaf),
  population: written.compile(population),
  "provider-state": wire.compile(providerState),
  "record-batch": wire.compile(recordBatch),
  "region-card": written.compile(regionCard),
  request: wire.compile(request),
  "restore-leaf": wire.compile(restoreLeaf),
  "seed-leaf": wire.compile(seedLeaf),
  "spend-leaf": wire.compile(spendLeaf),
  trust: written.compile(trust),
  "withheld-leaf": wire.compile(withheldLeaf),
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
  const faults = (validator.errors ?? []).map(faultOf);
  throw new PavilionError(
    "DOCUMENT_INVALID",
    `The ${kind} document does not follow its schema: ${listFaults(faults)}.`,
  );
}

const ownHand = new Ajv({ allErrors: true, ...options });
const ownValidators = new Map<DocumentKind, ValidateFunction>();

/**
 * The same for a document that a person wrote and reads the refusal of: every fault, with what stands there. `what` is how
 * that person calls it, such as the file's name.
 */
export function validateOwn<K extends DocumentKind>(
  kind: K,
  document: unknown,
  what: string,
  remedy?: string,
): DocumentTypes[K] {
  const validator = ownValidators.get(kind) ?? ownHand.compile(validators[kind].schema);
  ownValidators.set(kind, validator);
  if (validator(document)) return document as DocumentTypes[K];
  const faults = listFaults(faultsInWords(validator.errors ?? []));
  throw new PavilionError("DOCUMENT_INVALID", `${what} is not yet a ${kind}: ${faults}.`, remedy);
}

/** A pattern says little to people: what the schema says of the member stands beside it. */
function faultOf({ instancePath, keyword, message = "", parentSchema, params }: ErrorObject): string {
  const { description } = parentSchema as { readonly description?: string };
  const allowed = (params as { readonly allowedValues?: readonly unknown[] }).allowedValues;
  const told = `${instancePath || "/"} ${message}`;
  if (allowed !== undefined) return `${told}: ${allowed.join(", ")}`;
  if (keyword !== "pattern" || description === undefined) return told;
  return `${told} (${description.replace(/\.$/, "")})`;
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
