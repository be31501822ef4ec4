/**
 * A pipeline joins by its entry in a list: everything that is derived from the lists knows it, and nothing else had to.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ed25519FromSeed } from "../../crypto/jws/ed25519.ts";
import { publicKeyText } from "../../domain/terms/signatures.ts";
import { leafText, originOf } from "../../domain/log/leaves.ts";
import { failureOf } from "../../errors/errors.ts";
import { pipelines } from "../../pipelines/pipelines.ts";
import { stagesOf, topicsOf } from "../../runtime/contract/pipeline.ts";
import { fullName, schemaText } from "../../schemas/reading/avro-schemas.ts";
import { Access } from "../../services/operator/access.ts";
import { LogAudit } from "../../verifier/audit.ts";
import { kinds } from "../../verifier/kinds.ts";
import type { Trust } from "../../schemas/json/trust.ts";
import { toldLog } from "../told-log.ts";
import { LEAF_TYPE } from "./deciding.ts";
import { permitKind } from "./kind.ts";
import { permits } from "./pipeline.ts";

const all = [...pipelines, permits];

test("its stages, topics and schemas stand beside the others', and a second pipeline of the same names is refused", () => {
  assert.deepEqual(
    stagesOf(all)
      .map(({ name }) => name)
      .slice(-2),
    ["permit-deciding", "permit-replying"],
  );
  assert.ok(topicsOf(all).names.includes("permit.replies.<broker>"));
  assert.equal((JSON.parse(schemaText("PermitGranted")) as { name: string }).name, "PermitGranted");
  assert.equal(fullName("PermitGranted"), "pavilion.PermitGranted");
  assert.throws(
    () => stagesOf([...all, { ...permits, name: "copy" }]),
    /two stages are called permit-deciding/,
  );
  const topics = { "permit.granted": { events: ["Tick"], key: "worker", partitions: "one" } } as const;
  assert.throws(() => topicsOf([...all, { ...permits, topics }]), /permit\.granted is declared twice/);
  const taken = { "psi.changelog": { events: ["Tick"], key: "worker", partitions: "one" } } as const;
  assert.throws(
    () => topicsOf([...all, { ...permits, stages: [], topics: taken }]),
    /psi\.changelog is the stage's own/,
  );
});

test("a broker may write its requests and read its replies, the connector the rest, and nobody else any of it", () => {
  const access = new Access(all);
  const of = (role: "provider" | "broker" | "auditor") =>
    access
      .partyAcls("eu", { role, id: "one" })
      .filter(({ resourceType, resourceName }) => resourceType === "topic" && resourceName.includes("permit"))
      .map(({ principal, operation, resourceName }) => `${principal} ${operation} ${resourceName}`);
  assert.deepEqual(of("broker"), [
    "broker.one write eu.permit.requests.one",
    "broker.one read eu.permit.replies.one",
    "connector.eu write eu.permit.replies.one",
  ]);
  assert.deepEqual([...of("provider"), ...of("auditor")], []);
  const connector = access
    .connectorAcls("eu")
    .filter(({ resourceName }) => resourceName.includes("permit"))
    .map(({ operation, pattern, resourceName }) => `${operation} ${pattern} ${resourceName}`);
  assert.deepEqual(connector.sort(), [
    "read literal eu.config.permits",
    "read literal eu.permit-deciding.changelog",
    "read literal eu.permit-deciding.dead-letter",
    "read literal eu.permit-replying.changelog",
    "read literal eu.permit-replying.dead-letter",
    "read literal eu.permit.granted",
    "read literal eu.permit.refused",
    "read prefixed eu.permit.requests.",
    "write literal eu.permit-deciding.changelog",
    "write literal eu.permit-deciding.dead-letter",
    "write literal eu.permit-replying.changelog",
    "write literal eu.permit-replying.dead-letter",
    "write literal eu.permit.granted",
    "write literal eu.permit.refused",
  ]);
});

test("its error code stands in the catalogue, with its HTTP status", () => {
  assert.deepEqual(failureOf("PERMIT_UNKNOWN").status, 404);
});

test("an audit with its kind adds its leaves up, finds what is wrong with them, and without it calls them unknown", async () => {
  const key = ed25519FromSeed(new Uint8Array(32).fill(9));
  const origin = originOf("eu");
  const signer = { name: origin, publicKey: key.publicKey, sign: (text: Uint8Array) => key.sign(text) };
  const chain = { chainId: 1, contract: `0x${"2".repeat(40)}`, anchorer: `0x${"3".repeat(40)}` };
  const region = { ...{ region: "eu", jurisdiction: "EU", origin }, logKey: publicKeyText(key.publicKey) };
  const trusted = { ...region, anchorer: chain.anchorer, issuer: "did:key:z" };
  const trust = {
    chain: { id: 1, contract: chain.contract, development: true },
    populations: [],
  } as unknown as Trust;
  const leafOf = (request: string): string =>
    leafText({ type: LEAF_TYPE, region: "eu", request, permit: "p", salt: "s" });
  const told = async (texts: readonly string[], of = [...kinds, permitKind]) => {
    const audit = new LogAudit(trust, trusted, of);
    const names = texts.map(() => "permit");
    for (const leaf of await toldLog({ signer, chain }, texts, names)) audit.take(leaf);
    return audit.report();
  };
  const sound = await told([leafOf("a".repeat(64)), leafOf("b".repeat(64))]);
  assert.deepEqual([sound.faultCount, sound.found.members.get("permits")], [0, 2]);
  const doubled = await told([leafOf("a".repeat(64)), leafOf("a".repeat(64))]);
  assert.deepEqual(
    doubled.faults.map(({ name }) => name),
    ["permit-doubled"],
  );
  assert.ok((await told([leafOf("a".repeat(64))], [...kinds])).faultCount > 0, "an unknown leaf is a fault");
});
