/**
 * A push as sealed batches: records in HPKE (RFC 9180) to the region's key, a Pedersen commitment to each beside them,
 * each batch's manifest chained to the one before and its head signed. A token, its values and the blinding of its
 * commitment stand together under one seal, bound to batch and index.
 */
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { signDetached, type JwsSigner } from "../../crypto/jws/jws.ts";
import { commitRecords, encodePoints, encodeScalar, scalarFrom } from "../../crypto/commitment/commitment.ts";
import { EPHEMERAL_SEED_LENGTH, sealerTo, type Sealer } from "../../crypto/hpke/hpke.ts";
import { datasetHeadOf, payloadDigest, recordBatchInfo, recordRoot } from "../../domain/records/batch.ts";
import type { Column } from "../../domain/statistics/derived-columns.ts";
import {
  columnsDigest,
  committedColumns,
  coordinatesOf,
  type Values,
} from "../../domain/statistics/coordinates.ts";
import { signatureType, validateDocument } from "../../schemas/reading/validate.ts";
import { encodeRecord } from "../../domain/records/match-record.ts";
import type { RecordBatch } from "../../schemas/avro/index.ts";
import type { RecordBatchHeader } from "../../schemas/json/record-batch.ts";
import { asBuffer } from "./batches.ts";

/** A dataset's last accepted batch in an epoch. */
export interface Head {
  readonly sequence: number;
  /** Digest of its manifest. */
  readonly head: string;
}

/** A person's record, as it is sealed and committed to. */
export interface TokenRecord {
  /** 16 bytes. */
  readonly token: Uint8Array;
  readonly values: Values;
}

export interface SealingContext {
  /** The region's HPKE public key, 65 bytes. */
  readonly regionKey: Uint8Array;
  readonly sign: JwsSigner;
  /** The provider's slot in the collaboration, from 0, and its declared columns. */
  readonly slot: number;
  readonly columns: readonly Column[];
  /** So many uniform bytes, fresh and secret: blindings and salts. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Who pushes what: the members that all manifests of the push share. */
  readonly place: Pick<
    RecordBatchHeader,
    "collaboration" | "version" | "epoch" | "provider" | "dataset" | "push"
  >;
}

/** What binds the seal is the context's info and HPKE's own sequence: nothing is left for the aad. */
const NO_AAD = new Uint8Array(0);
const SALT_LENGTH = 32;
/** What a blinding is reduced from. */
const WIDE_LENGTH = 64;

/** The batch that follows `previous`, and what it makes the dataset's head. At most 1,500 records. */
export async function sealBatch(
  context: SealingContext,
  records: readonly TokenRecord[],
  previous: Head | undefined,
  last: boolean,
): Promise<{ batch: RecordBatch; head: Head }> {
  const { regionKey, sign, place, columns, randomBytes } = context;
  const sequence = (previous?.sequence ?? 0) + 1;
  const chained = { ...place, sequence, previous: previous?.head ?? null };
  const blindings = records.map(() => scalarFrom(randomBytes(WIDE_LENGTH)));
  const { shares, encoded } = commitAll(context, records, blindings);
  const sealer = await sealerTo(regionKey, recordBatchInfo(chained), randomBytes(EPHEMERAL_SEED_LENGTH));
  const ciphertexts = await sealAll(sealer, records, blindings);
  const enc = asBuffer(sealer.enc);
  const salt = Buffer.from(randomBytes(SALT_LENGTH)).toString("hex");
  const header = validateDocument("record-batch", {
    type: "pavilion/record-batch",
    ...chained,
    count: ciphertexts.length,
    payloadDigest: payloadDigest([enc, ...ciphertexts]),
    last,
    columns: columnsDigest(columns),
    root: recordRoot(salt, encoded),
    salt,
  });
  const head = datasetHeadOf(header);
  const batch = {
    header: new TextDecoder().decode(canonicalBytes(header)),
    signature: await signDetached(head, { typ: signatureType("dataset-head"), kid: place.provider }, sign),
    enc,
    records: ciphertexts,
    commitments: Buffer.concat(shares),
  };
  return { batch, head: { sequence, head: head.head } };
}

function commitAll(
  { slot, columns }: SealingContext,
  records: readonly TokenRecord[],
  blindings: readonly bigint[],
): { shares: Uint8Array[]; encoded: Uint8Array[] } {
  const committed = committedColumns(columns);
  const made = commitRecords(
    slot,
    records.map(({ values }, row) => ({
      coordinates: coordinatesOf(values, committed),
      blinding: blindings[row] ?? missingBlinding(),
    })),
  );
  return {
    shares: made.map(({ share }) => share),
    encoded: encodePoints(made.map(({ commitment }) => commitment)),
  };
}

async function sealAll(
  sealer: Sealer,
  records: readonly TokenRecord[],
  blindings: readonly bigint[],
): Promise<Buffer[]> {
  const ciphertexts: Buffer[] = [];
  for (const [row, { token, values }] of records.entries()) {
    const blinding = asBuffer(encodeScalar(blindings[row] ?? missingBlinding()));
    const record = encodeRecord({ token: asBuffer(token), values: [...values], blinding });
    ciphertexts.push(asBuffer(await sealer.seal(record, NO_AAD)));
  }
  return ciphertexts;
}

function missingBlinding(): never {
  throw new Error("fewer blindings than records");
}
