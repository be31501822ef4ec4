/**
 * Evidence on real parts: bundles that the verifier takes, proofs that a plain Kafka client checks against the chain's
 * own event, a chain that goes away and comes back, and what a matching auditor finds.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { keccak_256 } from "@noble/hashes/sha3.js";
import avsc from "avsc";
import { Kafka, logLevel } from "kafkajs";
import { liftShare } from "../../crypto/commitment/commitment.ts";
import { replayMatch, type CommitmentLookup } from "../../domain/log/match-preimage.ts";
import { openLog } from "../../runtime/log.ts";
import type { AnchoredLeaf, Result } from "../../schemas/avro/index.ts";
import type { EvidenceBundleDocument } from "../../schemas/json/evidence-bundle.ts";
import type { MatchLeaf } from "../../schemas/json/match-leaf.ts";
import type { BrokerClient } from "../../services/clients/broker/client.ts";
import { requestDraft } from "../../examples/example.ts";
import {
  auditor,
  connectBroker,
  homeRegion,
  pushAll,
  setScene,
  signFresh,
  type Scene,
  trustedIn,
} from "../../cli/demo/scene.ts";
import { auditorPrincipal } from "../../services/operator/access.ts";
import { trustOf } from "../../services/operator/trust.ts";
import { verify } from "../../verifier/verify.ts";
import { readTopic } from "./read-topic.ts";
import { openRegionKeys } from "./region-keys.ts";
import { rootByProof } from "./rfc6962.ts";
import { smallFiles } from "./small-files.ts";
import { testParts } from "./parts.ts";

const log = openLog({ service: "test" }, process.env.PAVILION_TEST_LOG ?? "silent");
const cleanup = new AsyncDisposableStack();
let scene: Scene;
let client: BrokerClient;
const answered: { result: Result; bundle: string }[] = [];

before(async () => {
  const dir = mkdtempSync(join(tmpdir(), "pavilion-test-"));
  cleanup.defer(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  scene = await setScene(dir, log, { parts: await testParts() });
  cleanup.defer(() => scene.stack.stop());
  await scene.stack.startConnector(homeRegion);
  await pushAll(scene, smallFiles(dir, 300), () => undefined);
  client = await connectBroker(scene, homeRegion, log);
  cleanup.defer(() => client.close());
});

after(() => cleanup.disposeAsync());

/** A question like no other before it, with one group. */
async function ask(epsilon: string): Promise<Result> {
  const { question } = requestDraft();
  const draft = {
    ...requestDraft(),
    epsilon,
    question: { ...question, groupings: [{ by: "total" as const }] },
  };
  return client.ask(await signFresh(scene, client, draft));
}

async function failuresIn(bundle: string, block?: string): Promise<string[]> {
  const { blockHash } = (JSON.parse(bundle) as EvidenceBundleDocument).log.chain;
  const { chain, cards } = scene.stack;
  const development = { ...chain, development: true };
  const trust = trustOf(development, [...cards.values()], trustedIn(scene), block ?? blockHash);
  const { checks } = await verify(bundle, JSON.stringify(trust));
  return checks.filter(({ status }) => status === "failed").map(({ name }) => name);
}

test("an answer is provisional, and its bundle holds once it comes", async () => {
  const result = await ask("1/10");
  assert.equal(result.status, "provisional");
  assert.equal(result.evidence, `${homeRegion}.evidence.bundles`);
  const bundle = await client.evidence(result.evidenceFor ?? "");
  assert.deepEqual(await failuresIn(bundle), []);
  answered.push({ result, bundle });
});

test("under another block than the one that holds the anchor, the bundle does not hold", async () => {
  const [first] = answered;
  assert.ok(first);
  assert.notDeepEqual(await failuresIn(first.bundle, `0x${"ab".repeat(32)}`), []);
});

test("while the chain is gone answers stay provisional; once it is back all is anchored, once", async () => {
  await scene.stack.takeChainAway();
  const results = [await ask("1/11"), await ask("1/12")];
  for (const result of results) assert.equal(result.status, "provisional");
  // Long enough for proofs, and for many attempts at anchoring.
  await sleep(6_000);
  const early = await readTopic(scene.stack.kafka, `${homeRegion}.evidence.bundles`);
  assert.equal(early.length, answered.length);
  await scene.stack.bringChainBack();
  for (const result of results) {
    const bundle = await client.evidence(result.evidenceFor ?? "");
    assert.deepEqual(await failuresIn(bundle), []);
    answered.push({ result, bundle });
  }
  const bundles = await readTopic(scene.stack.kafka, `${homeRegion}.evidence.bundles`);
  assert.deepEqual(
    bundles.map(({ key }) => key).sort(),
    answered.map(({ result }) => result.requestId).sort(),
  );
});

test("a Kafka client with the registry alone checks every leaf against the chain's own events", async () => {
  const leaves = await leavesAsAnAuditorReadsThem();
  const roots = await rootsInTheChainsEvents();
  // Every leaf of the log, once and in order.
  assert.deepEqual(
    leaves.map(({ index }) => index),
    leaves.map((_, index) => index),
  );
  assert.deepEqual(
    leaves.filter(({ kind }) => kind === "spend").map(({ requestDigest }) => requestDigest),
    answered.map(({ result }) => result.requestDigest),
  );
  for (const { text, index, size, proof, root, transaction } of leaves) {
    assert.equal(rootByProof(Buffer.from(text), index, size, proof), root);
    assert.deepEqual(roots.get(transaction), { root, size });
  }
});

/** kafkajs, the registry's HTTP and avsc: nothing of the project but the names of topics. */
async function leavesAsAnAuditorReadsThem(): Promise<AnchoredLeaf[]> {
  const { stack } = scene;
  const { bootstrap, username, password } = stack.access(auditorPrincipal(auditor));
  const kafka = new Kafka({
    brokers: [bootstrap],
    sasl: { mechanism: "scram-sha-512", username, password },
    logLevel: logLevel.NOTHING,
  });
  const group = `${homeRegion}.auditor.${auditor}.${randomUUID()}`;
  const records = await readTopic(kafka, `${homeRegion}.proofs.anchored`, group);
  const types = new Map<number, avsc.Type>();
  const leaves: AnchoredLeaf[] = [];
  for (const { value } of records) {
    assert.ok(value?.[0] === 0);
    const id = value.readInt32BE(1);
    if (!types.has(id)) {
      const response = await fetch(`${stack.registryUrl}/schemas/ids/${String(id)}`);
      const { schema } = (await response.json()) as { schema: string };
      types.set(id, avsc.Type.forSchema(JSON.parse(schema) as avsc.Schema));
    }
    leaves.push(types.get(id)?.fromBuffer(value.subarray(5)) as AnchoredLeaf);
  }
  return leaves;
}

/** By JSON-RPC: root and size in each Anchored event of the region's account, by transaction. */
async function rootsInTheChainsEvents(): Promise<Map<string, { root: string; size: number }>> {
  const { chain, cards } = scene.stack;
  const signature = "Anchored(address,bytes32,bytes32,uint64,uint64)";
  const topic = `0x${Buffer.from(keccak_256(Buffer.from(signature))).toString("hex")}`;
  const anchorer = `0x${(cards.get(homeRegion)?.anchorer ?? "").slice(2).padStart(64, "0")}`;
  const filter = { address: chain.contract, fromBlock: "0x0", toBlock: "latest", topics: [topic, anchorer] };
  const response = await fetch(chain.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_getLogs", params: [filter] }),
  });
  const { result } = (await response.json()) as { result: { data: string; transactionHash: string }[] };
  return new Map(
    result.map(({ data, transactionHash }) => [
      transactionHash,
      { root: data.slice(66, 130), size: Number(`0x${data.slice(130, 194)}`) },
    ]),
  );
}

test("a matching auditor to whom the region hands the preimage replays the match from the providers' batches", async () => {
  const { codec } = await openRegionKeys(scene.stack, homeRegion);
  for (const { result, bundle } of answered) {
    const leaf = (JSON.parse(bundle) as EvidenceBundleDocument).log.match.leaf as unknown as MatchLeaf;
    const records = await readTopic(scene.stack.kafka, `${homeRegion}.match.preimages`);
    const parts = new Map<string, string>();
    for (const { value } of records) {
      const part = await codec.decode("match.preimages", "MatchPreimage", value ?? Buffer.alloc(0));
      if (part.request.digest === result.requestDigest) parts.set(part.part, part.text);
    }
    const partitions = [0, 1].map((partition) => [parts.get(`partition-${String(partition)}-0`) ?? ""]);
    const preimage = { partitions, blindings: parts.get("blindings") ?? "" };
    assert.equal(replayMatch(leaf, preimage, await commitmentsOfTheProviders()), undefined);
    const [first = "", ...others] = partitions.flat();
    const people = (JSON.parse(first) as { people: unknown[] }).people;
    assert.ok(people.length > 50, "there are people to leave out");
    assert.equal(others.length, 1);
  }
});

/** Every record's commitment, from the batches as they lie on the providers' topics. */
async function commitmentsOfTheProviders(): Promise<CommitmentLookup> {
  const commitments = new Map<string, Buffer>();
  for (const { id, dataset } of scene.collaboration.providers) {
    const records = await readTopic(scene.stack.kafka, `${homeRegion}.ingest.${id}`);
    for (const { value, headers } of records.filter(
      ({ headers: { ce_type: type } }) => type === "pavilion.RecordBatch",
    )) {
      assert.equal(headers.ce_specversion, "1.0");
      const batch = await scene.stack.codec.decode(
        "ingest.<provider>",
        "RecordBatch",
        value ?? Buffer.alloc(0),
      );
      const { sequence } = JSON.parse(batch.header) as { sequence: number };
      for (let row = 0; row * 64 < batch.commitments.length; row++) {
        commitments.set(
          `${dataset}/${String(sequence)}/${String(row)}`,
          batch.commitments.subarray(row * 64, row * 64 + 64),
        );
      }
    }
  }
  return (dataset, sequence, row) => {
    const share = commitments.get(`${dataset}/${String(sequence)}/${String(row)}`);
    return share === undefined ? undefined : liftShare(share);
  };
}
