/**
 * The example's question on real parts, as everybody involved sees it: the broker, a provider, an independent client,
 * and whoever holds the region's key.
 */
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import avsc from "avsc";
import { compactVerify, importJWK } from "jose";
import { publicKeyOfDidKey } from "../../crypto/did/did-key.ts";
import { encodeBase64url } from "../../crypto/jws/base64url.ts";
import { coordinateOf, layoutOf, positionOf } from "../../domain/statistics/coordinates.ts";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { openLog } from "../../runtime/log.ts";
import type { ExactAggregate, Result, SignedRequest } from "../../schemas/avro/index.ts";
import type { Request } from "../../schemas/json/request.ts";
import { newRequest, signRequest } from "../../services/clients/broker/request.ts";
import type { BrokerClient } from "../../services/clients/broker/client.ts";
import { files, requestDraft } from "../../examples/example.ts";
import { plainJoin } from "../../cli/demo/plain-join.ts";
import {
  connectBroker,
  homeRegion,
  otherRegion,
  pushAll,
  setScene,
  signFresh,
  type Scene,
} from "../../cli/demo/scene.ts";
import { brokerPrincipal, connectorPrincipal, providerPrincipal } from "../../services/operator/access.ts";
import { reachOf } from "./reach.ts";
import { allowedTo, stranger } from "./allowance.ts";
import { readTopic, type TopicRecord } from "./read-topic.ts";
import { openRegionKeys } from "./region-keys.ts";
import { testParts } from "./parts.ts";

const log = openLog({ service: "test" }, process.env.PAVILION_TEST_LOG ?? "silent");
const plain = plainJoin(
  files.get("northwind-health") ?? "",
  files.get("southbank-insurance") ?? "",
  "20000101",
);

const cleanup = new AsyncDisposableStack();
let scene: Scene;
let client: BrokerClient;
let answered: { requestId: string; request: SignedRequest; result: Result; from: number; to: number };

before(async () => {
  const dir = mkdtempSync(join(tmpdir(), "pavilion-test-"));
  cleanup.defer(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  scene = await setScene(dir, log, { users: [stranger], parts: await testParts() });
  cleanup.defer(() => scene.stack.stop());
  await Promise.all([homeRegion, otherRegion].map((region) => scene.stack.startConnector(region)));
  await pushAll(scene, files, () => undefined);
  client = await connectBroker(scene, homeRegion, log);
  cleanup.defer(() => client.close());
  const request = await signFresh(scene, client, requestDraft());
  const from = Date.now();
  const result = await client.ask(request);
  answered = { requestId: request.requestId, request, result, from, to: Date.now() };
});

after(() => cleanup.disposeAsync());

test("before noise the match is what a plain join gives: 4,561 people, by state", async () => {
  const { codec } = await openRegionKeys(scene.stack, homeRegion);
  const [record] = await readTopic(scene.stack.kafka, `${homeRegion}.aggregate.sums`);
  assert.ok(record?.value);
  const exact: ExactAggregate = await codec.decode("aggregate.sums", "ExactAggregate", record.value);
  const names = exact.plan.groupings.map((grouping) =>
    grouping.name === "total" ? ["total"] : grouping.categories,
  );
  const statistics = exact.plan.statistics.map((statistic) => statistic.kind);
  assert.deepEqual(statistics, ["count", "valid", "sum"]);
  const layout = layoutOf(exact.plan);
  const matched = Object.fromEntries(
    exact.cells.map(({ grouping, category, sums }) => [
      names[grouping]?.[category] ?? "",
      exact.plan.statistics.map((statistic) => sums[positionOf(coordinateOf(statistic, exact.plan), layout)]),
    ]),
  );
  const expected = Object.fromEntries(
    [...plain].map(([name, { people, aged, years }]) => [name, [people, aged, years]]),
  );
  assert.equal(plain.get("total")?.people, 4561);
  assert.deepEqual(matched, expected);
});

test("the answer is noised, signed, and within its stated bounds of the plain join", () => {
  const { result } = answered;
  assert.equal(result.status, "provisional");
  assert.equal(result.answer?.groups.length, 10);
  const [total] = result.answer.groups;
  const [count, mean] = total?.estimates ?? [];
  assert.ok(typeof count?.value === "number" && typeof mean?.value === "number");
  // Scale 6: the chance of an error above 300 is below e^-50.
  assert.ok(Math.abs(count.value - 4561) < 300);
  assert.ok((mean.upper ?? 0) > (mean.lower ?? 0) && mean.value > 0 && mean.value < 100);
  assert.equal(result.answer.epsilonSpent, "1");
  assert.equal(result.answer.epsilonLeft, "3");
});

test("another library verifies the credential, and it says what was asked and what the result says", async () => {
  const { result, request } = answered;
  const { credential, answer } = result;
  assert.ok(credential !== null && answer !== null);
  const { vc, header, issuer } = await verifiedCredential(credential);
  assert.deepEqual(header, { alg: "EdDSA", kid: `${String(vc.issuer)}#${issuer}`, typ: "vc+jwt" });
  const asked = JSON.parse(request.document) as Request;
  const { epsilonSpent, epsilonLeft } = answer;
  const { datasets, statistics, spend, policy, ...subject } = vc.credentialSubject as Record<string, unknown>;
  assert.match(String(policy), /^[0-9a-f]{64}$/);
  assert.deepEqual(subject, {
    id: `urn:uuid:${result.requestId}`,
    requestDigest: createHash("sha256").update(request.document).digest("hex"),
    broker: asked.broker,
    tenant: asked.tenant,
    purpose: asked.purpose,
    legalBasis: asked.legalBasis,
    collaboration: asked.collaboration,
    collaborationVersion: scene.collaboration.version,
    epoch: scene.collaboration.matching.epoch,
    mechanism: "discrete Laplace",
    // Two groupings of three statistics, at 3 / 2^99 each.
    delta: `9/${String(2n ** 98n)}`,
    minimumGroup: scene.collaboration.minimumGroup,
    seedCommitment: asked.seedCommitment,
    matchLeaf: result.matchLeaf,
    spendLeaf: result.spendLeaf,
    repeats: null,
    answer,
  });
  assert.equal(subject.requestDigest, result.requestDigest);
  assert.deepEqual(
    (datasets as { dataset: string }[]).map(({ dataset }) => dataset),
    scene.collaboration.providers.map(({ dataset }) => dataset),
  );
  assert.deepEqual(
    (statistics as { statistic: string; scale: string }[]).map(({ statistic, scale }) => [statistic, scale]),
    ["count", "valid", "sum"].map((kind) => {
      const column = "(northwind-patients.age)";
      return [kind === "count" ? kind : kind + column, kind === "sum" ? "600" : "6"];
    }),
  );
  const { epsilon, left } = spend as { epsilon: string; left: string };
  assert.deepEqual([epsilon, left], [epsilonSpent, epsilonLeft]);
});

test("the credential has the members that VC 2.0 requires, is valid from its answer on, and never expires", async () => {
  const { vc } = await verifiedCredential(answered.result.credential ?? "");
  assert.ok(Array.isArray(vc["@context"]) && Array.isArray(vc.type));
  assert.equal(vc["@context"][0], "https://www.w3.org/ns/credentials/v2");
  assert.deepEqual(vc.type, ["VerifiableCredential", "ResultCredential"]);
  assert.match(
    String(vc.id),
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  const validFrom = Date.parse(String(vc.validFrom));
  assert.equal(new Date(validFrom).toISOString(), vc.validFrom);
  assert.ok(validFrom >= answered.from && validFrom <= answered.to, "signed while it was asked");
  // VC-JOSE-COSE: `iss`, `exp` and the like must not contradict the credential's own members. None are there.
  assert.deepEqual(
    Object.keys(vc).sort(),
    ["@context", "credentialSubject", "id", "issuer", "type", "validFrom"].sort(),
  );
});

test("a credential with one changed byte does not verify", async () => {
  const [header = "", payload = "", signature = ""] = (answered.result.credential ?? "").split(".");
  const bytes = Buffer.from(payload, "base64url");
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  const changed = [header, bytes.toString("base64url"), signature].join(".");
  await assert.rejects(verifiedCredential(changed), { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
});

/** By jose, with the key on the region's card; `issuer` is the did:key's own part. */
async function verifiedCredential(
  credential: string,
): Promise<{ vc: Record<string, unknown>; header: object; issuer: string }> {
  const issuerKey = scene.stack.cards.get(homeRegion)?.issuerPublicKey;
  assert.ok(issuerKey);
  const key = await importJWK({ kty: "OKP", crv: "Ed25519", x: encodeBase64url(issuerKey) }, "EdDSA");
  const { payload, protectedHeader } = await compactVerify(credential, key);
  const vc = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
  const did = String(vc.issuer);
  assert.deepEqual(Buffer.from(publicKeyOfDidKey(did)), Buffer.from(issuerKey));
  return { vc, header: protectedHeader, issuer: did.slice("did:key:".length) };
}

test("a client with nothing but a Kafka library and the registry makes sense of the results", async () => {
  const { stack } = scene;
  const kafka = connectKafka(stack.access(brokerPrincipal("core-broker")), "independent", log);
  const group = `${homeRegion}.broker.core-broker.${randomUUID()}`;
  const records = await readTopic(kafka, `${homeRegion}.broker.results.core-broker`, group);
  const record = records.find(({ key }) => key === answered.requestId);
  assert.ok(record?.value);
  assert.equal(record.value[0], 0);
  const response = await fetch(`${stack.registryUrl}/schemas/ids/${String(record.value.readInt32BE(1))}`);
  const { schema } = (await response.json()) as { schema: string };
  const result = avsc.Type.forSchema(JSON.parse(schema) as avsc.Schema).fromBuffer(
    record.value.subarray(5),
  ) as Result;
  assert.equal(result.requestId, answered.requestId);
  assert.equal(result.status, "provisional");
  assert.deepEqual(
    result.answer?.groups.map(({ category }) => category),
    ["", "act", "nsw", "nt", "qld", "sa", "tas", "vic", "wa", "other"],
  );
  assert.equal(record.headers.ce_type, "pavilion.Result");
  assert.equal(record.headers.ce_specversion, "1.0");
});

test("nobody joins another's group or fences a stage", async () => {
  const { stack } = scene;
  const dpId = `${homeRegion}.dp.0`;
  for (const principal of [providerPrincipal("southbank-insurance"), brokerPrincipal("core-broker")]) {
    const kafka = connectKafka(stack.access(principal), "intruder", log);
    const [topic = ""] = allowedTo([])[principal]?.read ?? [];
    // kafkajs tells a refused group as one whose coordinator it cannot find.
    for (const group of [`${homeRegion}.dp`, `${homeRegion}.provider.northwind-health.x`]) {
      const foreign = readTopic(kafka, topic, group);
      await assert.rejects(foreign, /not authorized|group coordinator/i, `${principal} joins ${group}`);
    }
    await assert.rejects(begin(kafka, dpId), /authoriz|group coordinator/i, `${principal} fences a stage`);
  }
  const elsewhere = connectKafka(stack.access(connectorPrincipal(otherRegion)), "intruder", log);
  await assert.rejects(
    begin(elsewhere, dpId),
    /authoriz|group coordinator/i,
    "fences another region's stage",
  );
  const home = connectKafka(stack.access(connectorPrincipal(homeRegion)), "control", log);
  await begin(home, `${homeRegion}.test.0`);
});

/** Takes a transactional id over: connecting does not ask for it yet. */
async function begin(kafka: ReturnType<typeof connectKafka>, transactionalId: string): Promise<void> {
  const producer = kafka.producer({ transactionalId, maxInFlightRequests: 1, retry: { retries: 1 } });
  await producer.connect();
  try {
    await (await producer.transaction()).abort();
  } finally {
    await producer.disconnect();
  }
}

test("a question in another region than the data's is refused there", async () => {
  const elsewhere = await connectBroker(scene, otherRegion, log);
  const result = await elsewhere.ask(await signFresh(scene, elsewhere, requestDraft()));
  await elsewhere.close();
  assert.equal(result.status, "refused");
  assert.equal(result.code, "NOT_HOME_REGION");
});

const refusals: [name: string, change: Partial<ReturnType<typeof requestDraft>>, code: string][] = [
  ["a forbidden purpose", { purpose: "marketing" }, "POLICY_DENIED"],
  ["a legal basis that was not agreed", { legalBasis: "gdpr-6-1-a" }, "POLICY_DENIED"],
  ["an unknown tenant", { tenant: "somebody-else" }, "UNKNOWN_TENANT"],
  ["an unknown collaboration", { collaboration: "no-such-thing" }, "UNKNOWN_COLLABORATION"],
  ["more epsilon than a question may spend", { epsilon: "5/2" }, "EPSILON_OUT_OF_RANGE"],
  [
    "an undeclared column",
    {
      question: {
        measures: [{ kind: "mean", of: { dataset: "northwind-patients", column: "income" } }],
        groupings: [{ by: "total" }],
      },
    },
    "UNKNOWN_COLUMN",
  ],
];

for (const [name, change, code] of refusals) {
  test(`${name} gets one coded error`, async () => {
    const request = await signFresh(scene, client, { ...requestDraft(), ...change });
    const result = await client.ask(request);
    assert.equal(result.status, "refused");
    assert.equal(result.code, code);
    assert.ok((result.message ?? "").length > 20, "says what to do");
    const published = await readTopic(scene.stack.kafka, `${homeRegion}.broker.results.core-broker`);
    assert.equal(published.filter(({ key }) => key === request.requestId).length, 1);
  });
}

test("the same question again gets its stored answer at no cost, and names the first one's evidence", async () => {
  const { answer, evidenceFor, spendLeaf } = await client.ask(await signFresh(scene, client, requestDraft()));
  assert.ok(answer);
  assert.deepEqual(answer.groups, answered.result.answer?.groups);
  assert.deepEqual([answer.epsilonSpent, answer.epsilonLeft], ["0", "3"]);
  assert.equal(evidenceFor, answered.result.requestDigest);
  assert.equal(spendLeaf, answered.result.spendLeaf);
});

test("a seed that is not anchored here is refused, whoever drew it", async () => {
  const elsewhere = await connectBroker(scene, otherRegion, log);
  const other = await elsewhere.newestSeed();
  await elsewhere.close();
  for (const commitment of [other, "00".repeat(32)]) {
    const request = newRequest({ ...requestDraft(), epsilon: "1/7" }, commitment);
    const result = await client.ask(await signRequest(request, scene.brokerKey.sign));
    assert.equal(result.code, "STALE_SEED");
  }
});

test("a spent budget refuses, and says what is left", async () => {
  const spend = await client.ask(await signFresh(scene, client, { ...requestDraft(), epsilon: "2" }));
  assert.equal(spend.answer?.epsilonLeft, "1");
  const refused = await client.ask(await signFresh(scene, client, { ...requestDraft(), epsilon: "3/2" }));
  assert.equal(refused.code, "BUDGET_EXHAUSTED");
  const half = { ...requestDraft(), epsilon: "1/2" };
  const rest = await client.ask(await signFresh(scene, client, half));
  assert.equal(rest.answer?.epsilonLeft, "1/2");
  const counting = { ...half, question: { ...half.question, measures: [{ kind: "count" as const }] } };
  const other = await client.ask(await signFresh(scene, client, counting));
  assert.equal(other.answer?.epsilonLeft, "0");
  const repeated = await client.ask(await signFresh(scene, client, half));
  assert.deepEqual(repeated.answer?.groups, rest.answer.groups, "what is answered already is still told");
  const last = await client.ask(await signFresh(scene, client, { ...requestDraft(), epsilon: "1/1000" }));
  assert.equal(last.code, "BUDGET_EXHAUSTED");
});

test("an unreadable request is answered too", async () => {
  const kafka = connectKafka(scene.stack.access(brokerPrincipal("core-broker")), "garbled", log);
  const key = randomUUID();
  await write(kafka, `${homeRegion}.broker.requests`, key);
  let record: TopicRecord | undefined;
  for (let tries = 0; record === undefined && tries < 20; tries++) {
    record = (await readTopic(scene.stack.kafka, `${homeRegion}.broker.results.core-broker`)).find(
      (found) => found.key === key,
    );
  }
  assert.ok(record?.value);
  const result = await scene.stack.codec.decode("broker.results.<broker>", "Result", record.value);
  assert.equal(result.status, "refused");
  assert.equal(result.code, "EVENT_TYPE_UNKNOWN");
});

async function write(kafka: ReturnType<typeof connectKafka>, topic: string, key = "k"): Promise<void> {
  const producer = kafka.producer({ allowAutoTopicCreation: false, retry: { retries: 1 } });
  await producer.connect();
  try {
    await producer.send({
      topic,
      messages: [{ key, value: "x", headers: { ce_source: "/broker/core-broker" } }],
    });
  } finally {
    await producer.disconnect();
  }
}

// The last test: it writes what nobody can read to every topic that takes it.
test("of all topics of both regions, each principal reads and writes those it is allowed, and no other", async () => {
  const { stack } = scene;
  const admin = stack.kafka.admin();
  await admin.connect();
  const topics = (await admin.listTopics()).sort();
  await admin.disconnect();
  assert.ok(topics.includes("__consumer_offsets") && topics.includes(`${otherRegion}.dp.changelog`));
  for (const [principal, allowed] of Object.entries(allowedTo(topics))) {
    const kafka = connectKafka(stack.access(principal), "intruder", log);
    const reach = await reachOf(kafka, `${allowed.groups}${randomUUID()}`, topics);
    assert.deepEqual(reach.read, [...allowed.read].sort(), `${principal} reads`);
    assert.deepEqual(reach.write, [...allowed.write].sort(), `${principal} writes`);
  }
});
