import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { CryptoError } from "../../crypto/errors.ts";
import { digestOf } from "../../crypto/jws/canonical.ts";
import { payloadDigest } from "../../domain/records/batch.ts";
import { columnsDigest } from "../../domain/statistics/coordinates.ts";
import type { Column } from "../../domain/statistics/derived-columns.ts";
import { PavilionError } from "../../errors/errors.ts";
import { decodeRecord, encodeRecord } from "../../domain/records/match-record.ts";
import type { Outcome } from "../../runtime/contract/stage.ts";
import type { RecordBatch } from "../../schemas/avro/index.ts";
import type { Participant } from "../../schemas/json/collaboration.ts";
import type { RecordBatchHeader } from "../../schemas/json/record-batch.ts";
import {
  collaborationOf,
  following,
  headed,
  participant,
  PARTITIONS,
  pushed,
  pushId,
  recordOf,
  tokenOf,
  type Pushed,
} from "../../test/agent-messages.ts";
import { populationOver, populationsOf } from "../../test/populations.ts";
import {
  assertRejected,
  DAY_MS,
  eventOf,
  NOON,
  noticeIn,
  portsOf,
  slicesIn,
  takeIn,
} from "./testing/batches.ts";
import { textDigest } from "../../domain/records/batch.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { ingest, type IngestPorts } from "./stage.ts";

describe("an accepted batch", () => {
  test("goes to every partition, by the token's first two bytes, with its head and a notice", async () => {
    const people = Array.from({ length: 20 }, (_, person) => recordOf(person));
    const { batch, header } = await pushed(people, { last: false });
    const { last } = await takeIn([batch]);
    assert.equal(last.kind, "publish");
    const slices = last.outputs.filter(({ type }) => type === "RecordSlice");
    assert.deepEqual(
      slices.map(({ partition, key }) => [partition, key]),
      [0, 1, 2, 3].map((partition) => [partition, "beta-people"]),
    );
    const mark = {
      collaboration: "health",
      epoch: 1,
      dataset: "beta-people",
      sequence: 1,
      head: digestOf(header),
    };
    for (const [partition, slice] of slicesIn(last).entries()) {
      const expected = people
        .map((record, row) => ({ ...record, row }))
        .filter(({ token }) => token.readUInt16BE(0) % PARTITIONS === partition);
      assert.deepEqual(
        { ...slice, records: slice.records.map((record) => ({ ...record })) },
        { ...mark, records: expected },
      );
    }
    const head = last.outputs.find(({ type }) => type === "DatasetHead");
    const { signature } = batch;
    assert.deepEqual(head?.value, { ...mark, provider: "beta", complete: false, signature });
    assert.equal(head.partition, "all");
    const live = last.outputs.find(({ type }) => type === "LiveHead");
    assert.deepEqual(live?.value, { ...head.value, push: header.push });
    assert.deepEqual([live.owner, live.key], ["beta", "health/beta-people"]);
    assert.equal(noticeIn(last)?.kind, "accepted");
    assert.deepEqual(last.audit, [
      {
        tenant: "beta",
        action: "batch.accepted",
        details: { dataset: "beta-people", sequence: "1", head: mark.head },
      },
    ]);
  });

  test("may be empty, and still marks its end in every partition", async () => {
    const { last } = await takeIn([(await pushed([])).batch]);
    assert.deepEqual(
      slicesIn(last).map(({ records }) => records.length),
      [0, 0, 0, 0],
    );
  });

  test("keeps nulls of nullable columns, the bounds themselves, and the index of other", async () => {
    const edges = [recordOf(1, [null, 0, 2]), recordOf(2, [0, 1, 0]), recordOf(3, [120, 1, 2])];
    const { last } = await takeIn([(await pushed(edges)).batch], portsOf(collaborationOf()));
    assert.equal(last.kind, "publish");
    const values = slicesIn(last).flatMap(({ records }) => records.map((record) => record.values));
    assert.deepEqual(values.sort(), edges.map((record) => record.values).sort());
  });

  test("of a later push updates the tokens of earlier ones without growing the dataset", async () => {
    const document = collaborationOf({
      providers: [participant("alpha"), participant("beta", { records: 2, changesPerDay: 9 })],
    });
    const first = await pushed([recordOf(1), recordOf(2)]);
    const second = await following(first, [recordOf(2, [41, 0, 1]), recordOf(1)], { push: pushId(2) });
    const { last } = await takeIn([first.batch, second.batch], portsOf(document));
    assert.equal(last.kind, "publish");
  });

  test("that comes again is told so again, and has no other effect", async () => {
    const first = await pushed([recordOf(1)]);
    const { outcomes, last } = await takeIn([first.batch, first.batch]);
    assert.deepEqual(last, { ...outcomes[1], outputs: last.outputs, changes: [], audit: [] });
    assert.equal(noticeIn(last)?.kind, "accepted");
    assert.equal(last.outputs.length, 1);
  });

  test("that comes again with another payload is rejected", async () => {
    const first = await pushed([recordOf(1)]);
    const altered = { ...first.batch, records: [Buffer.alloc(40)] };
    assertRejected((await takeIn([first.batch, altered])).last, "BATCH_DIGEST_MISMATCH");
  });
});

describe("a batch is rejected", () => {
  const rejects = (
    name: string,
    code: string,
    make: () => Promise<RecordBatch>,
    ports: IngestPorts = portsOf(),
    rows: number[] = [],
  ): void => {
    test(`${code}: ${name}`, async () => {
      assertRejected((await takeIn([await make()], ports)).last, code, rows);
    });
  };
  const batchOf = async (...from: Parameters<typeof pushed>): Promise<RecordBatch> =>
    (await pushed(...from)).batch;
  const one = [recordOf(1)];

  rejects("a header that is not JSON", "BATCH_UNREADABLE", async () => ({
    ...(await batchOf(one)),
    header: "{",
  }));
  rejects("a header with unknown members", "BATCH_UNREADABLE", async () => {
    const { header, batch } = await pushed(one);
    return { ...batch, header: JSON.stringify({ ...header, extra: 1 }) };
  });
  rejects("an oversized header", "BATCH_UNREADABLE", async () => ({
    ...(await batchOf(one)),
    header: " ".repeat(5000),
  }));
  rejects("another count than stated", "BATCH_UNREADABLE", () => batchOf(one, { count: 2 }));
  rejects("an encapsulated key of another length", "BATCH_UNREADABLE", async () => ({
    ...(await batchOf(one)),
    enc: Buffer.alloc(64),
  }));
  rejects("an oversized record", "BATCH_UNREADABLE", async () => ({
    ...(await batchOf(one)),
    records: [Buffer.alloc(1025)],
  }));
  const decodes = portsOf(collaborationOf(), {
    decodeRecord: () => {
      throw new Error("truncated buffer");
    },
  });
  rejects("a plaintext that is no record", "BATCH_UNREADABLE", () => batchOf(one), decodes, [0]);
  const trailing = { altered: (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(1)]) };
  rejects("bytes after a record", "BATCH_UNREADABLE", () => batchOf(one, {}, trailing), portsOf(), [0]);
  const short = { ...recordOf(2), token: Buffer.alloc(15) };
  rejects("a short token", "BATCH_UNREADABLE", () => batchOf([...one, short]), portsOf(), [1]);
  const blinded = (length: number) => ({
    altered: (bytes: Buffer) => encodeRecord({ ...decodeRecord(bytes), blinding: Buffer.alloc(length, 1) }),
  });
  for (const length of [0, 31]) {
    const name = `a blinding of ${String(length)} bytes`;
    rejects(name, "BATCH_UNREADABLE", () => batchOf(one, {}, blinded(length)), portsOf(), [0]);
  }
  rejects("a missing column", "BATCH_UNREADABLE", () => batchOf([recordOf(1, [1, 1])]), portsOf(), [0]);

  rejects("an unknown collaboration", "NOT_A_MEMBER", () => batchOf(one, { collaboration: "wealth" }));
  rejects("another provider's header", "NOT_A_MEMBER", () =>
    batchOf(one, { provider: "alpha", dataset: "alpha-people" }, { signer: "alpha" }),
  );
  rejects("its own dataset in another's name", "NOT_A_MEMBER", () => batchOf(one, { provider: "alpha" }));
  rejects("another provider's dataset", "NOT_A_MEMBER", () => batchOf(one, { dataset: "alpha-people" }));
  const without = collaborationOf({ providers: [participant("alpha"), participant("gamma")] });
  rejects("a provider that left", "NOT_A_MEMBER", () => batchOf(one), portsOf(without));
  rejects(
    "another region",
    "NOT_HOME_REGION",
    () => batchOf(one),
    portsOf(collaborationOf(), { region: "eu" }),
  );
  const elsewhere = populationsOf(populationOver(collaborationOf({ providers: [participant("alpha")] })));
  rejects(
    "a dataset outside the population",
    "OUTSIDE_POPULATION",
    () => batchOf(one),
    portsOf(collaborationOf(), { populations: elsewhere }),
  );
  rejects("an old version", "WRONG_EPOCH", () => batchOf(one), portsOf(collaborationOf({ version: 2 })));
  rejects("a coming epoch", "WRONG_EPOCH", () => batchOf(one, { epoch: 2 }));
  const spread = collaborationOf({ matching: { sender: "alpha", epoch: 1, partitions: PARTITIONS + 1 } });
  rejects("another number of partitions", "WRONG_EPOCH", () => batchOf(one), portsOf(spread));
  rejects("another's signature", "BAD_SIGNATURE", () => batchOf(one, {}, { signer: "alpha" }));
  rejects("a header altered after signing", "BAD_SIGNATURE", async () => {
    const { header, batch } = await pushed(one);
    return { ...batch, header: JSON.stringify({ ...header, last: false }) };
  });
  rejects("an altered record", "BATCH_DIGEST_MISMATCH", async () => {
    const batch = await batchOf(one);
    return { ...batch, records: [Buffer.alloc(40)] };
  });
  rejects("a first batch numbered 2", "BATCH_OUT_OF_SEQUENCE", () => batchOf(one, { sequence: 2 }));
  rejects("a first batch with a previous", "BATCH_OUT_OF_SEQUENCE", () =>
    batchOf(one, { previous: "0".repeat(64) }),
  );
  rejects("records in another order", "RECORD_NOT_OPENED", () => reordered(), portsOf(), [0]);
  rejects("a context for another place", "RECORD_NOT_OPENED", () => displaced(), portsOf(), [0]);
  rejects("an encapsulated key off the curve", "RECORD_NOT_OPENED", () => offCurve());
  const beyond = [recordOf(0), recordOf(1, [121, 1, 0]), recordOf(2, [-1, 1, 0]), recordOf(3, [1, 2, 0])];
  rejects("values beyond bounds", "VALUE_OUT_OF_BOUNDS", () => batchOf(beyond), portsOf(), [1, 2, 3]);
  const nulls = [recordOf(1, [1, null, 0]), recordOf(2, [1, 1, null]), recordOf(3, [1, 1, 3])];
  rejects("nulls and no category", "VALUE_OUT_OF_BOUNDS", () => batchOf(nulls), portsOf(), [0, 1, 2]);
  const squared: Column = { name: "age-squares", kind: "squares", of: "age" };
  const banded: Column = { name: "age-band", kind: "bins", of: "age", edges: [18, 65] };
  const derived = { ...participant("beta"), columns: [...participant("beta").columns, squared, banded] };
  const falselyDerived = [
    recordOf(0, [20, 1, 0, 400, 1]),
    recordOf(1, [20, 1, 0, 401, 1]),
    recordOf(2, [20, 1, 0, 400, 2]),
    recordOf(3, [null, 1, 0, 1, 3]),
    recordOf(4, [null, 1, 0, 0, 3]),
  ];
  rejects(
    "squares and bins that are not their column's",
    "VALUE_OUT_OF_BOUNDS",
    () => batchOf(falselyDerived, { columns: columnsDigest(derived.columns) }),
    portsOf(collaborationOf({ providers: [participant("alpha"), derived] })),
    [1, 2, 3],
  );
  const twice = [recordOf(1), recordOf(2), recordOf(1, [9, 0, 0])];
  rejects("a person twice", "DUPLICATE_TOKEN", () => batchOf(twice), portsOf(), [2]);
  const limited = (limits: Participant["limits"]): IngestPorts =>
    portsOf(collaborationOf({ providers: [participant("alpha"), participant("beta", limits)] }));
  rejects(
    "more records than allowed",
    "DATASET_TOO_LARGE",
    () => batchOf([recordOf(1), recordOf(2)]),
    limited({ records: 1, changesPerDay: 9 }),
  );
  rejects(
    "more changes than allowed",
    "CHURN_LIMIT",
    () => batchOf([recordOf(1), recordOf(2)]),
    limited({ records: 9, changesPerDay: 1 }),
  );

  async function reordered(): Promise<RecordBatch> {
    const made = await pushed([recordOf(1), recordOf(2)]);
    return resigned(made, { records: made.batch.records.toReversed() });
  }
  async function displaced(): Promise<RecordBatch> {
    return resigned(await pushed(one, { sequence: 2 }), {}, { sequence: 1 });
  }
  async function offCurve(): Promise<RecordBatch> {
    return resigned(await pushed(one), { enc: Buffer.alloc(65, 4) });
  }
  /** Puts a payload under a header that is right in everything else. */
  async function resigned(
    made: Pushed,
    payload: Partial<RecordBatch>,
    changes: Partial<RecordBatchHeader> = {},
  ): Promise<RecordBatch> {
    const batch = { ...made.batch, ...payload };
    const header = {
      ...made.header,
      payloadDigest: payloadDigest([batch.enc, ...batch.records]),
      ...changes,
    };
    return { ...batch, ...(await headed(header, "beta")) };
  }

  test("EVENT_MISPLACED: a batch under another key than its dataset, which leads to another partition", async () => {
    const batch = await batchOf(one);
    for (const key of ["alpha-people", "beta-people-2", "health", ""]) {
      assertRejected((await takeIn([batch], portsOf(), { key })).last, "EVENT_MISPLACED");
    }
  });

  test("DUPLICATE_TOKEN: a person in an earlier batch of the same push", async () => {
    const first = await pushed([recordOf(1)], { last: false });
    const second = await following(first, [recordOf(2), recordOf(1)]);
    assertRejected((await takeIn([first.batch, second.batch])).last, "DUPLICATE_TOKEN", [1]);
  });

  test("BATCH_OUT_OF_SEQUENCE: a gap, a fork, and an older batch again", async () => {
    const first = await pushed([recordOf(1)]);
    const second = await following(first, [recordOf(2)]);
    const third = await following(second, [recordOf(3)]);
    const fork = await pushed([recordOf(4)]);
    assertRejected((await takeIn([first.batch, third.batch])).last, "BATCH_OUT_OF_SEQUENCE");
    assertRejected((await takeIn([first.batch, fork.batch])).last, "BATCH_OUT_OF_SEQUENCE");
    assertRejected((await takeIn([first.batch, second.batch, first.batch])).last, "BATCH_OUT_OF_SEQUENCE");
  });

  test("CHURN_LIMIT: within the day only", async () => {
    const ports = limited({ records: 9, changesPerDay: 2 });
    const first = await pushed([recordOf(1), recordOf(2)]);
    const second = await following(first, [recordOf(1)], { push: pushId(2) });
    const { state, last } = await takeIn([first.batch, second.batch], ports);
    assertRejected(last, "CHURN_LIMIT");
    const yesterday = await takeIn([second.batch], ports, { state, time: NOON - DAY_MS });
    assertRejected(yesterday.last, "CHURN_LIMIT");
    const tomorrow = await takeIn([second.batch], ports, { state, time: NOON + DAY_MS });
    assert.equal(tomorrow.last.kind, "publish");
  });

  test("with a notice even where nothing of it can be read", async () => {
    const { last } = await takeIn([
      { header: "", signature: "", enc: Buffer.alloc(0), records: [], commitments: Buffer.alloc(0) },
    ]);
    const { provider, collaboration, dataset, batch, push, document } = noticeIn(last) ?? {};
    assert.deepEqual([provider, collaboration, dataset, batch, push], ["beta", "", "", 0, ""]);
    assert.equal(document, textDigest(""));
  });
});

test("a batch from no provider's topic reaches nobody", async () => {
  const { batch } = await pushed([recordOf(1)]);
  const { owner: _, ...event } = eventOf(batch);
  const outcome = await ingest.handle(event, new MemoryState(), portsOf());
  assert.equal(outcome.kind === "reject" && outcome.code, "INTERNAL_ERROR");
  assert.deepEqual(outcome.outputs, []);
});

test("a failing HSM is no fault of the batch", async () => {
  const { batch } = await pushed([recordOf(1)]);
  for (const failure of [
    new PavilionError("HSM_UNAVAILABLE", "The token is gone."),
    new CryptoError("HPKE_KEY_UNUSABLE", "The key answers nonsense."),
  ]) {
    const ports = portsOf(collaborationOf(), { openBatch: () => Promise.reject(failure) });
    await assert.rejects(async () => ingest.handle(eventOf(batch), new MemoryState(), ports), failure);
  }
});

test("tokens leave in slices alone, and no count but the batch's number leaves", async () => {
  const people = Array.from({ length: 77 }, (_, person) => recordOf(person));
  const { last } = await takeIn([(await pushed([...people, recordOf(0)])).batch]);
  assertRejected(last, "DUPLICATE_TOKEN", [77]);
  assert.equal(last.kind, "reject");
  const told = JSON.stringify([last.detail, last.audit, { ...noticeIn(last), rows: [] }]);
  assert.ok(!told.includes(tokenOf(0).toString("hex")));
  assert.doesNotMatch(told.replaceAll(/[0-9a-f]{64}/g, ""), /7[78]/);
});

test("doubling any batch, or replaying any prefix, changes neither state nor slices nor heads", async () => {
  const chain = [await pushed([recordOf(1), recordOf(2)])];
  for (const people of [[3], [1, 4], [], [5, 2]]) {
    const before = chain.at(-1);
    assert.ok(before);
    chain.push(
      await following(
        before,
        people.map((person) => recordOf(person)),
        { push: pushId(chain.length) },
      ),
    );
  }
  const batches = chain.map(({ batch }) => batch);
  const effectsOf = (outcomes: Outcome[]): unknown[] =>
    outcomes.flatMap(({ outputs, audit }) => [...outputs.filter(({ type }) => type !== "Notice"), ...audit]);
  const expected = await takeIn(batches);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(batches.length - 1), { maxLength: 6 }),
      fc.nat(batches.length),
      async (doubled, prefix) => {
        const script = [
          ...batches.flatMap((batch, index) => (doubled.includes(index) ? [batch, batch] : [batch])),
          ...batches.slice(0, prefix),
        ];
        const actual = await takeIn(script);
        const accepted = actual.outcomes.filter(({ kind }) => kind === "publish");
        assert.deepEqual(actual.state.snapshot(), expected.state.snapshot());
        assert.deepEqual(effectsOf(accepted), effectsOf(expected.outcomes));
      },
    ),
    { numRuns: 15 },
  );
});
