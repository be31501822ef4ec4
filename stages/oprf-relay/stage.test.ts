import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { digestOf } from "../../crypto/jws/canonical.ts";
import {
  blind,
  blindEvaluateBatch,
  deriveKeyPair,
  finalizeBatch,
  randomScalar,
} from "../../crypto/oprf/oprf.ts";
import { payloadDigest } from "../../domain/records/batch.ts";
import type { Outcome, StageEvent } from "../../runtime/contract/stage.ts";
import type { BlindedBatch, EpochKey, EvaluatedBatch, Notice } from "../../schemas/avro/index.ts";
import type { BlindedBatchHeader } from "../../schemas/json/blinded-batch.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { EpochKeyDocument } from "../../schemas/json/epoch-key.ts";
import type { EvaluatedBatchHeader } from "../../schemas/json/evaluated-batch.ts";
import { collaborationOf, participant, PARTITIONS, pushId, signed } from "../../test/agent-messages.ts";
import { populationOver, populationsOf } from "../../test/populations.ts";
import { tableOf } from "../../test/stage-question.ts";
import { runStage, type StageRun } from "../../test/stage-run.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { oprfRelay, type OprfRelayPorts } from "./stage.ts";

type MessageEvent = StageEvent<"BlindedBatch" | "EvaluatedBatch" | "EpochKey">;

const scalarOf = (number: number): Uint8Array =>
  randomScalar((length) => new Uint8Array(length).fill(number));
const keyPair = deriveKeyPair(new Uint8Array(32).fill(1), new Uint8Array(0));
const inputs = ["ann", "bob"].map((name) => new TextEncoder().encode(name));
const blinds = inputs.map((_, index) => scalarOf(index + 1));
const elements = inputs.map((input, index) => Buffer.from(blind(input, blinds[index] ?? scalarOf(9))));
const { evaluated, proof } = blindEvaluateBatch(keyPair.secretKey, keyPair.publicKey, elements, scalarOf(5));
const place = { collaboration: "health", version: 1, epoch: 1 };

/** Beta's batch of two blinded identifiers. */
async function blinded(
  changes: Partial<BlindedBatchHeader> = {},
  { signer = "beta", parts = elements } = {},
): Promise<BlindedBatch> {
  const counted = { count: parts.length, payloadDigest: payloadDigest(parts) };
  const header = { type: "pavilion/blinded-batch", ...place, provider: "beta", sequence: 4, push: pushId(1) };
  const { text, signature } = await signed("blinded-batch", { ...header, ...counted, ...changes }, signer);
  return { header: text, signature, elements: parts };
}

/** Alpha's answer to it. */
async function evaluation(
  changes: Partial<EvaluatedBatchHeader> = {},
  {
    signer = "alpha",
    parts = evaluated.map((element) => Buffer.from(element)),
    dleq = Buffer.from(proof),
  } = {},
): Promise<EvaluatedBatch> {
  const header = {
    type: "pavilion/evaluated-batch",
    ...place,
    provider: "alpha",
    receiver: "beta",
    blindedDigest: digestOf(JSON.parse((await blinded()).header)),
    count: parts.length,
    payloadDigest: payloadDigest([...parts, dleq]),
    ...changes,
  };
  const { text, signature } = await signed("evaluated-batch", header, signer);
  return { header: text, signature, elements: parts, proof: dleq };
}

/** Alpha's key of the epoch. */
async function epochKey(changes: Partial<EpochKeyDocument> = {}, signer = "alpha"): Promise<EpochKey> {
  const publicKey = Buffer.from(keyPair.publicKey).toString("hex");
  const document = { type: "pavilion/epoch-key", ...place, provider: "alpha", publicKey, ...changes };
  const { text, signature } = await signed("epoch-key", document, signer);
  return { document: text, signature };
}

const otherKey = "ab".repeat(32);

function eventOf(
  value: BlindedBatch | EvaluatedBatch | EpochKey,
  provider: string,
  key = `${provider}-people`,
): MessageEvent {
  const common = { topic: "ingest.<provider>" as const, key, owner: provider, time: 0 };
  if ("proof" in value) return { ...common, type: "EvaluatedBatch", value };
  return "elements" in value
    ? { ...common, type: "BlindedBatch", value }
    : { ...common, type: "EpochKey", value };
}

const portsOf = (document = collaborationOf(), region = "au"): OprfRelayPorts => ({
  collaborations: tableOf(document),
  populations: populationsOf(populationOver(document)),
  partitions: PARTITIONS,
  region,
});

const run = (
  events: readonly MessageEvent[],
  ports = portsOf(),
  state = new MemoryState(),
): Promise<StageRun> =>
  runStage((event: MessageEvent, view) => oprfRelay.handle(event, view, ports), events, state);

const sentIn = (outcome: Outcome): string[] =>
  outcome.outputs.map(({ topic, owner, key }) => `${topic.replace("<provider>", owner ?? "")} ${key}`);

function assertRejected(outcome: Outcome, code: string, provider: string): void {
  assert.equal(outcome.kind, "reject");
  assert.equal(outcome.code, code);
  assert.deepEqual(outcome.changes, []);
  assert.equal(outcome.outputs.length, 1);
  assert.equal(outcome.outputs[0]?.owner, provider);
  const notice = outcome.outputs[0].value as Notice;
  assert.deepEqual([notice.provider, notice.kind, notice.code], [provider, "relay-rejected", code]);
  assert.deepEqual(
    outcome.audit.map(({ tenant, action, code: audited }) => [tenant, action, audited]),
    [[provider, "relay.rejected", code]],
  );
}

describe("relays unchanged", () => {
  test("a receiver's blinded batch to the sender alone", async () => {
    const batch = await blinded();
    const { last } = await run([eventOf(batch, "beta")]);
    assert.equal(last.kind, "publish");
    assert.deepEqual(sentIn(last), ["oprf.blinded.alpha health"]);
    assert.equal(last.outputs[0]?.value, batch);
    assert.deepEqual(last.changes, []);
    const details = {
      kind: "blinded-batch",
      collaboration: "health",
      document: digestOf(JSON.parse(batch.header)),
    };
    assert.deepEqual(last.audit, [{ tenant: "beta", action: "relay.forwarded", details }]);
  });

  test("the sender's evaluation to the receiver that asked alone, who can finalize it", async () => {
    const { last } = await run([eventOf(await evaluation(), "alpha")]);
    assert.deepEqual(sentIn(last), ["oprf.evaluated.beta health"]);
    const answer = last.outputs[0]?.value as EvaluatedBatch;
    const outputs = finalizeBatch(inputs, blinds, answer.elements, elements, keyPair.publicKey, answer.proof);
    assert.equal(outputs.length, inputs.length);
  });

  test("the epoch's key to every receiver, and again when it is announced again", async () => {
    const key = eventOf(await epochKey(), "alpha");
    const { outcomes, state } = await run([key, key]);
    for (const outcome of outcomes) {
      assert.deepEqual(sentIn(outcome), ["oprf.evaluated.beta health", "oprf.evaluated.gamma health"]);
    }
    assert.deepEqual(state.snapshot().length, 1);
  });

  test("the same key in a later version, and another in the next epoch", async () => {
    const { state } = await run([eventOf(await epochKey(), "alpha")]);
    const second = portsOf(collaborationOf({ version: 2 }));
    const { last } = await run([eventOf(await epochKey({ version: 2 }), "alpha")], second, state);
    assert.equal(last.kind, "publish");
    const matching = { sender: "alpha", epoch: 2, partitions: PARTITIONS };
    const third = portsOf(collaborationOf({ version: 3, matching }));
    const next = await epochKey({ version: 3, epoch: 2, publicKey: otherKey });
    assert.equal((await run([eventOf(next, "alpha")], third, state)).last.kind, "publish");
    assert.deepEqual(state.snapshot(), [["keys", "health", { epoch: 2, publicKey: otherKey }]]);
  });
});

describe("rejects", () => {
  const rejects = (
    name: string,
    code: string,
    make: () => Promise<BlindedBatch | EvaluatedBatch | EpochKey>,
    { from = "beta", ports = portsOf() } = {},
  ): void => {
    test(`${code}: ${name}`, async () => {
      assertRejected((await run([eventOf(await make(), from)], ports)).last, code, from);
    });
  };
  const collaborationWith = (changes: Partial<Collaboration>): { ports: OprfRelayPorts } => ({
    ports: portsOf(collaborationOf(changes)),
  });
  const sender = { from: "alpha" };

  rejects("a header that is not JSON", "BATCH_UNREADABLE", async () => ({
    ...(await blinded()),
    header: "{",
  }));
  rejects("an oversized header", "BATCH_UNREADABLE", async () => ({
    ...(await blinded()),
    header: " ".repeat(5000),
  }));
  rejects("one kind of document in another kind's event", "BATCH_UNREADABLE", async () => ({
    ...(await blinded()),
    header: (await evaluation()).header,
  }));
  rejects("more than 2,000 elements", "BATCH_UNREADABLE", () => blinded({ count: 2001 }));
  rejects("another count than stated", "BATCH_UNREADABLE", () => blinded({ count: 3 }));
  rejects("a short element", "BATCH_UNREADABLE", () => blinded({}, { parts: [Buffer.alloc(31)] }));
  rejects("another count of evaluations", "BATCH_UNREADABLE", () => evaluation({ count: 1 }), sender);
  const shortProof = { dleq: Buffer.alloc(63) };
  rejects("a short proof", "BATCH_UNREADABLE", () => evaluation({}, shortProof), sender);
  rejects("an altered element", "BATCH_DIGEST_MISMATCH", async () => ({
    ...(await blinded()),
    elements: [...elements].reverse(),
  }));
  const altered = async (): Promise<EvaluatedBatch> => ({ ...(await evaluation()), proof: Buffer.alloc(64) });
  rejects("an altered proof", "BATCH_DIGEST_MISMATCH", altered, sender);

  rejects("an unknown collaboration", "NOT_A_MEMBER", () => blinded({ collaboration: "wealth" }));
  rejects("another provider's message", "NOT_A_MEMBER", () => blinded(), { from: "gamma" });
  const strangers = { provider: "delta" };
  rejects("a stranger's message", "NOT_A_MEMBER", () => blinded(strangers, { signer: "delta" }), {
    from: "delta",
  });
  const left = collaborationWith({ providers: [participant("alpha"), participant("gamma")] });
  rejects("a provider that left", "NOT_A_MEMBER", () => blinded(), left);
  const asking = { provider: "alpha" };
  rejects("the sender's blinded batch", "NOT_A_MEMBER", () => blinded(asking, { signer: "alpha" }), sender);
  const evaluating = { provider: "beta" };
  rejects("a receiver's evaluation", "NOT_A_MEMBER", () => evaluation(evaluating, { signer: "beta" }));
  rejects("an evaluation for a stranger", "NOT_A_MEMBER", () => evaluation({ receiver: "delta" }), sender);
  rejects("an evaluation for the sender", "NOT_A_MEMBER", () => evaluation({ receiver: "alpha" }), sender);
  rejects("another region", "NOT_HOME_REGION", () => blinded(), { ports: portsOf(collaborationOf(), "eu") });
  rejects("an old version", "WRONG_EPOCH", () => blinded(), collaborationWith({ version: 2 }));
  rejects("a coming epoch", "WRONG_EPOCH", () => blinded({ epoch: 2 }));
  const spread = { sender: "alpha", epoch: 1, partitions: PARTITIONS + 1 };
  rejects("other partitions", "WRONG_EPOCH", () => blinded(), collaborationWith({ matching: spread }));
  rejects("a key of another epoch", "WRONG_EPOCH", () => epochKey({ epoch: 2 }), sender);
  rejects("another's signature", "BAD_SIGNATURE", () => blinded({}, { signer: "gamma" }));
  rejects("another's signature on a key", "BAD_SIGNATURE", () => epochKey({}, "beta"), sender);
  rejects("a receiver's key", "EPOCH_KEY_REFUSED", () => epochKey({ provider: "beta" }, "beta"));

  test("EVENT_MISPLACED: a message under another key than its provider's dataset", async () => {
    for (const key of ["beta-people", "alpha-people-2", "health", ""]) {
      assertRejected((await run([eventOf(await epochKey(), "alpha", key)])).last, "EVENT_MISPLACED", "alpha");
      const answer = eventOf(await evaluation(), "alpha", key);
      assertRejected((await run([answer])).last, "EVENT_MISPLACED", "alpha");
    }
    const batch = eventOf(await blinded(), "beta", "alpha-people");
    assertRejected((await run([batch])).last, "EVENT_MISPLACED", "beta");
  });

  test("EPOCH_KEY_REFUSED: a second key of the epoch, and goes on with the first", async () => {
    const first = eventOf(await epochKey(), "alpha");
    const second = eventOf(await epochKey({ publicKey: otherKey }), "alpha");
    const { outcomes, last } = await run([first, second, first]);
    assertRejected(outcomes[1] ?? last, "EPOCH_KEY_REFUSED", "alpha");
    assert.equal(last.kind, "publish");
  });

  test("with a notice under the provider's dataset and batch, as far as they are known", async () => {
    const [unread, strange, late] = [
      { ...(await blinded()), header: "" },
      await blinded({ collaboration: "wealth" }),
      await blinded({ epoch: 2 }),
    ];
    const { outcomes } = await run([unread, strange, late].map((batch) => eventOf(batch, "beta")));
    const told = outcomes.map(({ outputs }) => outputs[0]?.value as Notice);
    assert.deepEqual(
      told.map(({ collaboration, dataset, batch }) => [collaboration, dataset, batch]),
      [
        ["", "", 0],
        ["wealth", "", 4],
        ["health", "beta-people", 4],
      ],
    );
  });
});

test("a message from no provider's topic reaches nobody", async () => {
  const { owner: _, ...event } = eventOf(await blinded(), "beta");
  const outcome = await oprfRelay.handle(event, new MemoryState(), portsOf());
  assert.equal(outcome.kind === "reject" && outcome.code, "INTERNAL_ERROR");
  assert.deepEqual(outcome.outputs, []);
});

test("doubling any message, or replaying any prefix, changes no state and says the same again", async () => {
  const script = [
    eventOf(await epochKey(), "alpha"),
    eventOf(await blinded(), "beta"),
    eventOf(await epochKey({ publicKey: otherKey }), "alpha"),
    eventOf(await evaluation(), "alpha"),
  ];
  const expected = await run(script);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(script.length - 1)), fc.nat(script.length), async (doubled, prefix) => {
      const order = script.flatMap((_, index) => (doubled.includes(index) ? [index, index] : [index]));
      order.push(...[...script.keys()].slice(0, prefix));
      const actual = await run(order.flatMap((index) => script[index] ?? []));
      assert.deepEqual(actual.state.snapshot(), expected.state.snapshot());
      for (const [step, index] of order.entries()) {
        assert.deepEqual(actual.outcomes[step], expected.outcomes[index]);
      }
    }),
    { numRuns: 20 },
  );
});
