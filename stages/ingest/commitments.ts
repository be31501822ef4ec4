/**
 * The commitments of a batch: one for each record, to exactly the values that were sealed with it.
 *
 * Promises: every share is a point of the curve, and lifted out of whatever torsion it had; the manifest's root is
 * over these commitments; every one opens to its record's coordinates and blinding, but for a chance of 2^-128. What
 * is committed to has passed the bounds before: those are checked one by one.
 */
import { CryptoError } from "../../crypto/errors.ts";
import {
  decodeScalar,
  encodePoints,
  liftShare,
  verifyOpenings,
  type Opening,
  type Point,
} from "../../crypto/commitment/commitment.ts";
import { recordRoot, SHARE_LENGTH } from "../../domain/records/batch.ts";
import type { Column } from "../../domain/statistics/derived-columns.ts";
import { committedColumns, coordinatesOf } from "../../domain/statistics/coordinates.ts";
import type { MatchRecord } from "../../schemas/avro/index.ts";
import type { RecordBatchHeader } from "../../schemas/json/record-batch.ts";
import { RejectedBatch } from "./rejected-batch.ts";

/** Whose commitments they are: the dataset's slot and declared columns. */
export interface Committer {
  readonly slot: number;
  readonly columns: readonly Column[];
}

/** Throws COMMITMENT_MALFORMED, BATCH_DIGEST_MISMATCH or COMMITMENT_NOT_OPENED. */
export function requireCommitments(
  shares: Uint8Array,
  records: readonly MatchRecord[],
  header: RecordBatchHeader,
  { slot, columns }: Committer,
  randomBytes: (length: number) => Uint8Array,
): void {
  const lifted = records.map((record, row) => ({ ...record, commitment: lift(shares, row) }));
  const encoded = encodePoints(lifted.map(({ commitment }) => commitment));
  if (recordRoot(header.salt, encoded) !== header.root) {
    throw new RejectedBatch(
      "BATCH_DIGEST_MISMATCH",
      "The manifest's root does not match the batch's commitments.",
    );
  }
  const committed = committedColumns(columns);
  const openings = lifted.map(({ commitment, values, blinding }, row): Opening => ({
    commitment,
    coordinates: coordinatesOf(values, committed),
    blinding: readBlinding(blinding, row),
  }));
  if (verifyOpenings(slot, openings, randomBytes)) return;
  throw new RejectedBatch(
    "COMMITMENT_NOT_OPENED",
    "A commitment does not match the values that were sealed with it.",
  );
}

function lift(shares: Uint8Array, row: number): Point {
  return orMalformed(row, () => liftShare(shares.subarray(row * SHARE_LENGTH, (row + 1) * SHARE_LENGTH)));
}

const readBlinding = (blinding: Uint8Array, row: number): bigint =>
  orMalformed(row, () => decodeScalar(blinding));

function orMalformed<T>(row: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    throw new RejectedBatch(
      "COMMITMENT_MALFORMED",
      "A commitment is not a valid point of the curve, or its blinding is not a valid scalar.",
      [row],
    );
  }
}
