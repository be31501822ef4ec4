import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { ed25519FromSeed, type Ed25519Key } from "../../crypto/jws/ed25519.ts";
import { signDetached } from "../../crypto/jws/jws.ts";
import { payloadDigest } from "../../domain/records/batch.ts";
import { publicKeyText } from "../../domain/terms/signatures.ts";
import { signatureType } from "../../schemas/reading/validate.ts";
import type { Outcome } from "../../runtime/contract/stage.ts";
import type { BlindedBatch, EpochKey, EvaluatedBatch } from "../../schemas/avro/index.ts";
import type { BlindedBatchHeader } from "../../schemas/json/blinded-batch.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import { oprfRelay } from "../../stages/oprf-relay/stage.ts";
import { populationOver, populationsOf } from "../../test/populations.ts";
import { collaboration as example, tableOf } from "../../test/stage-question.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { deriveEpochKey } from "../keystore/parties.ts";
import { announceEpochKey, pinEpochKey, readEpochKey } from "./epoch-key.ts";
import type { Meter } from "./meter.ts";
import { blindBatch, finalizeAnswer, type Blinding, type ReceiverContext } from "./oprf-receiver.ts";
import { admitBatch, evaluateBatch, ownTokens, type SenderContext } from "./oprf-sender.ts";

const northIdentity = ed25519FromSeed(new Uint8Array(32).fill(1));
const southIdentity = ed25519FromSeed(new Uint8Array(32).fill(2));
const strangerIdentity = ed25519FromSeed(new Uint8Array(32).fill(3));
const seed = new Uint8Array(32).fill(4);

/** North is the sender, south a receiver of at most 5 records. */
const collaboration: Collaboration = {
  ...example,
  providers: example.providers.map((provider) => ({
    ...provider,
    key: publicKeyText((provider.id === "north" ? northIdentity : southIdentity).publicKey),
    limits: { records: 5, changesPerDay: 5 },
  })),
};
const { epoch } = collaboration.matching;
const epochKey = deriveEpochKey(seed, collaboration.id, epoch);
const publicKey = Buffer.from(epochKey.publicKey).toString("hex");

const receiver: ReceiverContext = {
  collaboration,
  provider: "south",
  push: "0".repeat(32),
  sign: southIdentity.sign,
  randomBytes,
};
const sender: SenderContext = {
  self: { provider: "north", region: "au-east", publicKey: northIdentity.publicKey },
  terms: {
    collaborations: tableOf(collaboration),
    populations: populationsOf(populationOver(collaboration, { region: "au-east" })),
  },
  epochKey: (id, number) => deriveEpochKey(seed, id, number),
  sign: northIdentity.sign,
  randomBytes,
};

const people = ["ann", "bob", "cleo"].map((name) => Buffer.from(name));
const hex = (tokens: readonly Uint8Array[]): string[] =>
  tokens.map((token) => Buffer.from(token).toString("hex"));

const unmetered = (): undefined => undefined;

async function answer(batch: BlindedBatch, meter?: Meter, context = sender): Promise<EvaluatedBatch> {
  const { header } = admitBatch(context, () => meter, batch);
  return evaluateBatch(context, header, batch.elements);
}

/** A batch whose header says something else, signed by `key` all the same. */
async function altered(
  batch: BlindedBatch,
  change: Partial<BlindedBatchHeader>,
  key: Ed25519Key = southIdentity,
) {
  const header = { ...(JSON.parse(batch.header) as BlindedBatchHeader), ...change };
  const typ = signatureType("blinded-batch");
  const signature = await signDetached(header, { typ, kid: header.provider }, key.sign);
  return { ...batch, header: new TextDecoder().decode(canonicalBytes(header)), signature };
}

async function exchange(): Promise<{ batch: BlindedBatch; blinding: Blinding; evaluated: EvaluatedBatch }> {
  const { batch, blinding } = await blindBatch(receiver, 1, people);
  return { batch, blinding, evaluated: await answer(batch) };
}

test("a receiver's tokens are the sender's for the same identifiers, whatever they are", async () => {
  const identifiers = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), {
    minLength: 1,
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(identifiers, async (inputs) => {
      const { batch, blinding } = await blindBatch(receiver, 1, inputs);
      const tokens = finalizeAnswer(receiver, publicKey, blinding, await answer(batch));
      assert.deepEqual(hex(tokens), hex(ownTokens(epochKey, inputs)));
    }),
    { numRuns: 25 },
  );
});

test("tokens have 16 bytes, differ between identifiers, and between epochs", () => {
  const tokens = ownTokens(epochKey, people);
  const others = ownTokens(deriveEpochKey(seed, collaboration.id, epoch + 1), people);
  assert.ok(tokens.every(({ length }) => length === 16));
  assert.equal(new Set(hex([...tokens, ...others])).size, 6);
});

test("the same identifier is blinded differently every time", async () => {
  const [one, two] = [await blindBatch(receiver, 1, people), await blindBatch(receiver, 1, people)];
  assert.equal(new Set(hex([...one.batch.elements, ...two.batch.elements])).size, 6);
});

test("the relay forwards all three messages as they are", async () => {
  const { batch, evaluated } = await exchange();
  const key = await announceEpochKey(collaboration, epochKey.publicKey, northIdentity.sign);
  const ports = {
    collaborations: tableOf(collaboration),
    partitions: collaboration.matching.partitions,
    region: "au-east",
    populations: populationsOf(populationOver(collaboration, { region: "au-east" })),
  };
  const handed = { topic: "ingest.<provider>", time: 0 } as const;
  const state = new MemoryState();
  const relayed = async (outcome: Outcome | Promise<Outcome>): Promise<unknown[]> => {
    const { kind, outputs } = await outcome;
    assert.equal(kind, "publish");
    return outputs.map(({ topic, owner, value }) => [topic, owner, value]);
  };
  const { handle } = oprfRelay;
  assert.deepEqual(
    await relayed(
      handle({ type: "BlindedBatch", value: batch, owner: "south", key: "visits", ...handed }, state, ports),
    ),
    [["oprf.blinded.<provider>", "north", batch]],
  );
  assert.deepEqual(
    await relayed(
      handle(
        { type: "EvaluatedBatch", value: evaluated, owner: "north", key: "people", ...handed },
        state,
        ports,
      ),
    ),
    [["oprf.evaluated.<provider>", "south", evaluated]],
  );
  assert.deepEqual(
    await relayed(
      handle({ type: "EpochKey", value: key, owner: "north", key: "people", ...handed }, state, ports),
    ),
    [["oprf.evaluated.<provider>", "south", key]],
  );
});

test("the receiver refuses an evaluation under another key than the epoch's", async () => {
  const { batch, blinding } = await blindBatch(receiver, 1, people);
  const other = { ...sender, epochKey: () => deriveEpochKey(new Uint8Array(32).fill(9), "care", epoch) };
  const evaluated = await answer(batch, undefined, other);
  assert.throws(() => finalizeAnswer(receiver, publicKey, blinding, evaluated), {
    code: "OPRF_INVALID_PROOF",
  });
});

test("the receiver refuses an evaluation that the sender did not sign", async () => {
  const { batch, blinding } = await blindBatch(receiver, 1, people);
  const evaluated = await answer(batch, undefined, { ...sender, sign: strangerIdentity.sign });
  assert.throws(() => finalizeAnswer(receiver, publicKey, blinding, evaluated), { code: "BAD_SIGNATURE" });
});

test("the receiver refuses an evaluation of another batch, to another receiver, or changed on its way", async () => {
  const { blinding, evaluated } = await exchange();
  const another = await exchange();
  const [element] = another.evaluated.elements;
  assert.ok(element !== undefined);
  const elements = [element, ...evaluated.elements.slice(1)];
  const refused: [EvaluatedBatch, string][] = [
    [another.evaluated, "BATCH_UNREADABLE"],
    [{ ...evaluated, elements }, "BATCH_DIGEST_MISMATCH"],
    [{ ...evaluated, elements: evaluated.elements.slice(1) }, "BATCH_UNREADABLE"],
    [{ ...evaluated, proof: another.evaluated.proof }, "BATCH_DIGEST_MISMATCH"],
    [{ ...evaluated, header: evaluated.header.replace('"south"', '"west"') }, "NOT_A_MEMBER"],
    [{ ...evaluated, header: evaluated.header.replace('"epoch":2', '"epoch":3') }, "WRONG_EPOCH"],
    [{ ...evaluated, signature: another.evaluated.signature }, "BAD_SIGNATURE"],
    [{ ...evaluated, header: "{}" }, "DOCUMENT_INVALID"],
  ];
  for (const [changed, code] of refused) {
    assert.throws(() => finalizeAnswer(receiver, publicKey, blinding, changed), { code });
  }
});

test("the sender refuses a batch that the receiver did not sign, or that was changed on its way", async () => {
  const { batch } = await blindBatch(receiver, 1, people);
  const other = await blindBatch(receiver, 1, people);
  const forged = await altered(batch, {}, strangerIdentity);
  const refused: [BlindedBatch, string][] = [
    [forged, "BAD_SIGNATURE"],
    [{ ...batch, header: batch.header.replace('"sequence":1', '"sequence":2') }, "BAD_SIGNATURE"],
    [{ ...batch, elements: other.batch.elements }, "BATCH_DIGEST_MISMATCH"],
    [{ ...batch, elements: batch.elements.slice(1) }, "BATCH_UNREADABLE"],
  ];
  for (const [changed, code] of refused)
    assert.throws(() => admitBatch(sender, unmetered, changed), { code });
});

test("the sender refuses another epoch, another version, and who is no receiver", async () => {
  const { batch } = await blindBatch(receiver, 1, people);
  const refused: [BlindedBatch, string][] = [
    [await altered(batch, { epoch: epoch + 1 }), "WRONG_EPOCH"],
    [await altered(batch, { version: collaboration.version - 1 }), "WRONG_EPOCH"],
    [await altered(batch, { provider: "west" }), "NOT_A_MEMBER"],
    [await altered(batch, { provider: "north" }, northIdentity), "NOT_A_MEMBER"],
    [await altered(batch, { collaboration: "trial" }), "UNKNOWN_COLLABORATION"],
  ];
  for (const [changed, code] of refused)
    assert.throws(() => admitBatch(sender, unmetered, changed), { code });
});

test("a provider that is not the sender evaluates nothing", async () => {
  const { batch } = await blindBatch(receiver, 1, people);
  const self = { ...sender.self, provider: "south", publicKey: southIdentity.publicKey };
  assert.throws(() => admitBatch({ ...sender, self }, unmetered, batch), { code: "NOT_A_MEMBER" });
});

test("an agent whose own key is not the pinned one evaluates nothing", async () => {
  const { batch } = await blindBatch(receiver, 1, people);
  const self = { ...sender.self, publicKey: strangerIdentity.publicKey };
  assert.throws(() => admitBatch({ ...sender, self }, unmetered, batch), { code: "NOT_A_MEMBER" });
});

test("the sender answers a batch that comes again, to the same tokens, and meters it once", async () => {
  const { batch, blinding } = await blindBatch(receiver, 1, people);
  const { meter } = admitBatch(sender, unmetered, batch);
  assert.equal(admitBatch(sender, () => meter, batch).meter, meter);
  const tokens = finalizeAnswer(receiver, publicKey, blinding, await answer(batch, meter));
  assert.deepEqual(hex(tokens), hex(ownTokens(epochKey, people)));
});

test("an earlier batch that is replayed is not evaluated", async () => {
  const first = await blindBatch(receiver, 1, people.slice(0, 1));
  const second = await blindBatch(receiver, 2, people.slice(1, 2));
  const after = admitBatch(
    sender,
    () => admitBatch(sender, unmetered, first.batch).meter,
    second.batch,
  ).meter;
  assert.throws(() => admitBatch(sender, () => after, first.batch), { code: "BATCH_OUT_OF_SEQUENCE" });
});

test("a receiver that asks for more than its limit allows gets no further answer", async () => {
  let meter: Meter | undefined;
  const ask = async (push: number): Promise<void> => {
    const { batch } = await blindBatch({ ...receiver, push: String(push).repeat(32) }, 1, [
      ...people,
      ...people.slice(0, 2),
    ]);
    ({ meter } = admitBatch(sender, () => meter, batch));
  };
  for (const push of [1, 2, 3, 4]) await ask(push);
  const full = meter;
  await assert.rejects(ask(5), { code: "OPRF_METER_EXCEEDED" });
  assert.equal(meter, full);
});

test("elements that are no points of the group, or the identity, are not evaluated", async () => {
  for (const element of [Buffer.alloc(32), Buffer.alloc(32, 0xff)]) {
    const { batch } = await blindBatch(receiver, 1, people.slice(0, 1));
    const bad = await altered({ ...batch, elements: [element] }, { payloadDigest: payloadDigest([element]) });
    await assert.rejects(answer(bad), { code: "OPRF_INVALID_ELEMENT" });
  }
});

const announced = (
  key = epochKey.publicKey,
  document = collaboration,
  identity = northIdentity,
): Promise<EpochKey> => announceEpochKey(document, key, identity.sign);

test("a receiver takes the sender's key for this epoch, announced in an earlier version too", async () => {
  assert.equal(readEpochKey(await announced(), collaboration), publicKey);
  const next = { ...collaboration, version: collaboration.version + 1 };
  assert.equal(readEpochKey(await announced(), next), publicKey);
});

test("keys of other epochs and collaborations are passed over", async () => {
  const matching = { ...collaboration.matching, epoch: epoch + 1 };
  assert.equal(
    readEpochKey(await announced(undefined, { ...collaboration, matching }), collaboration),
    undefined,
  );
  const other = { ...collaboration, id: "trial" };
  assert.equal(readEpochKey(await announced(undefined, other), collaboration), undefined);
});

test("refuses a key that another than the sender announces or signs", async () => {
  const matching = { ...collaboration.matching, sender: "south" };
  const bySouth = await announced(undefined, { ...collaboration, matching }, southIdentity);
  assert.throws(() => readEpochKey(bySouth, collaboration), { code: "EPOCH_KEY_REFUSED" });
  const forged = await announced(undefined, undefined, strangerIdentity);
  assert.throws(() => readEpochKey(forged, collaboration), { code: "BAD_SIGNATURE" });
});

test("stops at a second key of the epoch; the first may be repeated", () => {
  assert.equal(pinEpochKey(undefined, "aa"), "aa");
  assert.equal(pinEpochKey("aa", "aa"), "aa");
  assert.throws(() => pinEpochKey("aa", "bb"), { code: "EPOCH_KEY_REFUSED" });
});
