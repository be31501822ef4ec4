import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import { releaseCircuit } from "../../pipelines/private-computation/circuit.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { readRequest } from "../../domain/terms/request.ts";
import { openProver } from "../../runtime/prover/prover.ts";
import type { Outcome, StageEvent } from "../../runtime/contract/stage.ts";
import type {
  CollaborationEntry,
  PopulationEntry,
  EvidenceBundle,
  Plan,
  RequestRef,
} from "../../schemas/avro/index.ts";
import type { LogReceipt } from "../../domain/log/receipt.ts";
import type { EvidenceBundleDocument, LogEvidence } from "../../schemas/json/evidence-bundle.ts";
import { holds } from "../../verifier/checklist.ts";
import { verify } from "../../verifier/verify.ts";
import { miniatureChain } from "../../crypto/ethereum/testing/miniature-chain.ts";
import { connectorNamed, partiesNamed, trustIn } from "../../test/evidence-terms.ts";
import { evidenceOf, shortQuestion } from "../../test/evidence.ts";
import { planAt } from "../../test/stage-plan.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { evidence, type EvidencePorts } from "./stage.ts";

type EvidenceEvent = StageEvent<
  "RoutedRequest" | "ReleaseProof" | "SignedResult" | "AnchorReceipt" | "Refusal" | "Tick"
>;

const parties = partiesNamed("honest");
const connector = connectorNamed("honest", miniatureChain("honest"));
const DAY_MS = 24 * 3_600_000;

/** A bundle that the verifier takes, and the parts that it came from. */
let bundle: EvidenceBundleDocument;
let request: RequestRef;
let parts: EvidenceEvent[];
let ports: EvidencePorts;

before(async () => {
  const prover = await openProver(releaseCircuit);
  bundle = await evidenceOf({ parties, connector, prover, question: shortQuestion, nonce: 1 });
  await prover.close();
  const document = textOf(bundle.request.document);
  const { document: asked, digest, deadline } = readRequest(document);
  const { id: requestId, tenant, broker, collaboration } = asked;
  request = { requestId, digest, tenant, broker, collaboration, deadline };
  parts = partsIn(document);
  const { region, jurisdiction } = bundle.policy;
  ports = {
    region,
    jurisdiction,
    collaborationEntry: (id, version) => (version === 1 && id === collaboration ? entry() : undefined),
    populationEntry: (id, version) => (version === 2 && id === "adults" ? paying() : undefined),
  };
});

const textOf = (value: unknown): string => new TextDecoder().decode(canonicalBytes(value));

/** As the operator may publish it: signatures in another order than the providers'. */
const entry = (): CollaborationEntry => ({
  id: request.collaboration,
  version: 1,
  document: textOf(bundle.collaboration.document),
  signatures: bundle.collaboration.signatures.toReversed(),
  departures: [],
});

/** With signatures of providers that the version before named. */
const paying = (): PopulationEntry => ({
  id: "adults",
  version: 2,
  document: textOf(bundle.population.document),
  signatures: [{ provider: "east", signature: "of another" }, ...bundle.population.signatures.toReversed()],
  departures: [],
});

function partsIn(document: string): EvidenceEvent[] {
  const plan: Plan = {
    ...planAt(),
    collaboration: request.collaboration,
    version: 1,
    populationVersion: 2,
    datasets: bundle.datasets.map((head) => ({ ...head, columns: [] })),
    policyBundle: bundle.policy.bundle,
  };
  const answer = { groups: [], confidence: "19/20", epsilonSpent: "1", epsilonLeft: "1" };
  const leaves = { matchLeaf: "", spendLeaf: "", repeats: null };
  const at = { key: request.requestId, time: request.deadline };
  const { signature } = bundle.request;
  const { seed } = plan;
  const { credential } = bundle;
  return [
    { ...at, type: "RoutedRequest", topic: "routing.routed", value: { request, document, signature, seed } },
    {
      ...at,
      type: "ReleaseProof",
      topic: "zkp.proven",
      value: { request, plan, text: textOf(bundle.release) },
    },
    {
      ...at,
      type: "SignedResult",
      topic: "signing.signed",
      value: { request, answer, credential, ...leaves },
    },
    {
      ...at,
      type: "AnchorReceipt",
      topic: "anchoring.receipts",
      value: { request, text: textOf(receiptOf(bundle.log)) },
    },
  ];
}

/** As the log tells it. */
const receiptOf = ({ checkpoint, match, spend, seed, chain }: LogEvidence): LogReceipt => ({
  checkpoint,
  leaves: [
    { kind: "match", ...match },
    { kind: "spend", ...spend },
  ],
  seed,
  chain,
});

/** The parts with another receipt. */
const withReceipt = (receipt: object): EvidenceEvent[] =>
  parts.map((part) =>
    part.type === "AnchorReceipt" ? { ...part, value: { request, text: textOf(receipt) } } : part,
  );

const tick = (time: number): EvidenceEvent => ({
  type: "Tick",
  value: { worker: "w", stages: [] },
  topic: "clock.ticks",
  key: "",
  time,
});

async function run(events: readonly EvidenceEvent[], state = new MemoryState()): Promise<EvidenceBundle[]> {
  const bundles: EvidenceBundle[] = [];
  for (const event of events) {
    const outcome: Outcome = await evidence.handle(event, state, ports);
    state.apply(outcome.changes);
    bundles.push(...outcome.outputs.map(({ value }) => value as EvidenceBundle));
  }
  return bundles;
}

test("joins the parts to a bundle that the verifier takes", async () => {
  const [made, ...others] = await run(parts);
  assert.ok(made);
  assert.deepEqual(others, []);
  assert.deepEqual([made.requestId, made.requestDigest], [request.requestId, request.digest]);
  assert.deepEqual(JSON.parse(made.text), bundle);
  const trust = trustIn(parties, connector, bundle.log.chain.blockHash);
  assert.ok(holds(await verify(made.text, JSON.stringify(trust))));
});

test("in any order, however often each part comes and whoever refuses, makes the one same bundle", async () => {
  const [expected] = await run(parts);
  const orders = fc
    .array(fc.nat(3), { maxLength: 6 })
    .chain((doubled) => fc.shuffledSubarray([0, 1, 2, 3, ...doubled], { minLength: 4 + doubled.length }));
  await fc.assert(
    fc.asyncProperty(orders, fc.array(fc.nat(9)), async (order, refusals) => {
      const events = order.flatMap((index) => parts[index] ?? []);
      const stages = [
        "routing",
        "compliance",
        "psi",
        "dp",
        "zkp",
        "signing",
        "result",
        "anchoring",
        "evidence",
      ];
      for (const at of refusals) events.splice(at, 0, refusedBy(stages[at] ?? "aggregate"));
      assert.deepEqual(await run(events), [expected]);
    }),
    { numRuns: 60 },
  );
});

test("makes none while a part is missing", async () => {
  for (const missing of parts) assert.deepEqual(await run(parts.filter((part) => part !== missing)), []);
});

test("makes none for a repeated answer, whatever else comes of it", async () => {
  const repeated = parts.map((part): EvidenceEvent =>
    part.type === "SignedResult" ? { ...part, value: { ...part.value, repeats: request } } : part,
  );
  const state = new MemoryState();
  assert.deepEqual(await run(repeated, state), []);
  assert.deepEqual([...state.entries("parts")], []);
});

const refusedBy = (stage: string, time = request.deadline): EvidenceEvent => ({
  type: "Refusal",
  value: { request, stage, code: "DEADLINE_PASSED", message: "Late.", unsigned: false, document: null },
  topic: "result.refusals",
  key: request.requestId,
  time,
});

const partsKept = (state: MemoryState): number => [...state.entries("parts")].length;

test("of two parts of a kind the first counts", async () => {
  const [expected] = await run(parts);
  const other = parts.map((part): EvidenceEvent => {
    if (part.type === "SignedResult") return { ...part, value: { ...part.value, credential: "another" } };
    return part.type === "ReleaseProof" ? { ...part, value: { ...part.value, text: "{}" } } : part;
  });
  const [, proof, credential, receipt] = parts;
  assert.ok(proof && credential && receipt);
  assert.deepEqual(await run([proof, credential, ...other, receipt]), [expected]);
});

describe("a request", () => {
  test("that was refused is forgotten a day later, in whichever order both came", async () => {
    const [routed] = parts;
    assert.ok(routed);
    for (const stage of ["compliance", "psi", "aggregate", "dp"]) {
      for (const events of [
        [routed, refusedBy(stage)],
        [refusedBy(stage), routed],
      ]) {
        const state = new MemoryState();
        await run([...events, tick(request.deadline + DAY_MS)], state);
        assert.equal(partsKept(state), 1);
        await run([tick(request.deadline + 2 * DAY_MS)], state);
        assert.deepEqual(state.snapshot(), []);
      }
    }
  });

  test("that was neither answered nor refused is forgotten after three months", async () => {
    const state = new MemoryState();
    await run([...parts.slice(0, 1), tick(request.deadline + 89 * DAY_MS)], state);
    assert.equal(partsKept(state), 1);
    await run([tick(request.deadline + 91 * DAY_MS)], state);
    assert.equal(partsKept(state), 0);
  });

  test("that was charged gets its bundle however long its parts take, and whoever refuses it besides", async () => {
    const [routed, ...others] = parts;
    assert.ok(routed);
    for (const answered of others) {
      for (const stage of ["dp", "zkp", "signing", "evidence"]) {
        const state = new MemoryState();
        await run([refusedBy(stage), routed, answered, tick(request.deadline + 400 * DAY_MS)], state);
        const late = others.filter((part) => part !== answered);
        assert.equal((await run(late, state)).length, 1);
      }
    }
  });

  test("of which a copy is refused at admission, before or after it, is kept all the same", async () => {
    for (const before of [true, false]) {
      const state = new MemoryState();
      const copy = refusedBy("routing");
      const [routed, ...others] = parts;
      assert.ok(routed);
      await run([...(before ? [copy, routed] : [routed, copy]), tick(request.deadline + 30 * DAY_MS)], state);
      assert.equal((await run(others, state)).length, 1);
    }
  });
});

test("what left is remembered for a week, and is all that is kept of it", async () => {
  const state = new MemoryState();
  await run(parts, state);
  assert.deepEqual(
    state.snapshot().map(([table]) => table),
    ["done"],
  );
  await run([tick(request.deadline + 8 * DAY_MS)], state);
  assert.deepEqual(state.snapshot(), []);
});

test("fails where what came makes no bundle of the schema", async () => {
  for (const unfit of [{ checkpoint: "" }, { ...receiptOf(bundle.log), checkpoint: "" }])
    await assert.rejects(run(withReceipt(unfit)), { code: "DOCUMENT_INVALID" });
});

test("a receipt as an earlier version sent it makes the same bundle", async () => {
  const [expected] = await run(parts);
  assert.deepEqual(await run(withReceipt(bundle.log)), [expected]);
});

describe("a receipt", () => {
  const takeReceipt = async (receipt: LogReceipt): Promise<[Outcome, MemoryState]> => {
    const state = new MemoryState();
    const event = withReceipt(receipt).find(({ type }) => type === "AnchorReceipt");
    assert.ok(event);
    const outcome = await evidence.handle(event, state, ports);
    state.apply(outcome.changes);
    return [outcome, state];
  };

  test("of another pipeline's leaves is no part of a bundle, and nothing is kept of it", async () => {
    const { match, ...rest } = bundle.log;
    const receipt = { ...receiptOf({ match, ...rest }), leaves: [{ kind: "seal", ...match }], seed: null };
    const [{ audit }, state] = await takeReceipt(receipt);
    assert.deepEqual([audit, state.snapshot()], [[], []]);
  });

  test("of a charge whose match or seed it does not have is told, and nothing is kept of it", async () => {
    const whole = receiptOf(bundle.log);
    for (const receipt of [
      { ...whole, leaves: whole.leaves.slice(1) },
      { ...whole, seed: null },
    ]) {
      const [{ audit }, state] = await takeReceipt(receipt);
      assert.deepEqual(
        audit.map(({ action, tenant, request: about }) => [action, tenant, about]),
        [["evidence.incomplete", request.tenant, request]],
      );
      assert.deepEqual(state.snapshot(), []);
    }
  });
});

test("fails, and so keeps its input, where the region does not have the version that was answered", async () => {
  const without = { ...ports, collaborationEntry: () => undefined };
  const state = new MemoryState();
  await run(parts.slice(0, 3), state);
  const last = parts[3];
  assert.ok(last);
  await assert.rejects(async () => evidence.handle(last, state, without), /no longer has the version/);
});
