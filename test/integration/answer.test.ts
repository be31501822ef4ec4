/**
 * The example's question on real parts, as everybody involved sees it: the broker, a provider, an independent client,
 * and whoever holds the region's key.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import avsc from "avsc";
import { compactVerify, importJWK } from "jose";
import { publicKeyOfDidKey } from "../../crypto/did/did-key.ts";
import { encodeBase64url } from "../../crypto/jws/base64url.ts";
import { openHsm } from "../../runtime/hsm/hsm.ts";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { openLog } from "../../runtime/log.ts";
import { openCodec, type Codec } from "../../runtime/registry/codec.ts";
import { sealerWith } from "../../runtime/sealer.ts";
import type { ExactAggregate, Result } from "../../schemas/avro/index.ts";
import type { BrokerClient } from "../../services/broker-client/client.ts";
import { files, requestDraft } from "../../services/cli/demo/example.ts";
import { plainJoin } from "../../services/cli/demo/plain-join.ts";
import {
  connectBroker,
  homeRegion,
  otherRegion,
  pushAll,
  setScene,
  signFresh,
  type Scene,
} from "../../services/cli/demo/scene.ts";
import { brokerPrincipal, providerPrincipal } from "../../services/operator/access.ts";
import { readTopic, type TopicRecord } from "./read-topic.ts";

const log = openLog({ service: "test" }, process.env.PAVILION_TEST_LOG ?? "silent");
const plain = plainJoin(files["northwind-health"] ?? "", files["southbank-insurance"] ?? "", "20000101");

let dir: string;
let scene: Scene;
let client: BrokerClient;
let answered: { requestId: string; result: Result };

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "pavilion-test-"));
  scene = await setScene(dir, log);
  await Promise.all([homeRegion, otherRegion].map((region) => scene.stack.startConnector(region)));
  await pushAll(scene, files, () => undefined);
  client = await connectBroker(scene, homeRegion, log);
  const request = await signFresh(scene, requestDraft());
  answered = { requestId: request.requestId, result: await client.ask(request) };
});

after(async () => {
  await client.close();
  await scene.stack.stop();
  rmSync(dir, { recursive: true, force: true });
});

test("before noise the match is what a plain join gives: 4,561 people, by state", async () => {
  const codec = await regionCodec();
  const [record] = await readTopic(scene.stack.kafka, `${homeRegion}.aggregate.sums`);
  assert.ok(record?.value);
  const exact: ExactAggregate = await codec.decode("aggregate.sums", "ExactAggregate", record.value);
  const names = exact.plan.groupings.map((grouping) =>
    grouping.name === "total" ? ["total"] : grouping.categories,
  );
  const statistics = exact.plan.statistics.map((statistic) => statistic.kind);
  assert.deepEqual(statistics, ["count", "valid", "sum"]);
  const matched = Object.fromEntries(
    exact.cells.map(({ grouping, category, values }) => [names[grouping]?.[category] ?? "", values]),
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

test("another library verifies the credential, and it says what the result says", async () => {
  const { credential, answer, requestDigest } = answered.result;
  assert.ok(credential !== null && answer !== null);
  const issuer = scene.stack.cards.get(homeRegion)?.issuerPublicKey;
  assert.ok(issuer);
  const key = await importJWK({ kty: "OKP", crv: "Ed25519", x: encodeBase64url(issuer) }, "EdDSA");
  const { payload, protectedHeader } = await compactVerify(credential, key);
  assert.equal(protectedHeader.typ, "vc+jwt");
  const vc = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
  assert.deepEqual(Buffer.from(publicKeyOfDidKey(String(vc.issuer))), Buffer.from(issuer));
  assert.ok(JSON.stringify(vc.credentialSubject).includes(requestDigest));
});

test("a client with nothing but a Kafka library and the registry makes sense of the results", async () => {
  const { stack } = scene;
  const kafka = connectKafka(stack.access(brokerPrincipal("core-broker")), "independent", log);
  const group = `${homeRegion}.broker.core-broker.${randomUUID()}`;
  const records = await readTopic(kafka, `${homeRegion}.broker.results`, group);
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

test("a provider's principal neither reads nor writes another's topics, nor any of the other region", async () => {
  const { stack } = scene;
  const kafka = connectKafka(stack.access(providerPrincipal("southbank-insurance")), "intruder", log);
  const others = [
    `${homeRegion}.ingest.northwind-health`,
    `${homeRegion}.oprf.blinded.northwind-health`,
    `${homeRegion}.provider.notices.northwind-health`,
    `${homeRegion}.dataset.slices`,
    `${homeRegion}.broker.results`,
    `${homeRegion}.audit.events`,
    `${otherRegion}.config.collaborations`,
    `${otherRegion}.broker.results`,
  ];
  const ownGroup = `${homeRegion}.provider.southbank-insurance.${randomUUID()}`;
  for (const topic of others) {
    await assert.rejects(readTopic(kafka, topic, ownGroup), /not authorized/i, `reads ${topic}`);
    await assert.rejects(write(kafka, topic), /not authorized/i, `writes ${topic}`);
  }
  const own = `${homeRegion}.provider.notices.southbank-insurance`;
  // kafkajs tells a refused group as one whose coordinator it cannot find.
  const foreign = readTopic(kafka, own, `${homeRegion}.dp`);
  await assert.rejects(foreign, /not authorized|group coordinator/i, "joins another's group");
  assert.ok((await readTopic(kafka, own, ownGroup)).length > 0, "reads its own notices");
  const transactional = kafka.producer({
    transactionalId: `${homeRegion}.dp.0`,
    idempotent: true,
    retry: { retries: 1 },
  });
  await assert.rejects(transactional.connect(), /authoriz/i, "fences a stage");
});

test("a question in another region than the data's is refused there", async () => {
  const elsewhere = await connectBroker(scene, otherRegion, log);
  const result = await elsewhere.ask(await signFresh(scene, requestDraft()));
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
    const request = await signFresh(scene, { ...requestDraft(), ...change });
    const result = await client.ask(request);
    assert.equal(result.status, "refused");
    assert.equal(result.code, code);
    assert.ok((result.message ?? "").length > 20, "says what to do");
    const published = await readTopic(scene.stack.kafka, `${homeRegion}.broker.results`);
    assert.equal(published.filter(({ key }) => key === request.requestId).length, 1);
  });
}

test("a spent budget refuses, and says what is left", async () => {
  const spend = await client.ask(await signFresh(scene, { ...requestDraft(), epsilon: "2" }));
  assert.equal(spend.answer?.epsilonLeft, "1");
  const refused = await client.ask(await signFresh(scene, { ...requestDraft(), epsilon: "3/2" }));
  assert.equal(refused.code, "BUDGET_EXHAUSTED");
  const rest = await client.ask(await signFresh(scene, requestDraft()));
  assert.equal(rest.answer?.epsilonLeft, "0");
  const last = await client.ask(await signFresh(scene, { ...requestDraft(), epsilon: "1/1000" }));
  assert.equal(last.code, "BUDGET_EXHAUSTED");
});

test("an unreadable request is answered too", async () => {
  const kafka = connectKafka(scene.stack.access(brokerPrincipal("core-broker")), "garbled", log);
  const key = randomUUID();
  await write(kafka, `${homeRegion}.broker.requests`, key);
  let record: TopicRecord | undefined;
  for (let tries = 0; record === undefined && tries < 20; tries++) {
    record = (await readTopic(scene.stack.kafka, `${homeRegion}.broker.results`)).find(
      (found) => found.key === key,
    );
  }
  assert.ok(record?.value);
  const result = await scene.stack.codec.decode("broker.results", "Result", record.value);
  assert.equal(result.status, "refused");
  assert.equal(result.code, "EVENT_TYPE_UNKNOWN");
});

async function write(kafka: ReturnType<typeof connectKafka>, topic: string, key = "k"): Promise<void> {
  const producer = kafka.producer({ allowAutoTopicCreation: false, retry: { retries: 1 } });
  await producer.connect();
  try {
    await producer.send({ topic, messages: [{ key, value: "x" }] });
  } finally {
    await producer.disconnect();
  }
}

/** What only the region itself can do: open what its topics carry sealed. */
async function regionCodec(): Promise<Codec> {
  const token = scene.stack.tokenOf(homeRegion);
  const hsm = await openHsm(token);
  const keys = sealerWith({ generation: 1, bytes: await hsm.sealingKey(1) }, await hsm.nameKey());
  await hsm.close();
  return openCodec(scene.stack.registryUrl, keys);
}
