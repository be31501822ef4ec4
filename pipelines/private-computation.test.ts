/**
 * The whole pipeline in memory, driven by one seed: any order of events, crashes before a commit, records written twice.
 * Whatever the seed, each request has one result, the same answer, and is charged once.
 */
import assert from "node:assert/strict";
import { createECDH, createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { didKeyOf, verificationMethodOf } from "../crypto/did/did-key.ts";
import { openerFor } from "../crypto/hpke/hpke.ts";
import { ed25519FromSeed } from "../crypto/jws/ed25519.ts";
import { publicKeyText, type CollaborationTable } from "../documents/collaboration.ts";
import { signRequest } from "../documents/request.ts";
import { MemoryLog } from "../runtime/memory/log.ts";
import { MemoryPipeline } from "../runtime/memory/pipeline.ts";
import { decodeRecord } from "../runtime/registry/match-record.ts";
import type { Emission } from "../runtime/task.ts";
import type { AuditEvent, EventName, EventTypes, MatchRecord, Result } from "../schemas/avro/index.ts";
import type { TopicName } from "../schemas/topics.ts";
import { collaborationTemplate, requestDraft } from "../services/cli/demo/example.ts";
import { sealBatch, type Head } from "../services/provider-agent/sealing.ts";
import { loadPolicy } from "../stages/compliance/policy/policy.ts";
import { privateComputation, type PrivateComputationPorts } from "./private-computation.ts";

const region = "eu-central";
const partitions = 2;
const start = Date.parse("2026-01-01T00:00:00.000Z");
const key = (name: string) => ed25519FromSeed(createHash("sha256").update(name).digest());
const regionKey = createECDH("prime256v1");
regionKey.setPrivateKey(createHash("sha256").update("region").digest());

const template = collaborationTemplate();
const collaboration = {
  ...template,
  matching: { ...template.matching, partitions },
  providers: template.providers.map((party) => ({ ...party, key: publicKeyText(key(party.id).publicKey) })),
  brokers: template.brokers.map((party) => ({ ...party, key: publicKeyText(key(party.id).publicKey) })),
};
const collaborations: CollaborationTable = {
  latest: (id) => (id === collaboration.id ? collaboration : undefined),
  at: (id, version) => (id === collaboration.id && version === 1 ? collaboration : undefined),
};
const policyFolder = new URL("../stages/compliance/policy/", import.meta.url);
const policy = await loadPolicy(
  readFileSync(new URL("policy.wasm", policyFolder)),
  readFileSync(new URL("policy.wasm.sha256", policyFolder), "utf8").slice(0, 64),
);

function portsOf(partition: number): PrivateComputationPorts {
  const opener = openerFor({
    publicKey: regionKey.getPublicKey(),
    deriveSharedSecret: (peer) => Promise.resolve(regionKey.computeSecret(peer)),
  });
  const issuer = key("issuer");
  return {
    region,
    jurisdiction: "EU",
    partitions,
    partition,
    collaborations,
    policy,
    pipelineStages: privateComputation.map((stage) => stage.name),
    openBatch: (enc, info) => opener.setup(enc, info),
    decodeRecord,
    noise: (message) => Promise.resolve(createHmac("sha256", "noise").update(message).digest()),
    issuer: {
      did: didKeyOf(issuer.publicKey),
      kid: verificationMethodOf(issuer.publicKey),
      sign: (bytes) => Promise.resolve(issuer.sign(bytes)),
    },
  };
}

/** 60 people in both datasets and 20 in one alone, in batches of 25. */
function recordsOf(dataset: string): MatchRecord[] {
  const first = dataset === "northwind-patients" ? 0 : 20;
  return Array.from({ length: 80 }, (_, index) => {
    const token = createHash("sha256")
      .update(String(first + index))
      .digest()
      .subarray(0, 16);
    return {
      token,
      values: [dataset === "northwind-patients" ? (index % 7 === 0 ? null : index) : index % 9],
    };
  });
}

async function batchesOf(provider: string, dataset: string): Promise<EventTypes["RecordBatch"][]> {
  const context = {
    regionKey: regionKey.getPublicKey(),
    sign: (bytes: Uint8Array) => key(provider).sign(bytes),
    place: {
      collaboration: collaboration.id,
      version: 1,
      epoch: 1,
      provider,
      dataset,
      push: "00".repeat(16),
    },
  };
  const batches: EventTypes["RecordBatch"][] = [];
  let head: Head | undefined;
  const records = recordsOf(dataset);
  for (let from = 0; from < records.length; from += 25) {
    const sealed = await sealBatch(
      context,
      records.slice(from, from + 25),
      head,
      from + 25 >= records.length,
    );
    batches.push(sealed.batch);
    head = sealed.head;
  }
  return batches;
}

const pushes = await Promise.all(
  collaboration.providers.map(async ({ id, dataset }) => ({
    id,
    dataset,
    batches: await batchesOf(id, dataset),
  })),
);

function signed(index: number, change: object = {}): Promise<EventTypes["SignedRequest"]> {
  const document = {
    ...requestDraft(),
    type: "pavilion/request" as const,
    id: `00000000-0000-4000-8000-00000000000${String(index)}`,
    nonce: String(index).padStart(32, "0"),
    issuedAt: new Date(start + 2_000).toISOString(),
    seedCommitment: null,
    ...change,
  };
  return signRequest(document, (bytes) => key("core-broker").sign(bytes));
}

const requests = await Promise.all([
  signed(1),
  signed(2, { epsilon: "2" }),
  signed(3, { purpose: "marketing" }),
  signed(4, { epsilon: "3/2" }),
]);

function emission<N extends EventName>(
  topic: TopicName,
  type: N,
  value: EventTypes[N],
  to: Partial<Emission>,
): Emission {
  return { topic, type, value, key: "", id: "outside", source: "/test", subject: "", traceparent: "", ...to };
}

interface Faults {
  readonly crashOneIn: number;
  readonly doubleOneIn: number;
}

interface Run {
  readonly results: Result[];
  readonly spends: AuditEvent[];
  readonly log: MemoryLog;
}

/** The region with both datasets pushed. */
async function openRegion(seed: number, faults: Faults) {
  const log = new MemoryLog(start);
  const pipeline = new MemoryPipeline(
    {
      stages: privateComputation,
      region,
      partitions,
      providers: collaboration.providers.map((party) => party.id),
      ports: portsOf,
      choose: seededChoice(seed),
      ...faults,
    },
    log,
  );
  tick(log);
  for (const { id, dataset, batches } of pushes) {
    for (const batch of batches) {
      const to = { key: dataset, provider: id };
      log.append(
        `${region}.ingest.${id}`,
        partitions,
        emission("ingest.<provider>", "RecordBatch", batch, to),
      );
    }
  }
  await pipeline.settle();
  log.advance(2_000);
  return { log, pipeline };
}

function tick(log: MemoryLog): void {
  const stages = privateComputation.map((stage) => stage.name);
  const value = { worker: "w", stages };
  log.append(
    `${region}.clock.ticks`,
    partitions,
    emission("clock.ticks", "Tick", value, { partition: "all" }),
  );
}

/** The broker publishes each one twice: a repeated request is one request. */
function ask(log: MemoryLog, request: EventTypes["SignedRequest"]): void {
  const to = { key: request.requestId };
  for (let copies = 0; copies < 2; copies++) {
    log.append(
      `${region}.broker.requests`,
      partitions,
      emission("broker.requests", "SignedRequest", request, to),
    );
  }
}

/** Beyond every request's deadline and the grace that follows it. */
function passDeadlines(log: MemoryLog): void {
  log.advance(120_000);
  tick(log);
}

function readRun(log: MemoryLog): Run {
  const audits = log.records(`${region}.audit.events`).map(({ emission }) => emission);
  return {
    results: distinct(log.records(`${region}.broker.results`).map(({ emission }) => emission)),
    spends: distinct(audits.filter(({ value }) => (value as AuditEvent).action === "budget.spent")),
    log,
  };
}

async function run(seed: number, faults: Faults): Promise<Run> {
  const { log, pipeline } = await openRegion(seed, faults);
  for (const request of requests) {
    ask(log, request);
    await pipeline.settle();
  }
  passDeadlines(log);
  await pipeline.settle();
  return readRun(log);
}

/** One request; the stages are down from before it until its deadline has passed, then all go on. */
async function runDown(seed: number, down: readonly string[]): Promise<Run> {
  const { log, pipeline } = await openRegion(seed, harsh);
  const [request] = requests;
  ask(log, request);
  await pipeline.settle(down);
  passDeadlines(log);
  if (seed % 2 === 0) await pipeline.settle(down);
  await pipeline.settle();
  return readRun(log);
}

/** Values of the events, each once: a doubled record is one event by its id, as its reader would see it. */
const distinct = <T>(emissions: Emission[]): T[] => [
  ...new Map(emissions.map((event) => [`${event.source} ${event.id}`, event.value as T])).values(),
];

/** Mulberry32: small, seeded, and good enough to choose an order. */
function seededChoice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
}

/** What must not depend on the seed. */
const essence = ({ results, spends }: Run): unknown => ({
  results: results
    .map(({ requestId, status, code, answer }) => ({ requestId, status, code, answer }))
    .sort((one, other) => one.requestId.localeCompare(other.requestId)),
  spends: spends.map(({ requestId, details }) => ({ requestId, details })),
});

const harsh: Faults = { crashOneIn: 5, doubleOneIn: 4 };
const calm = await run(1, { crashOneIn: 0, doubleOneIn: 0 });

test("each request has one result or one coded error", () => {
  const outcome = calm.results
    .map(({ requestId, status, code }) => [requestId.slice(-1), status, code])
    .sort(([one], [other]) => String(one).localeCompare(String(other)));
  assert.deepEqual(outcome, [
    ["1", "provisional", null],
    ["2", "provisional", null],
    ["3", "refused", "POLICY_DENIED"],
    ["4", "refused", "BUDGET_EXHAUSTED"],
  ]);
  assert.equal(calm.spends.length, 2);
});

test("an exact aggregate is the plain join's", () => {
  const [first] = calm.log.records(`${region}.aggregate.sums`);
  const exact = first?.emission.value as EventTypes["ExactAggregate"];
  const [people, aged, years] = exact.cells.find(({ grouping }) => grouping === 0)?.values ?? [];
  const ages = recordsOf("northwind-patients")
    .slice(20)
    .map(({ values }) => values[0] ?? null)
    .filter((age) => age !== null);
  assert.deepEqual([people, aged, years], [60, ages.length, ages.reduce((sum, age) => sum + age, 0)]);
});

for (let seed = 2; seed <= 25; seed++) {
  test(`seed ${String(seed)}: crashes, doubled records and any order change nothing`, async () => {
    const faulty = await run(seed, harsh);
    assert.deepEqual(essence(faulty), essence(calm));
  });
}

const outcomeOf = ({ results, spends }: Run): string =>
  [...results.map(({ status, code }) => code ?? status), `${String(spends.length)} spent`].join(", ");

// Whatever comes too late to the ledger is refused there, be it a sum in its hands or the word that the time is over.
for (const down of [["routing"], ["aggregate"], ["aggregate", "dp"], ["psi", "dp"]]) {
  test(`${down.join(" and ")} down past the deadline: refused once, never charged`, async () => {
    for (let seed = 100; seed < 110; seed++) {
      const outcome = outcomeOf(await runDown(seed, down));
      assert.equal(outcome, "DEADLINE_PASSED, 0 spent", `seed ${String(seed)}`);
    }
  });
}

test("dp down past the deadline with a sum that came in time: charged and answered, or neither", async () => {
  const outcomes = new Set<string>();
  for (let seed = 100; seed < 130; seed++) outcomes.add(outcomeOf(await runDown(seed, ["dp"])));
  assert.deepEqual([...outcomes].sort(), ["DEADLINE_PASSED, 0 spent", "provisional, 1 spent"]);
});

for (const down of [["signing"], ["result"], ["signing", "result"]]) {
  test(`${down.join(" and ")} down past the deadline: what was charged is answered, and nothing refused`, async () => {
    for (let seed = 100; seed < 110; seed++) {
      const late = await runDown(seed, down);
      assert.equal(outcomeOf(late), "provisional, 1 spent", `seed ${String(seed)}`);
      assert.deepEqual(late.log.records(`${region}.result.refusals`), []);
    }
  });
}
