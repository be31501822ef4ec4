/**
 * A collaboration of three providers, and what their agents sign and push, for tests: real keys, HPKE, commitments and
 * signatures, from fixed seeds.
 */
import { createECDH, createHash } from "node:crypto";
import {
  commitRecords,
  decodeScalar,
  encodePoints,
  encodeScalar,
  scalarFrom,
  type Committed,
  type SharedCommitment,
} from "../crypto/commitment/commitment.ts";
import { openerFor, sealerTo, type Opener } from "../crypto/hpke/hpke.ts";
import { canonicalBytes, digestOf } from "../crypto/jws/canonical.ts";
import { ed25519FromSeed } from "../crypto/jws/ed25519.ts";
import { signDetached } from "../crypto/jws/jws.ts";
import { datasetHeadOf, payloadDigest, recordBatchInfo, recordRoot } from "../domain/records/batch.ts";
import { publicKeyText } from "../domain/terms/signatures.ts";
import { columnsDigest, committedColumns, coordinatesOf } from "../domain/statistics/coordinates.ts";
import { signatureType, type DocumentKind } from "../schemas/reading/validate.ts";
import { encodeRecord } from "../domain/records/match-record.ts";
import type { MatchRecord, RecordBatch } from "../schemas/avro/index.ts";
import type { Collaboration, Participant } from "../schemas/json/collaboration.ts";
import type { RecordBatchHeader } from "../schemas/json/record-batch.ts";

export const PARTITIONS = 4;

const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
const keyOf = (id: string): ReturnType<typeof ed25519FromSeed> => ed25519FromSeed(hash(id));

const regionKey = createECDH("prime256v1");
regionKey.setPrivateKey(hash("region"));

export const regionOpenerKey: Uint8Array = regionKey.getPublicKey();

/** The region's HPKE key, held in software. */
export const regionOpener: Opener = openerFor({
  publicKey: regionKey.getPublicKey(),
  deriveSharedSecret: (peer) => Promise.resolve(regionKey.computeSecret(peer)),
});

/** Columns: a nullable age 0 to 120, a flag, a state of two and `other`. */
export function participant(id: string, limits = { records: 100, changesPerDay: 1000 }): Participant {
  return {
    id,
    key: publicKeyText(keyOf(id).publicKey),
    dataset: `${id}-people`,
    identifier: { source: "id", normalisation: ["trim"] },
    columns: [
      {
        name: "age",
        kind: "integer",
        source: "dob",
        transform: "none",
        lower: 0,
        upper: 120,
        nullable: true,
      },
      { name: "member", kind: "flag", source: "member", true: ["y"], nullable: false },
      { name: "state", kind: "category", source: "state", domain: ["nsw", "vic"], other: "other" },
    ],
    limits,
  };
}

/** `health` in region `au`, epoch 1; alpha is the sender, beta and gamma are receivers. */
export function collaborationOf(changes: Partial<Collaboration> = {}): Collaboration {
  return {
    type: "pavilion/collaboration",
    id: "health",
    version: 1,
    previous: null,
    population: "au-residents",
    referenceDate: "2024-01-01",
    purposes: ["research"],
    legalBases: ["consent"],
    matching: { sender: "alpha", epoch: 1, partitions: PARTITIONS },
    providers: [participant("alpha"), participant("beta"), participant("gamma")],
    budget: { epsilonPerQuestion: "1" },
    minimumGroup: 10,
    brokers: [{ id: "broker", key: publicKeyText(keyOf("broker").publicKey), tenants: ["tenant"] }],
    ...changes,
  };
}

/** The version after one, which changes what it says. */
export const collaborationAfter = (
  before: Collaboration,
  changes: Partial<Collaboration> = {},
): Collaboration => ({ ...before, version: before.version + 1, previous: digestOf(before), ...changes });

/** The document's canonical text, and the signer's detached signature over it. */
export async function signed(
  kind: DocumentKind,
  document: object,
  signer: string,
): Promise<{ text: string; signature: string }> {
  const signature = await signDetached(
    document,
    { typ: signatureType(kind), kid: signer },
    keyOf(signer).sign,
  );
  return { text: new TextDecoder().decode(canonicalBytes(document)), signature };
}

export const tokenOf = (person: number): Buffer => hash(`person ${String(person)}`).subarray(0, 16);
/** The blinding of a person's commitment, 32 bytes. */
export const blindingOf = (person: number): Buffer => {
  const wide = createHash("sha512")
    .update(`blinding ${String(person)}`)
    .digest();
  return Buffer.from(encodeScalar(scalarFrom(wide)));
};
export const recordOf = (person: number, values: (number | null)[] = [40, 1, 0]): MatchRecord => ({
  token: tokenOf(person),
  values,
  blinding: blindingOf(person),
});
export const pushId = (number: number): string => number.toString(16).padStart(32, "0");

export interface Pushed {
  readonly header: RecordBatchHeader;
  readonly batch: RecordBatch;
}

/** What a provider may do to a batch that an honest one does not. */
export interface Tampering {
  readonly signer?: string;
  /** Alters the bytes of a record before they are sealed. */
  readonly altered?: (bytes: Buffer) => Buffer;
  /** The slot whose generators it commits under; its own where absent. */
  readonly slot?: number;
  /** What it commits to, in place of what it seals. */
  readonly committed?: (sealed: Committed[]) => Committed[];
  /** Alters the shares that it sends; the root stays over what it committed to. */
  readonly shared?: (shares: Buffer[]) => Buffer[];
}

/** Beta's first batch: records sealed in sequence under one context, and a commitment to each. */
export async function pushed(
  records: readonly MatchRecord[],
  changes: Partial<RecordBatchHeader> = {},
  tampering: Tampering = {},
): Promise<Pushed> {
  const { signer = "beta", altered, shared } = tampering;
  const place = { collaboration: "health", epoch: 1, dataset: "beta-people", sequence: 1, previous: null };
  const at = { ...place, provider: "beta", ...changes };
  const sealer = await sealerTo(regionKey.getPublicKey(), recordBatchInfo(at));
  const ciphertexts: Buffer[] = [];
  for (const record of records) {
    const encoded = encodeRecord(record);
    const bytes = altered === undefined ? encoded : altered(encoded);
    ciphertexts.push(Buffer.from(await sealer.seal(bytes, new Uint8Array(0))));
  }
  const enc = Buffer.from(sealer.enc);
  const commitments = commitmentsTo(records, at.provider, tampering);
  const salt = hash(`salt ${String(at.sequence)}`).toString("hex");
  const encoded = encodePoints(commitments.map(({ commitment }) => commitment));
  const header: RecordBatchHeader = {
    type: "pavilion/record-batch",
    version: 1,
    push: pushId(1),
    count: records.length,
    payloadDigest: payloadDigest([enc, ...ciphertexts]),
    last: true,
    columns: columnsDigest(participant(at.provider).columns),
    root: recordRoot(salt, encoded),
    salt,
    ...at,
  };
  const shares = commitments.map(({ share }) => Buffer.from(share));
  return {
    header,
    batch: {
      ...(await headed(header, signer)),
      enc,
      records: ciphertexts,
      commitments: Buffer.concat(shared === undefined ? shares : shared(shares)),
    },
  };
}

/** A manifest's canonical text, and the signer's signature over the head that it makes. */
export async function headed(
  header: RecordBatchHeader,
  signer: string,
): Promise<{ header: string; signature: string }> {
  const { signature } = await signed("dataset-head", datasetHeadOf(header), signer);
  return { header: new TextDecoder().decode(canonicalBytes(header)), signature };
}

/** As an agent makes them; values that nothing can be committed to count as their lower bound. */
function commitmentsTo(
  records: readonly MatchRecord[],
  provider: string,
  { slot = ["alpha", "beta", "gamma"].indexOf(provider), committed }: Tampering,
): SharedCommitment[] {
  const columns = committedColumns(participant(provider).columns);
  const honest = records.map(({ values, blinding }) => ({
    coordinates: coordinatesOf(values, columns).map((coordinate) => Math.max(coordinate, 0)),
    blinding: decodeScalar(blinding),
  }));
  return commitRecords(slot, committed === undefined ? honest : committed(honest));
}

/** The batch that follows another of the same dataset. */
export const following = (
  { header }: Pushed,
  records: readonly MatchRecord[],
  changes: Partial<RecordBatchHeader> = {},
): Promise<Pushed> =>
  pushed(records, {
    sequence: header.sequence + 1,
    previous: digestOf(header),
    push: header.push,
    ...changes,
  });
