/**
 * What a provider can try with the commitments and the manifest of a batch. Each batch is right in everything else.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ORDER, type Committed } from "../../crypto/commitment/commitment.ts";
import { decodeCurvePoint, encodePoint, MODULUS } from "../../crypto/commitment/group.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { datasetHeadOf, recordRoot } from "../../domain/records/batch.ts";
import { decodeRecord, encodeRecord } from "../../domain/records/match-record.ts";
import type { RecordBatch } from "../../schemas/avro/index.ts";
import type { RecordBatchHeader } from "../../schemas/json/record-batch.ts";
import {
  collaborationOf,
  headed,
  participant,
  PARTITIONS,
  pushed,
  pushId,
  recordOf,
  signed,
  type Pushed,
  type Tampering,
} from "../../test/agent-messages.ts";
import { assertRejected, portsOf, takeIn } from "./testing/batches.ts";
import { tableOf } from "../../test/stage-question.ts";

const people = [recordOf(1), recordOf(2, [null, 0, 2]), recordOf(3, [0, 1, 1])];
/** Coordinates of a record: count, age, whether there is one, member, and one for each state. */
const [count, age, valid, member, nsw, vic] = [0, 1, 2, 3, 4, 5] as const;

const wide = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, "0"), "hex");
const bytesOf = (x: bigint, y: bigint): Buffer => Buffer.concat([wide(x), wide(y)]);

/** The generator of all 8 · ORDER points (EIP-2494); ORDER times it generates the points of small order. */
const whole = decodeCurvePoint(
  bytesOf(
    995203441582195749578291179787384436505546430278305826713579947235728471134n,
    5472060717959818805561601436314318772137091100104008585924551046643952123905n,
  ),
);
const eighth = whole.multiplyUnsafe(ORDER - 1n).add(whole);
/** Every point of small order but the identity. */
const smallOrder = [1n, 2n, 3n, 4n, 5n, 6n, 7n].map((times) => eighth.multiplyUnsafe(times));

const send = async (tampering: Tampering, records = people): Promise<RecordBatch> =>
  (await pushed(records, {}, tampering)).batch;

/** Other commitments than to what is sealed, at one record. */
const committing = (row: number, change: (honest: Committed) => Committed): Tampering => ({
  committed: (honest) => honest.map((sealed, at) => (at === row ? change(sealed) : sealed)),
});

const raising = (coordinate: number, by: number): ((honest: Committed) => Committed) => {
  return ({ coordinates, blinding }) => ({
    coordinates: coordinates.with(coordinate, (coordinates[coordinate] ?? 0) + by),
    blinding,
  });
};

describe("a batch is rejected COMMITMENT_NOT_OPENED", () => {
  const rejects = (name: string, tampering: Tampering, records = people): void => {
    test(name, async () => {
      assertRejected((await takeIn([await send(tampering, records)])).last, "COMMITMENT_NOT_OPENED");
    });
  };

  rejects("where a value is another than the sealed one", committing(0, raising(age, 1)));
  rejects("where a flag is", committing(1, raising(member, 1)));
  rejects("where a value that is absent counts as there", committing(1, raising(valid, 1)));
  rejects("where an absent value is not zero", committing(1, raising(age, 30)));
  rejects("where a record counts twice", committing(2, raising(count, 1)));
  rejects("where a record counts not at all", committing(2, raising(count, -1)));
  rejects("where a person is in two categories", committing(0, raising(vic, 1)));
  rejects("where a person is in no category", committing(0, raising(nsw, -1)));
  rejects(
    "where it commits to something beyond the declared columns",
    committing(0, ({ coordinates, blinding }) => ({ coordinates: [...coordinates, 1], blinding })),
  );
  rejects(
    "where the blinding is another than the sealed one",
    committing(2, (honest) => ({ ...honest, blinding: (honest.blinding + 1n) % ORDER })),
  );
  rejects("under another slot's generators", { slot: 0 });
  rejects("under the generators of a slot that nobody has", { slot: 16 });
  rejects("where two records have each other's", {
    committed: ([first, second, ...rest]) =>
      [second, first, ...rest].filter((sealed) => sealed !== undefined),
  });
  rejects("where what one record lacks another has too much, so that all sums are right", {
    committed: (honest) =>
      honest.map((sealed, row) => {
        if (row === 1) return sealed;
        const { coordinates, blinding } = raising(age, row === 0 ? -7 : 7)(sealed);
        return { coordinates, blinding: (blinding + (row === 0 ? ORDER - 5n : 5n)) % ORDER };
      }),
  });

  test("for any one change of any coordinate or blinding, and never without one", async () => {
    const values = fc.tuple(fc.option(fc.nat(120)), fc.nat(1), fc.nat(2));
    const change = fc.record({
      row: fc.nat(),
      at: fc.integer({ min: -1, max: 6 }),
      by: fc.integer({ min: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(values, { minLength: 1, maxLength: 4 }),
        change,
        async (columns, { row, at, by }) => {
          const records = columns.map((record, person) => recordOf(person, record));
          assert.equal((await takeIn([await send({}, records)])).last.kind, "publish");
          const tampering = committing(row % records.length, (honest) =>
            at < 0
              ? { ...honest, blinding: (honest.blinding + BigInt(by)) % ORDER }
              : raising(at, by)(honest),
          );
          assertRejected((await takeIn([await send(tampering, records)])).last, "COMMITMENT_NOT_OPENED");
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe("a batch is rejected COMMITMENT_MALFORMED, and its row named,", () => {
  const sending = (name: string, share: (honest: Buffer) => Uint8Array): void => {
    test(name, async () => {
      const shared = (shares: Buffer[]): Buffer[] =>
        shares.map((honest, row) => (row === 1 ? Buffer.from(share(honest)) : honest));
      assertRejected((await takeIn([await send({ shared })])).last, "COMMITMENT_MALFORMED", [1]);
    });
  };
  const xOf = (share: Buffer): bigint => BigInt(`0x${share.subarray(0, 32).toString("hex")}`);
  const yOf = (share: Buffer): bigint => BigInt(`0x${share.subarray(32).toString("hex")}`);

  for (const [index, point] of smallOrder.entries()) {
    sending(`where it is a point of small order, ${String(index + 1)} of 7`, () => encodePoint(point));
  }
  sending("where it is the identity", () => bytesOf(0n, 1n));
  sending("where it is off the curve", (honest) => bytesOf(xOf(honest), (yOf(honest) + 1n) % MODULUS));
  sending("where it is nothing", () => Buffer.alloc(64));
  sending("where it is a point of BN254's own curve", () => bytesOf(1n, 2n));
  sending("where it is a point of edwards25519", () =>
    bytesOf(
      0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51an,
      0x6666666666666666666666666666666666666666666666666666666666666658n,
    ),
  );
  sending("where x is not reduced", (honest) => bytesOf(xOf(honest) + MODULUS, yOf(honest)));
  sending("where y is not reduced", (honest) => bytesOf(xOf(honest), yOf(honest) + MODULUS));
  sending("where its coordinates are in each other's place", (honest) => bytesOf(yOf(honest), xOf(honest)));

  test("where the blinding is not reduced", async () => {
    const altered = (bytes: Buffer): Buffer => {
      const { blinding, ...record } = decodeRecord(bytes);
      return encodeRecord({ ...record, blinding: wide(BigInt(`0x${blinding.toString("hex")}`) + ORDER) });
    };
    assertRejected((await takeIn([await send({ altered })])).last, "COMMITMENT_MALFORMED", [0]);
  });
});

test("a share plus a point of small order is taken as the share: the root and all that follows are the same", async () => {
  const made = await pushed(people);
  const expected = await takeIn([made.batch]);
  assert.equal(expected.last.kind, "publish");
  for (const torsion of smallOrder) {
    const shares = people.map((_, row) =>
      encodePoint(decodeCurvePoint(made.batch.commitments.subarray(row * 64, row * 64 + 64)).add(torsion)),
    );
    const commitments = Buffer.concat(shares);
    assert.notDeepEqual(commitments, made.batch.commitments);
    const { last, state } = await takeIn([{ ...made.batch, commitments }]);
    assert.deepEqual(last, expected.last);
    assert.deepEqual(state.snapshot(), expected.state.snapshot());
  }
});

test("the negative of a share is another commitment", async () => {
  const shared = (shares: Buffer[]): Uint8Array[] =>
    shares.map((share) => encodePoint(decodeCurvePoint(share).negate()));
  const batch = await send({ shared: (shares) => shared(shares).map((bytes) => Buffer.from(bytes)) });
  assertRejected((await takeIn([batch])).last, "BATCH_DIGEST_MISMATCH");
});

describe("a batch is rejected", () => {
  const rejects = (name: string, code: string, make: () => Promise<RecordBatch>): void => {
    test(`${code}: ${name}`, async () => {
      assertRejected((await takeIn([await make()])).last, code);
    });
  };
  const batchOf = async (changes: Partial<RecordBatchHeader>): Promise<RecordBatch> =>
    (await pushed(people, changes)).batch;
  const encoded = Array.from({ length: 3 }, (_, index) => Buffer.alloc(64, index + 1));

  rejects("a root over other commitments", "BATCH_DIGEST_MISMATCH", () =>
    batchOf({ root: recordRoot("0".repeat(64), encoded) }),
  );
  rejects("a root under another salt", "BATCH_DIGEST_MISMATCH", () => batchOf({ salt: "0".repeat(64) }));
  rejects("commitments in another order than the root's", "BATCH_DIGEST_MISMATCH", () =>
    send({ shared: (shares) => shares.toReversed() }),
  );
  rejects("the commitments of other people", "BATCH_DIGEST_MISMATCH", async () => {
    const others = await pushed([7, 8, 9].map((person) => recordOf(person)));
    return { ...(await send({})), commitments: others.batch.commitments };
  });
  rejects("a commitment less", "BATCH_UNREADABLE", () => send({ shared: (shares) => shares.slice(1) }));
  rejects("a commitment more", "BATCH_UNREADABLE", () =>
    send({ shared: (shares) => [...shares, ...shares.slice(0, 1)] }),
  );
  rejects("other columns than the declared ones", "BATCH_UNREADABLE", () =>
    batchOf({ columns: "0".repeat(64) }),
  );

  test("VALUE_OUT_OF_BOUNDS: a value beyond its bound, though its commitment opens to it", async () => {
    // Whoever is let in with 121 years would change a sum by more than its noise is scaled to.
    const { batch } = await pushed([recordOf(1, [121, 1, 0])]);
    assertRejected((await takeIn([batch])).last, "VALUE_OUT_OF_BOUNDS", [0]);
  });
});

describe("a manifest is rejected", () => {
  const rejected = async (batch: RecordBatch, code: string, ports = portsOf()): Promise<void> => {
    assertRejected((await takeIn([batch], ports)).last, code);
  };
  const withHeader = ({ batch }: Pushed, header: RecordBatchHeader): RecordBatch => ({
    ...batch,
    header: new TextDecoder().decode(canonicalBytes(header)),
  });

  test("BAD_SIGNATURE: whichever member was changed after signing", async () => {
    const made = await pushed(people);
    const { header } = made;
    const changes: Partial<RecordBatchHeader>[] = [
      { push: pushId(2) },
      { sequence: 2 },
      { previous: "0".repeat(64) },
      { count: 2 },
      { payloadDigest: "0".repeat(64) },
      { last: false },
      { columns: "0".repeat(64) },
      { root: "0".repeat(64) },
      { salt: "0".repeat(64) },
    ];
    for (const change of changes) {
      await rejected(withHeader(made, { ...header, ...change }), "BAD_SIGNATURE");
    }
    const pinnedBefore = ["collaboration", "version", "epoch", "provider", "dataset", "type"];
    const changed = changes.flatMap((change) => Object.keys(change));
    assert.deepEqual([...changed, ...pinnedBefore].sort(), Object.keys(header).sort());
  });

  test("BAD_SIGNATURE: signed by another provider's key, in its own name or in the owner's", async () => {
    const made = await pushed(people);
    for (const signer of ["alpha", "gamma", "broker"]) {
      await rejected({ ...made.batch, ...(await headed(made.header, signer)) }, "BAD_SIGNATURE");
    }
  });

  test("BAD_SIGNATURE: the owner's signature over the manifest itself, or over its head as another kind", async () => {
    const made = await pushed(people);
    const overManifest = await signed("dataset-head", made.header, "beta");
    const asManifest = await signed("record-batch", datasetHeadOf(made.header), "beta");
    for (const { signature } of [overManifest, asManifest]) {
      await rejected({ ...made.batch, signature }, "BAD_SIGNATURE");
    }
  });

  test("BATCH_OUT_OF_SEQUENCE: one of an earlier number, replayed under its own signature", async () => {
    const first = await pushed([recordOf(1)]);
    const second = await pushed([recordOf(2)], {
      sequence: 2,
      previous: datasetHeadOf(first.header).head,
      push: pushId(2),
    });
    const { last } = await takeIn([first.batch, second.batch, first.batch]);
    assertRejected(last, "BATCH_OUT_OF_SEQUENCE");
  });

  test("one of another epoch: WRONG_EPOCH as it was, BAD_SIGNATURE with the epoch changed", async () => {
    const made = await pushed(people);
    const later = portsOf(
      collaborationOf({ version: 2, matching: { sender: "alpha", epoch: 2, partitions: PARTITIONS } }),
    );
    await rejected(made.batch, "WRONG_EPOCH", later);
    await rejected(withHeader(made, { ...made.header, version: 2, epoch: 2 }), "BAD_SIGNATURE", later);
  });

  test("one of another dataset or collaboration of the same provider: BAD_SIGNATURE, NOT_A_MEMBER as it was", async () => {
    const made = await pushed(people);
    const visits = { ...participant("beta"), dataset: "beta-visits" };
    const wealth = collaborationOf({
      id: "wealth",
      providers: [participant("alpha"), visits, participant("gamma")],
    });
    const ports = portsOf(wealth, { collaborations: tableOf(wealth) });
    const elsewhere = { ...made.header, collaboration: "wealth", dataset: "beta-visits" };
    const key = "beta-visits";
    assertRejected((await takeIn([withHeader(made, elsewhere)], ports, { key })).last, "BAD_SIGNATURE");
    assertRejected((await takeIn([made.batch], ports, { key })).last, "NOT_A_MEMBER");
  });
});
