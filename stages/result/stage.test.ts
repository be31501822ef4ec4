import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ErrorCode } from "../../errors/errors.ts";
import { explain, type Outcome, type StageEvent } from "../../runtime/contract/stage.ts";
import type {
  Overdue,
  Refusal,
  RequestEntry,
  RequestRef,
  Result,
  SignedResult,
} from "../../schemas/avro/index.ts";
import { collaboration, signed, tableOf } from "../../test/stage-question.ts";
import { firstSeed } from "../../domain/log/testing/seeds.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { KEEP_CLOSED_MS } from "./arbiter.ts";

/** How often the memory is looked through. */
const PRUNE_EVERY_MS = 3_600_000;
import { result } from "./stage.ts";

type Input = StageEvent<"RoutedRequest" | "SignedResult" | "Refusal" | "EvidenceQueue" | "Tick">;

/** South was not admitted, or was revoked. */
const ports = {
  ...{ region: "au-east", partitions: 4, collaborations: tableOf(collaboration) },
  isAdmitted: (provider: string) => provider === "north",
  standing: { hasBroker: (broker: string) => broker === "core" },
};
const start = 1_000_000;

const refFor = (name: string): RequestRef => ({
  requestId: `id-${name}`,
  digest: name,
  tenant: "clinic",
  broker: "core",
  collaboration: "care",
  deadline: start + 60_000,
});

const { document } = await signed();

const routedAt = (name: string, time = start): Input => ({
  type: "RoutedRequest",
  value: { request: refFor(name), document, signature: "a..b", seed: firstSeed },
  topic: "routing.routed",
  key: "",
  time,
});

const leaves = { matchLeaf: "11".repeat(32), spendLeaf: "22".repeat(32) };

const signedAt = (name: string, time = start, repeats: RequestRef | null = null): Input => {
  const answer = { groups: [], confidence: "19/20", epsilonSpent: "1/2", epsilonLeft: "3/2" };
  const value: SignedResult = { request: refFor(name), answer, credential: "h.p.s", ...leaves, repeats };
  return { type: "SignedResult", value, topic: "signing.signed", key: "", time };
};

const refusedAt = (name: string, time = start, code: ErrorCode = "BUDGET_EXHAUSTED"): Input => {
  const value: Refusal = {
    request: refFor(name),
    stage: "dp",
    code,
    message: explain(code, "No."),
    unsigned: false,
    document: null,
  };
  return { type: "Refusal", value, topic: "result.refusals", key: "", time };
};

const tickAt = (time: number): Input => ({
  type: "Tick",
  value: { worker: "one", stages: [] },
  topic: "clock.ticks",
  key: "",
  time,
});

async function handle(input: Input, state: MemoryState): Promise<Outcome> {
  const outcome = await result.handle(input, state, ports);
  state.apply(outcome.changes);
  return outcome;
}

/** Everything published and audited, over one state. */
async function run(inputs: readonly Input[], state = new MemoryState()) {
  const results: Result[] = [];
  const told: [place: string, digest: string, entry: RequestEntry][] = [];
  const overdue: RequestRef[] = [];
  const actions: string[] = [];
  for (const input of inputs) {
    const outcome = await handle(input, state);
    for (const { topic, value, owner } of outcome.outputs) {
      const entry = value as RequestEntry;
      if (topic === "broker.results.<broker>") results.push(value as Result);
      else if (topic === "result.concluded") continue;
      else if (topic !== "result.overdue") told.push([owner ?? topic, entry.request.digest, entry]);
      else overdue.push((value as Overdue).request);
    }
    actions.push(...outcome.audit.map(({ action }) => action));
  }
  return { results, told, overdue, actions, state };
}

const overdueTick = tickAt(start + 61_001);

test("publishes an answer, provisional, under its request's id and digest", async () => {
  const state = new MemoryState();
  await handle(routedAt("a"), state);
  const outcome = await handle(signedAt("a"), state);
  const [published] = outcome.outputs;
  assert.deepEqual([published?.topic, published?.key], ["broker.results.<broker>", "id-a"]);
  const { requestId, requestDigest, tenant, status, code, message, credential } = published?.value as Result;
  assert.deepEqual([requestId, requestDigest, tenant, status], ["id-a", "a", "clinic", "provisional"]);
  assert.deepEqual([code, message, credential], [null, null, "h.p.s"]);
  assert.equal(outcome.audit[0]?.action, "result.published");
});

test("a broker that has no topics here is told nothing, and its request has ended all the same", async () => {
  const nobody = { ...ports, standing: { hasBroker: () => false } };
  const outcome = await result.handle(signedAt("a"), new MemoryState(), nobody);
  assert.deepEqual(
    outcome.outputs.map(({ topic }) => topic),
    ["result.concluded"],
  );
  assert.deepEqual(
    outcome.audit.map(({ action }) => action),
    ["result.unaddressed"],
  );
});

test("what nobody signed is told to the broker that it says it is from, and ends no request", async () => {
  const { type, value, ...place } = refusedAt("a") as StageEvent<"Refusal">;
  const outcome = await result.handle(
    { type, value: { ...value, unsigned: true }, ...place },
    new MemoryState(),
    ports,
  );
  assert.deepEqual(
    outcome.outputs.map(({ topic, owner }) => [topic, owner]),
    [["broker.results.<broker>", "core"]],
  );
  assert.deepEqual([outcome.changes, outcome.audit], [[], []]);
});

test("an answer names its leaves, and where its evidence will appear, under its own digest", async () => {
  const { results } = await run([routedAt("a"), signedAt("a")]);
  const [{ matchLeaf, spendLeaf, evidence, evidenceFor }] = results as [Result];
  assert.deepEqual({ matchLeaf, spendLeaf }, leaves);
  assert.deepEqual([evidence, evidenceFor], ["au-east.evidence.bundles", "a"]);
});

test("a repeated answer's evidence is the first request's", async () => {
  const { results } = await run([routedAt("b"), signedAt("b", start, refFor("a"))]);
  const [{ requestDigest, evidence, evidenceFor, spendLeaf }] = results as [Result];
  assert.deepEqual([requestDigest, evidenceFor], ["b", "a"]);
  assert.deepEqual([evidence, spendLeaf], ["au-east.evidence.bundles", leaves.spendLeaf]);
});

test("publishes a refusal with its code and message and no answer", async () => {
  const { results } = await run([routedAt("a"), refusedAt("a")]);
  const [{ matchLeaf, spendLeaf, evidence, evidenceFor, ...refusal }] = results as [Result];
  assert.deepEqual([matchLeaf, spendLeaf, evidence, evidenceFor], [null, null, null, null]);
  const { status, code, message, answer, credential } = refusal;
  assert.deepEqual([status, code, answer, credential], ["refused", "BUDGET_EXHAUSTED", null, null]);
  assert.equal(message, explain("BUDGET_EXHAUSTED", "No."));
});

test("publishes a refusal of a request that was never routed", async () => {
  assert.equal((await run([refusedAt("a")])).results.length, 1);
});

test("puts a routed request to the ledger a second after its deadline, not before, once", async () => {
  const { results, overdue, state } = await run([routedAt("a"), tickAt(start + 61_000)]);
  assert.deepEqual([results, overdue], [[], []]);
  const outcome = await handle(overdueTick, state);
  const [asked] = outcome.outputs;
  assert.deepEqual(
    [asked?.topic, asked?.type, asked?.key, asked?.value],
    ["result.overdue", "Overdue", "id-a", { request: refFor("a") }],
  );
  const later = await run([tickAt(start + 70_000), routedAt("a"), tickAt(start + 80_000)], state);
  assert.deepEqual([later.results, later.overdue], [[], []]);
});

test("an overdue request ends with what the ledger says", async () => {
  const { results, overdue } = await run([
    routedAt("a"),
    overdueTick,
    refusedAt("a", start + 62_000, "DEADLINE_PASSED"),
    tickAt(start + 63_000),
  ]);
  assert.deepEqual(
    results.map(({ requestDigest, code }) => [requestDigest, code]),
    [["a", "DEADLINE_PASSED"]],
  );
  assert.match(results[0]?.message ?? "", /Ask again, with a longer deadline/);
  assert.equal(overdue.length, 1);
});

test("publishes an answer however late: it was charged", async () => {
  const { results } = await run([routedAt("a"), overdueTick, signedAt("a", start + 3_600_000)]);
  assert.deepEqual(
    results.map(({ status, code }) => [status, code]),
    [["provisional", null]],
  );
});

test("drops what comes after a request's end, and says so", async () => {
  const { results, overdue, actions } = await run([
    routedAt("a"),
    refusedAt("a"),
    signedAt("a"),
    refusedAt("a"),
    overdueTick,
  ]);
  assert.deepEqual([results.length, overdue], [1, []]);
  assert.deepEqual(actions, ["result.published", "result.late", "result.late"]);
});

test("does not reopen a request that was answered before it was seen routed", async () => {
  const { results, state } = await run([signedAt("a"), routedAt("a"), overdueTick]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["provisional"],
  );
  assert.equal([...state.entries("open")].length, 0);
});

const declinedAt = (name: string, time = start): Input => {
  const value: Refusal = {
    ...{
      request: refFor(name),
      stage: "routing",
      code: "BAD_SIGNATURE",
      message: "No.",
      unsigned: true,
      document: null,
    },
  };
  return { type: "Refusal", value, topic: "result.refusals", key: "", time };
};

test("answers a record that nobody signed, remembers nothing of it, and closes no request by it", async () => {
  const { results, state } = await run([declinedAt("record")]);
  assert.deepEqual(
    results.map(({ requestDigest, unsigned, code }) => [requestDigest, unsigned, code]),
    [["record", true, "BAD_SIGNATURE"]],
  );
  assert.deepEqual(state.snapshot(), []);
  // Even one that had a request's digest, which none can have.
  const around = await run([routedAt("a"), declinedAt("a"), signedAt("a"), declinedAt("a")]);
  assert.deepEqual(
    around.results.map(({ status, unsigned }) => [status, unsigned]),
    [
      ["refused", true],
      ["provisional", false],
      ["refused", true],
    ],
  );
});

test("what ends again after its memory is over is dropped, however it ends", async () => {
  const week = KEEP_CLOSED_MS;
  for (const first of [signedAt("a"), refusedAt("a")]) {
    for (const passed of [week, week + 60_000, week + 61_000 + PRUNE_EVERY_MS, 3 * week]) {
      const later = start + passed;
      const { results, actions } = await run([
        ...[routedAt("a"), first, tickAt(start), tickAt(later - 1), tickAt(later)],
        ...[signedAt("a", later), refusedAt("a", later), routedAt("a", later), tickAt(later + week)],
      ]);
      assert.equal(results.length, 1);
      assert.deepEqual(actions, ["result.published", "result.late", "result.late"]);
    }
  }
});

test("an answer that was charged is published even after weeks, where nothing else ended its request", async () => {
  const later = start + 3 * KEEP_CLOSED_MS;
  const { results } = await run([routedAt("a"), overdueTick, tickAt(later), signedAt("a", later)]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["provisional"],
  );
});

test("tells the operator and the admitted providers of the terms how a request ended, once, in whatever order it comes", async () => {
  const end = { status: "answered", code: null, epsilonSpent: "1/2" };
  const expected = ["requests.ended", "north"].map((place) => [
    place,
    "a",
    { request: refFor("a"), document, ...end },
  ]);
  for (const order of [
    [routedAt("a"), signedAt("a"), refusedAt("a"), overdueTick],
    [signedAt("a"), routedAt("a"), refusedAt("a"), routedAt("a")],
    [routedAt("a"), overdueTick, signedAt("a", start + 3_600_000), routedAt("a")],
  ]) {
    const { told, state } = await run(order);
    assert.deepEqual(told, expected);
    assert.deepEqual([...state.entries("unlisted"), ...state.entries("open")], []);
  }
});

test("tells of a request that was refused before it was routed, by the document that its refusal carries", async () => {
  const early = refusedAt("a", start, "RATE_LIMITED");
  assert.ok(early.type === "Refusal");
  const { told } = await run([{ ...early, value: { ...early.value, document } }]);
  assert.deepEqual(
    told.map(([place, , { status, code, epsilonSpent }]) => [place, status, code, epsilonSpent]),
    ["requests.ended", "north"].map((place) => [place, "refused", "RATE_LIMITED", null]),
  );
});

test("tells nobody of a record that nobody signed, and forgets an end whose document never comes", async () => {
  assert.deepEqual((await run([declinedAt("record")])).told, []);
  const { told, state } = await run([refusedAt("a"), tickAt(start + KEEP_CLOSED_MS)]);
  assert.deepEqual([told, [...state.entries("unlisted")].length], [[], 1]);
  await run([tickAt(start + KEEP_CLOSED_MS + 1)], state);
  assert.equal([...state.entries("unlisted")].length, 0);
});

test("puts a request that a stage failed on to the ledger, so that its dead letter, driven again, is never charged", async () => {
  const { results, overdue } = await run([
    routedAt("a"),
    refusedAt("a", start, "INTERNAL_ERROR"),
    refusedAt("a", start + 1, "DEADLINE_PASSED"),
    signedAt("a", start + 2),
  ]);
  assert.deepEqual(overdue, [refFor("a")]);
  assert.deepEqual(
    results.map(({ code }) => code),
    ["INTERNAL_ERROR"],
  );
});

test("what is told holds no answer", async () => {
  const { told } = await run([routedAt("a"), signedAt("a")]);
  for (const [, , entry] of told)
    assert.deepEqual(Object.keys(entry).sort(), ["code", "document", "epsilonSpent", "request", "status"]);
});

test("forgets a closed digest after a week, not before", async () => {
  const deadline = start + 60_000;
  const { state } = await run([signedAt("a"), tickAt(deadline + KEEP_CLOSED_MS)]);
  assert.equal([...state.entries("closed")].length, 1);
  await run([tickAt(deadline + KEEP_CLOSED_MS + PRUNE_EVERY_MS)], state);
  assert.equal([...state.entries("closed")].length, 0);
});

test("looks through closed digests once an hour at most", async () => {
  const { state } = await run([tickAt(start)]);
  const outcome = await handle(tickAt(start + PRUNE_EVERY_MS - 1), state);
  assert.deepEqual(outcome.changes, []);
});

test("whatever the order, and however often each is doubled, each digest gets one result: the first end", async () => {
  const ends = ["a", "b", "c"].flatMap((name) => [routedAt(name), signedAt(name), refusedAt(name)]);
  const inputs = fc.shuffledSubarray([...ends, ...ends, overdueTick, overdueTick], { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(inputs, async (order) => {
      const expected = new Map<string, string>();
      const opened = new Set<string>();
      const asked = new Set<string>();
      for (const input of order) {
        if (input.type === "Tick") {
          for (const name of opened) if (!expected.has(name)) asked.add(name);
          continue;
        }
        assert.ok(input.type !== "EvidenceQueue");
        const name = input.value.request.digest;
        if (input.type === "RoutedRequest") opened.add(name);
        else if (!expected.has(name))
          expected.set(name, input.type === "Refusal" ? "BUDGET_EXHAUSTED" : "answered");
      }
      const { results, overdue } = await run(order);
      assert.deepEqual(overdue.map(({ digest }) => digest).sort(), [...asked].sort());
      const found = results.map(({ requestDigest, code }): [string, string] => [
        requestDigest,
        code ?? "answered",
      ]);
      assert.deepEqual(found.sort(), [...expected].sort());
    }),
    { numRuns: 300 },
  );
});

test("a restart between any two events changes nothing", async () => {
  const inputs = [routedAt("a"), routedAt("b"), signedAt("a"), overdueTick, refusedAt("b"), signedAt("a")];
  const whole = await run(inputs);
  for (let cut = 0; cut <= inputs.length; cut++) {
    const before = await run(inputs.slice(0, cut));
    const after = await run(inputs.slice(cut), before.state.restored());
    assert.deepEqual([...before.results, ...after.results], whole.results);
    assert.deepEqual([...before.overdue, ...after.overdue], whole.overdue);
    assert.deepEqual(after.state.snapshot(), whole.state.snapshot());
  }
});

test("an answer says about how long its proofs take, as was told last", async () => {
  const { key: signer } = collaboration.brokers[0] ?? { key: "" };
  const told = (waiting: number, time = start): Input => {
    const shares = waiting === 0 ? [] : [{ signer, tenant: "clinic", waiting }];
    const value = { shares, millisecondsEach: 500 };
    return { type: "EvidenceQueue", value, topic: "zkp.waiting", key: "", time };
  };
  const secondsOf = async (inputs: Input[]): Promise<number | null | undefined> => {
    const state = new MemoryState();
    const outcomes: Outcome[] = [];
    for (const input of inputs) outcomes.push(await handle(input, state));
    const reply = outcomes.at(-1)?.outputs.find(({ type }) => type === "Result");
    return (reply?.value as Result | undefined)?.evidenceSeconds;
  };
  assert.equal(await secondsOf([signedAt("a")]), null);
  assert.equal(await secondsOf([told(99), signedAt("a")]), 50);
  assert.equal(await secondsOf([told(99), told(0), signedAt("a")]), 1);
  assert.equal(await secondsOf([told(0), signedAt("a", start + 59_000)]), 1);
  // The stage is away: it would tell every second while some wait.
  assert.equal(await secondsOf([told(99), signedAt("a", start + 61_000)]), null);
  // A stored answer has the first one's evidence.
  assert.equal(await secondsOf([told(99), signedAt("b", start, refFor("a"))]), null);
  assert.equal(await secondsOf([told(99), refusedAt("a")]), null);
});
