/**
 * A push as sealed batches: records in HPKE (RFC 9180) to the region's key, each batch's header signed and chained to
 * the one before. A token and its values stand together under one seal, bound to batch and index.
 */
import { canonicalBytes, digestOf } from "../../crypto/jws/canonical.ts";
import { signDetached, type JwsSigner } from "../../crypto/jws/jws.ts";
import { sealerTo } from "../../crypto/hpke/hpke.ts";
import { payloadDigest, recordBatchInfo } from "../../documents/batch.ts";
import { signatureType, validateDocument } from "../../documents/validate.ts";
import { encodeRecord } from "../../runtime/registry/match-record.ts";
import type { MatchRecord, RecordBatch } from "../../schemas/avro/index.ts";
import type { RecordBatchHeader } from "../../schemas/json/record-batch.ts";
import { asBuffer } from "./batches.ts";

/** A dataset's last accepted batch in an epoch. */
export interface Head {
  readonly sequence: number;
  /** Digest of its header. */
  readonly head: string;
}

export interface SealingContext {
  /** The region's HPKE public key, 65 bytes. */
  readonly regionKey: Uint8Array;
  readonly sign: JwsSigner;
  /** Who pushes what: the members that all headers of the push share. */
  readonly place: Pick<
    RecordBatchHeader,
    "collaboration" | "version" | "epoch" | "provider" | "dataset" | "push"
  >;
}

/** What binds the seal is the context's info and HPKE's own sequence: nothing is left for the aad. */
const NO_AAD = new Uint8Array(0);

/** The batch that follows `previous`, and what it makes the dataset's head. At most 2,000 records. */
export async function sealBatch(
  { regionKey, sign, place }: SealingContext,
  records: readonly MatchRecord[],
  previous: Head | undefined,
  last: boolean,
): Promise<{ batch: RecordBatch; head: Head }> {
  const sequence = (previous?.sequence ?? 0) + 1;
  const chained = { ...place, sequence, previous: previous?.head ?? null };
  const sealer = await sealerTo(regionKey, recordBatchInfo(chained));
  const enc = asBuffer(sealer.enc);
  const sealed: Buffer[] = [];
  for (const record of records) sealed.push(asBuffer(await sealer.seal(encodeRecord(record), NO_AAD)));
  const header = validateDocument("record-batch", {
    type: "pavilion/record-batch",
    ...chained,
    count: sealed.length,
    payloadDigest: payloadDigest([enc, ...sealed]),
    last,
  });
  const batch = {
    header: new TextDecoder().decode(canonicalBytes(header)),
    signature: await signDetached(header, { typ: signatureType("record-batch"), kid: place.provider }, sign),
    enc,
    records: sealed,
  };
  return { batch, head: { sequence, head: digestOf(header) } };
}
