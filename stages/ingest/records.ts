/**
 * The payload of a record batch: RFC 9180 ciphertexts under one HPKE context, opened in sequence.
 *
 * Promises: the payload is the one whose digest was signed; every record opens at its own index of the context that
 * is bound to the batch's place; every value lies in its column's declared range, and a derived one is what its column's
 * base makes it. One fault rejects the batch.
 * Does not: keep or report anything it opened.
 */
import { CryptoError } from "../../crypto/errors.ts";
import { payloadDigest, recordBatchInfo, SHARE_LENGTH } from "../../domain/records/batch.ts";
import { rangeOf } from "../../domain/terms/collaboration.ts";
import { derivationsOf, type Column } from "../../domain/statistics/derived-columns.ts";
import type { MatchRecord, RecordBatch } from "../../schemas/avro/index.ts";
import type { RecordBatchHeader } from "../../schemas/json/record-batch.ts";
import { RejectedBatch } from "./rejected-batch.ts";

/** DHKEM(P-256): an uncompressed point. */
const ENC_LENGTH = 65;
/** The tag and a padded record of 32 columns take 390 bytes. */
const CIPHERTEXT_LENGTH_MAX = 1024;
/** First bytes of the OPRF output that make the token. */
const TOKEN_LENGTH = 16;
const BLINDING_LENGTH = 32;
/** The context's info binds a record to its batch, its sequence number to its index: nothing is left for the aad. */
const NO_AAD = new Uint8Array(0);

/** What a provider can get wrong; every other failure to open is the connector's own. */
const batchFaults: ReadonlySet<string> = new Set(["HPKE_INVALID_ENC", "HPKE_OPEN_FAILED"]);

export interface RecordOpening {
  /**
   * One HPKE context, `open` called once a record and in order. Throw CryptoError: HPKE_INVALID_ENC for an encapsulated
   * key that is none, HPKE_OPEN_FAILED for a ciphertext that does not open at its place.
   */
  openBatch(
    enc: Uint8Array,
    info: Uint8Array,
  ): Promise<{ open(ciphertext: Uint8Array, aad: Uint8Array): Promise<Uint8Array> | Uint8Array }>;
  /** Avro binary of a MatchRecord with its padding. Throws for anything else. */
  decodeRecord(bytes: Uint8Array): MatchRecord;
}

/** Throws BATCH_UNREADABLE for another shape or count than the header's, BATCH_DIGEST_MISMATCH for other bytes. */
export function requirePayload(batch: RecordBatch, header: RecordBatchHeader): void {
  const shaped =
    batch.enc.length === ENC_LENGTH &&
    batch.records.length === header.count &&
    batch.commitments.length === header.count * SHARE_LENGTH &&
    batch.records.every((ciphertext) => ciphertext.length <= CIPHERTEXT_LENGTH_MAX);
  if (!shaped)
    throw new RejectedBatch(
      "BATCH_UNREADABLE",
      "The payload does not have the shape that the header states.",
    );
  if (payloadDigest([batch.enc, ...batch.records]) !== header.payloadDigest) {
    throw new RejectedBatch(
      "BATCH_DIGEST_MISMATCH",
      "The payload does not have the digest that the header states.",
    );
  }
}

/**
 * The batch's records in order, every one checked against the dataset's columns. Throws RECORD_NOT_OPENED,
 * BATCH_UNREADABLE or VALUE_OUT_OF_BOUNDS with the rows at fault; a failure of the HSM is thrown on as it is.
 */
export async function openRecords(
  batch: RecordBatch,
  header: RecordBatchHeader,
  columns: readonly Column[],
  opening: RecordOpening,
): Promise<MatchRecord[]> {
  const context = await orNotOpened([], () => opening.openBatch(batch.enc, recordBatchInfo(header)));
  const records: MatchRecord[] = [];
  for (const [row, ciphertext] of batch.records.entries()) {
    const bytes = await orNotOpened([row], () => context.open(ciphertext, NO_AAD));
    records.push(decode(bytes, row, opening));
  }
  requireShape(records, columns);
  requireBounds(records, columns);
  requireDerived(records, columns);
  return records;
}

async function orNotOpened<T>(rows: number[], open: () => Promise<T> | T): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof CryptoError && batchFaults.has(error.code))) throw error;
    throw new RejectedBatch(
      "RECORD_NOT_OPENED",
      "A record cannot be opened at its place in the batch.",
      rows,
    );
  }
}

function decode(bytes: Uint8Array, row: number, opening: RecordOpening): MatchRecord {
  try {
    return opening.decodeRecord(bytes);
  } catch {
    throw new RejectedBatch("BATCH_UNREADABLE", "A record cannot be read as a MatchRecord.", [row]);
  }
}

function requireShape(records: readonly MatchRecord[], columns: readonly Column[]): void {
  const rows = rowsWhere(
    records,
    ({ token, values, blinding }) =>
      token.length !== TOKEN_LENGTH ||
      values.length !== columns.length ||
      blinding.length !== BLINDING_LENGTH,
  );
  if (rows.length === 0) return;
  throw new RejectedBatch(
    "BATCH_UNREADABLE",
    "A record's token, blinding or number of values is not as declared.",
    rows,
  );
}

function requireBounds(records: readonly MatchRecord[], columns: readonly Column[]): void {
  const ranges = columns.map((column) => rangeOf(column, columns));
  const rows = rowsWhere(records, ({ values }) =>
    ranges.some(({ lower, upper, nullable }, column) => {
      const value = values[column] ?? null;
      if (value === null) return !nullable;
      return !Number.isSafeInteger(value) || value < lower || value > upper;
    }),
  );
  if (rows.length === 0) return;
  throw new RejectedBatch("VALUE_OUT_OF_BOUNDS", "A value lies outside its column's declared range.", rows);
}

/** After the bounds, so that what is derived from stays within them. */
function requireDerived(records: readonly MatchRecord[], columns: readonly Column[]): void {
  const derivations = derivationsOf(columns);
  const rows = rowsWhere(records, ({ values }) =>
    derivations.some(({ index, valueFrom }) => values[index] !== valueFrom(values)),
  );
  if (rows.length === 0) return;
  throw new RejectedBatch(
    "VALUE_OUT_OF_BOUNDS",
    "A squares or bins value is not what follows from its column.",
    rows,
  );
}

function rowsWhere(records: readonly MatchRecord[], faulty: (record: MatchRecord) => boolean): number[] {
  return records.flatMap((record, row) => (faulty(record) ? [row] : []));
}
