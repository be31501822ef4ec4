import assert from "node:assert/strict";
import { createECDH, createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { commit, decodeScalar, encodePoints, liftShare } from "../../crypto/commitment/commitment.ts";
import { openerFor } from "../../crypto/hpke/hpke.ts";
import { digestOf } from "../../crypto/jws/canonical.ts";
import { ed25519FromSeed } from "../../crypto/jws/ed25519.ts";
import { verifyDetached } from "../../crypto/jws/jws.ts";
import { datasetHeadOf, recordBatchInfo, recordRoot, SHARE_LENGTH } from "../../domain/records/batch.ts";
import { publicKeyText } from "../../domain/terms/signatures.ts";
import type { Column } from "../../domain/statistics/derived-columns.ts";
import { columnsDigest, committedColumns, coordinatesOf } from "../../domain/statistics/coordinates.ts";
import { signatureType } from "../../schemas/reading/validate.ts";
import { decodeRecord } from "../../domain/records/match-record.ts";
import type { Outcome } from "../../runtime/contract/stage.ts";
import type { RecordBatch, RecordSlice, SliceRecord } from "../../schemas/avro/index.ts";
import type { RecordBatchHeader } from "../../schemas/json/record-batch.ts";
import { ingest, type IngestPorts } from "../../stages/ingest/stage.ts";
import { populationOver, populationsOf } from "../../test/populations.ts";
import { collaboration as example, tableOf } from "../../test/stage-question.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { BATCH_SIZE } from "./batches.ts";
import { sealBatch, type Head, type SealingContext, type TokenRecord } from "./sealing.ts";

const identity = ed25519FromSeed(new Uint8Array(32).fill(1));
const [north, south] = example.providers;
assert.ok(north !== undefined && south !== undefined);
const collaboration = {
  ...example,
  providers: [{ ...north, key: publicKeyText(identity.publicKey) }, south],
};

const region = createECDH("prime256v1");
region.generateKeys();
const opener = openerFor({
  publicKey: region.getPublicKey(),
  deriveSharedSecret: (peer) => Promise.resolve(region.computeSecret(peer)),
});
const ports: IngestPorts = {
  collaborations: tableOf(collaboration),
  partitions: collaboration.matching.partitions,
  populations: populationsOf(populationOver(collaboration, { region: "au-east" })),
  region: "au-east",
  openBatch: opener.setup,
  decodeRecord,
  randomBytes,
};

const context: SealingContext = {
  regionKey: region.getPublicKey(),
  sign: identity.sign,
  slot: 0,
  columns: north.columns,
  randomBytes,
  place: {
    collaboration: collaboration.id,
    version: collaboration.version,
    epoch: collaboration.matching.epoch,
    provider: "north",
    dataset: "people",
    push: "0".repeat(32),
  },
};

const record = (mark: number): TokenRecord => ({
  token: Buffer.alloc(16, mark),
  values: [mark === 2 ? 40 : null, mark % 3],
});
const records = [1, 2, 3, 4, 5].map(record);

/** The widest bounds that a collaboration may declare. */
const BOUND = 1_000_000_000;
const wideColumn = (name: string): Column => ({
  name,
  kind: "integer",
  source: name,
  transform: "none",
  lower: -BOUND,
  upper: BOUND,
  nullable: true,
});

async function takeIn(batch: RecordBatch, state: MemoryState): Promise<Outcome> {
  const event = {
    type: "RecordBatch",
    value: batch,
    topic: "ingest.<provider>",
    owner: "north",
    key: "people",
    time: 0,
  } as const;
  const outcome = await ingest.handle(event, state, ports);
  state.apply(outcome.changes);
  return outcome;
}

test("ingest accepts the batches of a push, chained, and finds the records that were sealed", async () => {
  const state = new MemoryState();
  const first = await sealBatch(context, records.slice(0, 3), undefined, false);
  const second = await sealBatch(context, records.slice(3), first.head, true);
  const slices: SliceRecord[] = [];
  for (const { batch } of [first, second]) {
    const { kind, outputs } = await takeIn(batch, state);
    assert.equal(kind, "publish");
    for (const { type, value } of outputs) {
      if (type === "RecordSlice") slices.push(...(value as RecordSlice).records);
    }
  }
  const told = (list: readonly TokenRecord[]): string[] =>
    list.map(({ token, values }) => `${Buffer.from(token).toString("hex")} ${JSON.stringify(values)}`).sort();
  assert.deepEqual(told(slices), told(records));
});

test("each record has the commitment that its sealed values and blinding open, under the provider's slot", async () => {
  for (const slot of [0, 3]) {
    const { batch } = await sealBatch({ ...context, slot }, records, undefined, true);
    const { salt, root } = JSON.parse(batch.header) as RecordBatchHeader;
    const opened = await opener.setup(
      batch.enc,
      recordBatchInfo({ ...context.place, sequence: 1, previous: null }),
    );
    const columns = committedColumns(north.columns);
    const commitments = [];
    for (const [row, sealed] of batch.records.entries()) {
      const { values, blinding } = decodeRecord(await opened.open(sealed, new Uint8Array(0)));
      const expected = commit(slot, coordinatesOf(values, columns), decodeScalar(blinding));
      const share = batch.commitments.subarray(row * SHARE_LENGTH, (row + 1) * SHARE_LENGTH);
      assert.ok(liftShare(share).equals(expected));
      commitments.push(expected);
    }
    assert.equal(batch.commitments.length, records.length * SHARE_LENGTH);
    assert.equal(recordRoot(salt, encodePoints(commitments)), root);
  }
});

test("the provider signs the head, not the manifest, and the head is of exactly this manifest", async () => {
  const { batch } = await sealBatch(context, records, undefined, true);
  const header = JSON.parse(batch.header) as RecordBatchHeader;
  const expected = { typ: signatureType("dataset-head"), publicKey: identity.publicKey };
  assert.equal(verifyDetached(datasetHeadOf(header), batch.signature, expected).kid, "north");
  assert.throws(() => verifyDetached(header, batch.signature, expected));
  assert.equal(header.columns, columnsDigest(north.columns));
});

test("blindings, salt and the ephemeral key come from the random source alone, 64 and 32 bytes each, none used twice", async () => {
  const asked: number[] = [];
  const counting = (length: number): Uint8Array => {
    asked.push(length);
    return createHash("shake256", { outputLength: length }).update(String(asked.length)).digest();
  };
  const one = await sealBatch({ ...context, randomBytes: counting }, records, undefined, true);
  assert.deepEqual(
    asked.toSorted((a, b) => a - b),
    [32, 32, 64, 64, 64, 64, 64],
  );
  const { salt } = JSON.parse(one.batch.header) as RecordBatchHeader;
  const drawn = createHash("shake256", { outputLength: 32 }).update("7").digest("hex");
  assert.equal(salt, drawn);
  const shares = Array.from({ length: records.length }, (_, row) =>
    one.batch.commitments.subarray(row * SHARE_LENGTH, (row + 1) * SHARE_LENGTH).toString("hex"),
  );
  assert.equal(new Set(shares).size, records.length);
});

test("the head is the digest of the header, the next batch names it, and the last says so", async () => {
  const first = await sealBatch(context, records, undefined, false);
  const second = await sealBatch(context, records, first.head, true);
  const [one, two] = [first, second].map(({ batch }) => JSON.parse(batch.header) as Record<string, unknown>);
  assert.deepEqual(first.head, { sequence: 1, head: digestOf(one) });
  assert.deepEqual([one?.previous, one?.last], [null, false]);
  assert.deepEqual([two?.sequence, two?.previous, two?.last], [2, first.head.head, true]);
});

test("two seals of the same records have nothing in common, their commitments and manifests neither", async () => {
  const [one, two] = [
    await sealBatch(context, records, undefined, true),
    await sealBatch(context, records, undefined, true),
  ];
  assert.ok(!one.batch.enc.equals(two.batch.enc));
  for (const [index, sealed] of one.batch.records.entries()) {
    assert.notDeepEqual(sealed, two.batch.records[index]);
    const share = ({ batch }: typeof one): Buffer =>
      batch.commitments.subarray(index * SHARE_LENGTH, (index + 1) * SHARE_LENGTH);
    assert.notDeepEqual(share(one), share(two));
  }
  assert.notEqual(one.head.head, two.head.head);
});

test("every sealed record has the same length, and so has every share, whatever its values", async () => {
  const widest = {
    ...context,
    columns: Array.from({ length: 2 }, (_, index) => wideColumn(`wide-${String(index)}`)),
  };
  const values = [null, -BOUND, 1 - BOUND, 0, BOUND];
  const mixed = values.map((value, mark) => ({ token: Buffer.alloc(16, mark), values: [value, value] }));
  const { batch } = await sealBatch(widest, mixed, undefined, true);
  assert.equal(new Set(batch.records.map(({ length }) => length)).size, 1);
  assert.equal(batch.commitments.length, mixed.length * SHARE_LENGTH);
});

test("a batch sealed for one place opens in no other", async () => {
  const { batch } = await sealBatch(context, records, undefined, true);
  const elsewhere: Head = { sequence: 1, head: "0".repeat(64) };
  const moved = await sealBatch(context, records, elsewhere, true);
  const outcome = await takeIn(
    { ...batch, enc: moved.batch.enc, records: moved.batch.records },
    new MemoryState(),
  );
  assert.deepEqual(
    [outcome.kind, outcome.kind === "reject" && outcome.code],
    ["reject", "BATCH_DIGEST_MISMATCH"],
  );
});

test("a full batch of the most columns stays below Kafka's limit", async () => {
  const columns = Array.from({ length: 32 }, (_, index) => wideColumn(`wide-${String(index)}`));
  const widest = { token: Buffer.alloc(16), values: Array.from({ length: 32 }, () => BOUND) };
  const full = Array.from({ length: BATCH_SIZE }, () => widest);
  const { batch } = await sealBatch({ ...context, columns }, full, undefined, true);
  const parts = [batch.header.length, batch.commitments.length, ...batch.records.map(({ length }) => length)];
  const bytes = parts.reduce((sum, length) => sum + length, 1000);
  assert.ok(bytes < 900_000, String(bytes));
});
