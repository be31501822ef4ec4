import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { compactVerify, importJWK } from "jose";
import { didKeyOf, publicKeyOfDidKey, verificationMethodOf } from "../../crypto/did/did-key.ts";
import { encodeBase64url } from "../../crypto/jws/base64url.ts";
import { ed25519FromSeed } from "../../crypto/jws/ed25519.ts";
import type { Outcome } from "../../runtime/contract/stage.ts";
import type { ReleasedAggregate, SignedResult } from "../../schemas/avro/index.ts";
import { issuedAt, request } from "../../test/stage-question.ts";
import { firstSeed } from "../../domain/log/testing/seeds.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { CONTEXT } from "../../domain/credentials/result-credential.ts";
import { release } from "../../test/stage-release.ts";
import { signing, type SigningPorts } from "./stage.ts";

const key = ed25519FromSeed(new Uint8Array(32).fill(3));
const did = didKeyOf(key.publicKey);
const kid = verificationMethodOf(key.publicKey);
const ports: SigningPorts = {
  region: "au-east",
  partitions: 4,
  issuer: { did, kid, sign: (bytes) => Promise.resolve(key.sign(bytes)) },
};

async function sign(value: ReleasedAggregate = release, time = issuedAt): Promise<Outcome> {
  const event = { type: "ReleasedAggregate" as const, value, topic: "dp.released" as const, key: "", time };
  return signing.handle(event, new MemoryState(), ports);
}

const signedIn = (outcome: Outcome) => outcome.outputs[0]?.value as SignedResult;

async function verified(credential: string) {
  const { issuer } = JSON.parse(Buffer.from(credential.split(".")[1] ?? "", "base64url").toString()) as {
    issuer: string;
  };
  const jwk = { kty: "OKP", crv: "Ed25519", x: encodeBase64url(publicKeyOfDidKey(issuer)) };
  const { payload, protectedHeader } = await compactVerify(credential, await importJWK(jwk, "EdDSA"));
  const text = new TextDecoder().decode(payload);
  return { header: protectedHeader, credential: JSON.parse(text) as Record<string, unknown> };
}

test("signs an answer with a credential that another library verifies by the issuer's did:key", async () => {
  const outcome = await sign();
  const { request: ref, credential, matchLeaf, spendLeaf, repeats } = signedIn(outcome);
  assert.deepEqual([matchLeaf, spendLeaf, repeats], [release.matchLeaf, release.spendLeaf, null]);
  assert.deepEqual([outcome.outputs[0]?.topic, outcome.outputs[0]?.key], ["signing.signed", request.id]);
  assert.deepEqual(ref, release.request);
  const { header } = await verified(credential);
  assert.deepEqual(header, { alg: "EdDSA", kid, typ: "vc+jwt" });
});

test("the credential has the members of VC 2.0, base context and type first", async () => {
  const { credential } = await verified(signedIn(await sign()).credential);
  const names = ["@context", "credentialSubject", "id", "issuer", "type", "validFrom"];
  assert.deepEqual(Object.keys(credential).sort(), names);
  assert.deepEqual(credential["@context"], CONTEXT);
  assert.equal(CONTEXT[0], "https://www.w3.org/ns/credentials/v2");
  assert.deepEqual(credential.type, ["VerifiableCredential", "ResultCredential"]);
  assert.deepEqual([credential.issuer, credential.validFrom], [did, "2026-03-01T10:00:00.000Z"]);
  assert.match(
    String(credential.id),
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});

test("the credential says what was asked, over what, at what cost, and the very answer beside it", async () => {
  const { answer, credential: text } = signedIn(await sign());
  const { credential } = await verified(text);
  const subject = credential.credentialSubject as Record<string, unknown>;
  assert.deepEqual(subject.answer, answer);
  assert.deepEqual(
    subject.datasets,
    release.plan.datasets.map(({ provider, dataset, sequence, head }) => ({
      provider,
      dataset,
      sequence,
      head,
    })),
  );
  assert.deepEqual(subject.spend, release.spend);
  const names = [
    "requestDigest",
    "broker",
    "tenant",
    "purpose",
    "legalBasis",
    "collaboration",
    "collaborationVersion",
  ];
  assert.deepEqual(
    names.map((name) => subject[name]),
    [release.request.digest, "core", "clinic", "public-health", "public-interest", "care", 3],
  );
  assert.deepEqual(subject.statistics, [
    { statistic: "count", sensitivity: 1, scale: "12" },
    { statistic: "valid(people.age)", sensitivity: 1, scale: "12" },
    { statistic: "sum(people.age)", sensitivity: 100, scale: "1200" },
  ]);
});

test("the credential names the seed's commitment, both leaves and the delta, and nothing that is repeated", async () => {
  const { credential } = await verified(signedIn(await sign()).credential);
  const { seedCommitment, matchLeaf, spendLeaf, delta, repeats } = credential.credentialSubject as Record<
    string,
    unknown
  >;
  assert.deepEqual(
    [seedCommitment, matchLeaf, spendLeaf],
    [firstSeed.commitment, release.matchLeaf, release.spendLeaf],
  );
  // Two groupings and three statistics: 6 · 3 / 2^99.
  assert.deepEqual([delta, repeats], [`9/${String(2n ** 98n)}`, null]);
});

test("a repeated answer's credential is of the new request, names the first, and is signed anew", async () => {
  const first = { ...release.request, requestId: "first", digest: "ee".repeat(32) };
  const repeated = { ...release, spend: { ...release.spend, epsilon: "0" }, repeats: first };
  const result = signedIn(await sign(repeated));
  assert.deepEqual(result.repeats, first);
  const { credential } = await verified(result.credential);
  const subject = credential.credentialSubject as Record<string, unknown>;
  assert.deepEqual([subject.repeats, subject.requestDigest], [first.digest, release.request.digest]);
  assert.equal(result.answer.epsilonSpent, "0");
  assert.deepEqual(result.answer.groups, signedIn(await sign()).answer.groups);
});

test("every term is mapped: none of the base context's protected terms is used for something else", async () => {
  const { credential } = await verified(signedIn(await sign()).credential);
  const protectedTerms = new Set(["description", "digestMultibase", "digestSRI", "mediaType", "name"]);
  const termsIn = (value: unknown): string[] => {
    if (Array.isArray(value)) return value.flatMap(termsIn);
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([term, inner]) => [term, ...termsIn(inner)]);
  };
  const terms = termsIn(credential.credentialSubject);
  assert.ok(terms.length > 20);
  // A colon would make an IRI of a term, an @ a keyword: neither goes through @vocab.
  assert.deepEqual(
    terms.filter((term) => protectedTerms.has(term) || /[:@]/.test(term)),
    [],
  );
});

test("a changed payload, or another key, does not verify", async () => {
  const { credential } = signedIn(await sign());
  const [header, payload = "", signature] = credential.split(".");
  const text = Buffer.from(payload, "base64url").toString().replace('"tenant":"clinic"', '"tenant":"insure"');
  const forged = [header, Buffer.from(text).toString("base64url"), signature].join(".");
  await assert.rejects(verified(forged));
  const other = {
    kty: "OKP",
    crv: "Ed25519",
    x: encodeBase64url(ed25519FromSeed(new Uint8Array(32)).publicKey),
  };
  await assert.rejects(async () => compactVerify(credential, await importJWK(other, "EdDSA")));
});

test("audits the issuer and the credential's digest, and no number of the answer", async () => {
  const outcome = await sign();
  const [audit] = outcome.audit;
  const expected = createHash("sha256").update(signedIn(outcome).credential).digest("hex");
  assert.equal(audit?.action, "result.signed");
  assert.deepEqual(audit.details, { issuer: did, credential: expected });
});

test("a replay signs the same credential; another request has another id", async () => {
  const idOf = async (outcome: Outcome) => (await verified(signedIn(outcome).credential)).credential.id;
  assert.deepEqual(await sign(), await sign());
  const other = { ...release, request: { ...release.request, digest: "ff".repeat(32) } };
  assert.notEqual(await idOf(await sign(other)), await idOf(await sign()));
});
