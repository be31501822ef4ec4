/**
 * A pipeline of two stages that no file of the connector knows, on real Kafka, registry, HSM and chain: asked, replied to on
 * the asker's own topic, logged, anchored and audited, beside the log pipeline as it is.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pipelines } from "../../pipelines/pipelines.ts";
import { log as logPipeline } from "../../pipelines/log/pipeline.ts";
import { publicKeyText } from "../../domain/terms/signatures.ts";
import { readConfig } from "../../runtime/config.ts";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { openPublisher } from "../../runtime/kafka/publisher.ts";
import { openLog } from "../../runtime/log.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import { Asker } from "../../services/clients/asker.ts";
import { startConnector } from "../../services/connector/connector.ts";
import { brokerPrincipal } from "../../services/operator/access.ts";
import { trustOf } from "../../services/operator/trust.ts";
import { Stack } from "../../services/stack/stack.ts";
import type { AnchoredLeaf } from "../../schemas/avro/index.ts";
import type { Trust, TrustedRegion } from "../../schemas/json/trust.ts";
import { LogAudit, type AuditReport } from "../../verifier/audit.ts";
import { kinds } from "../../verifier/kinds.ts";
import type { PermitReply } from "../permits/events.ts";
import { permitDigest } from "../permits/deciding.ts";
import { permitKind } from "../permits/kind.ts";
import { permits } from "../permits/pipeline.ts";
import { permitTopics } from "../permits/topics.ts";
import { Topics } from "../../schemas/topics.ts";
import { freePort } from "../../infra/embedded/tcp-ports.ts";
import { token, tokens } from "../http.ts";
import { testParts } from "./parts.ts";
import { readTopic } from "./read-topic.ts";

const log = openLog({ service: "test" }, "silent");
const [region, broker] = ["eu-central", "core"];
const limitMs = 60_000;

const cleanup = new AsyncDisposableStack();
let stack: Stack;
let asker: Asker<PermitReply>;
let port = 0;

before(async () => {
  const dir = mkdtempSync(join(tmpdir(), "pavilion-test-"));
  cleanup.defer(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const regions = [{ name: region, partitions: 2, jurisdiction: "EU" }];
  stack = await Stack.start({
    ...{ dir, regions, providers: [], brokers: [broker], log },
    parts: await testParts(),
    pipelines: [...pipelines, permits],
  });
  cleanup.defer(() => stack.stop());
  const config = readConfig("connector-config", stack.connectorConfig(region));
  const tokensFile = join(dir, "tokens.json");
  writeFileSync(tokensFile, JSON.stringify(tokens), { mode: 0o600 });
  port = await freePort();
  const connector = await startConnector(
    { ...config, pipelines: { permits: { closed: ["espionage"] } }, http: { port, tokensFile } },
    // Named as any deployment names them: these stages and no others run here.
    { pipelines: [logPipeline, permits], stages: ["permit-deciding", "permit-replying", "anchoring"] },
    log,
    (error) => {
      throw error;
    },
  );
  cleanup.defer(() => connector.stop());
  const entered = await openPublisher(stack.kafka, stack.codec, region, "/operator");
  const entry = { holder: "ada", purposes: ["research", "espionage"] };
  await entered.publish("config.permits", "PermitEntry", entry, { key: entry.holder });
  await entered.close();
  // A client knows the topics of its pipeline alone.
  const codec = await openCodec(stack.registryUrl, new Topics(permitTopics));
  const kafka = connectKafka(stack.access(brokerPrincipal(broker)), "asker", log);
  const publisher = await openPublisher(kafka, codec, region, `/broker/${broker}`);
  cleanup.defer(() => publisher.close());
  const source = { kafka, codec, region, groups: `${region}.broker.${broker}`, log };
  asker = await Asker.open(source, publisher, {
    ...{ topic: "permit.replies.<broker>", owner: broker, type: "PermitReply" },
    digestOf: ({ requestDigest }) => requestDigest,
    isUnsigned: () => false,
    late: "No reply came.",
  });
  cleanup.defer(() => asker.close());
});

after(() => cleanup.disposeAsync());

function ask(holder: string, purpose: string, key?: string): Promise<PermitReply> {
  const requestId = randomUUID();
  const value = { requestId, holder, purpose };
  return asker.ask({
    ...{ topic: "permit.requests.<broker>", type: "PermitRequest", value },
    to: { key: key ?? requestId, owner: broker },
    ...{ digest: permitDigest(broker, value), withinMs: limitMs },
  });
}

test("a request that the table allows is granted, and one that it does not, or that the settings close, is not", async () => {
  const { granted, code } = await ask("ada", "research");
  assert.deepEqual([granted, code], [true, null]);
  for (const [holder, purpose] of [
    ["ada", "espionage"],
    ["bob", "research"],
    ["constructor", "length"],
  ] as const) {
    const refused = await ask(holder, purpose);
    assert.deepEqual([refused.granted, refused.code], [false, "PERMIT_UNKNOWN"]);
  }
});

test("what is granted stands in the region's log, anchored, and an audit that knows its kind adds it up", async () => {
  await ask("ada", "research");
  const card = stack.cards.get(region) ?? assert.fail("the region has a card");
  const { anchorer } = (await anchored())[0] ?? assert.fail("nothing is anchored");
  const party = { id: broker, key: publicKeyText(card.logPublicKey) };
  const trust = trustOf(
    { ...stack.chain, development: true },
    [{ ...card, anchorer }],
    { brokers: [party], providers: [party], populations: [] },
    null,
  );
  const [trusted] = trust.regions;
  assert.ok(trusted);
  const until = performance.now() + limitMs;
  for (;;) {
    const report = await auditOf(trust, trusted);
    assert.deepEqual(report.faults, []);
    if (report.found.members.get("permits") === 2) return;
    assert.ok(performance.now() < until, "both permits are anchored in time");
  }
});

test("its route answers whoever has the role, tells a refusal by its code, and is described", async () => {
  const get = (path: string, headers = {}) => fetch(`http://127.0.0.1:${String(port)}${path}`, { headers });
  const asClerk = { authorization: `Bearer ${token}` };
  const known = await get("/permits/ada/research", asClerk);
  assert.deepEqual([known.status, await known.json()], [200, { holder: "ada", purpose: "research" }]);
  const unknown = await get("/permits/ada/espionage", asClerk);
  const { code } = (await unknown.json()) as { code: string };
  assert.deepEqual([unknown.status, code], [404, "PERMIT_UNKNOWN"]);
  assert.equal((await get("/permits/ada/research")).status, 401);
  const { paths } = (await (await get("/openapi.json")).json()) as { paths: object };
  assert.ok(Object.keys(paths).includes("/permits/{holder}/{purpose}"));
});

async function auditOf(trust: Trust, of: TrustedRegion): Promise<AuditReport> {
  const audit = new LogAudit(trust, of, [...kinds, permitKind]);
  for (const leaf of await anchored()) audit.take(leaf);
  return audit.report();
}

async function anchored(): Promise<AnchoredLeaf[]> {
  for (const until = performance.now() + limitMs; performance.now() < until;) {
    const records = await readTopic(stack.kafka, `${region}.proofs.anchored`);
    const leaves = await Promise.all(
      records.map(({ value }) =>
        stack.codec.decode("proofs.anchored", "AnchoredLeaf", value ?? Buffer.alloc(0)),
      ),
    );
    if (leaves.length > 0) return leaves;
  }
  return [];
}
