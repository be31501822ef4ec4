import assert from "node:assert/strict";
import { createECDH } from "node:crypto";
import { test } from "node:test";
import { openerFor } from "../../crypto/hpke/hpke.ts";
import { digestOf } from "../../crypto/jws/canonical.ts";
import { ed25519FromSeed } from "../../crypto/jws/ed25519.ts";
import { publicKeyText } from "../../documents/collaboration.ts";
import { decodeRecord } from "../../runtime/registry/match-record.ts";
import type { Outcome } from "../../runtime/stage.ts";
import type { MatchRecord, RecordBatch } from "../../schemas/avro/index.ts";
import { ingest, type IngestPorts } from "../../stages/ingest/stage.ts";
import { collaboration as example, tableOf } from "../../test/stage-question.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { sealBatch, type Head, type SealingContext } from "./sealing.ts";

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
  region: collaboration.region,
  openBatch: opener.setup,
  decodeRecord,
};

const context: SealingContext = {
  regionKey: region.getPublicKey(),
  sign: identity.sign,
  place: {
    collaboration: collaboration.id,
    version: collaboration.version,
    epoch: collaboration.matching.epoch,
    provider: "north",
    dataset: "people",
    push: "0".repeat(32),
  },
};

const record = (mark: number): MatchRecord => ({ token: Buffer.alloc(16, mark), values: [null, mark % 3] });
const records = [1, 2, 3, 4, 5].map(record);

async function takeIn(batch: RecordBatch, state: MemoryState): Promise<Outcome> {
  const event = {
    type: "RecordBatch",
    value: batch,
    topic: "ingest.<provider>",
    provider: "north",
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
  const slices: MatchRecord[] = [];
  for (const { batch } of [first, second]) {
    const { kind, outputs } = await takeIn(batch, state);
    assert.equal(kind, "publish");
    for (const { type, value } of outputs) {
      if (type === "RecordSlice") slices.push(...(value as { records: MatchRecord[] }).records);
    }
  }
  const tokens = (list: MatchRecord[]): string[] => list.map(({ token }) => token.toString("hex")).sort();
  assert.deepEqual(tokens(slices), tokens(records));
});

test("the head is the digest of the header, the next batch names it, and the last says so", async () => {
  const first = await sealBatch(context, records, undefined, false);
  const second = await sealBatch(context, records, first.head, true);
  const [one, two] = [first, second].map(({ batch }) => JSON.parse(batch.header) as Record<string, unknown>);
  assert.deepEqual(first.head, { sequence: 1, head: digestOf(one) });
  assert.deepEqual([one?.previous, one?.last], [null, false]);
  assert.deepEqual([two?.sequence, two?.previous, two?.last], [2, first.head.head, true]);
});

test("two seals of the same records have nothing in common", async () => {
  const [one, two] = [
    await sealBatch(context, records, undefined, true),
    await sealBatch(context, records, undefined, true),
  ];
  assert.ok(!one.batch.enc.equals(two.batch.enc));
  for (const [index, sealed] of one.batch.records.entries()) {
    assert.notDeepEqual(sealed, two.batch.records[index]);
  }
});

test("every sealed record has the same length, whatever its values", async () => {
  const values = [null, 0, 1, 1_000_000_000, -1_000_000_000];
  const mixed = values.map((value, mark) => ({ token: Buffer.alloc(16, mark), values: [value, value] }));
  const { batch } = await sealBatch(context, mixed, undefined, true);
  assert.equal(new Set(batch.records.map(({ length }) => length)).size, 1);
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

test("a batch of as many records as a header may state, of the most columns, stays below Kafka's limit", async () => {
  const widest = { token: Buffer.alloc(16), values: Array.from({ length: 32 }, () => -1_000_000_000) };
  const { batch } = await sealBatch(
    context,
    Array.from({ length: 2000 }, () => widest),
    undefined,
    true,
  );
  const bytes = batch.records.reduce((sum, { length }) => sum + length, batch.header.length + 1000);
  assert.ok(bytes < 900_000, String(bytes));
});
