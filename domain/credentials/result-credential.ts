/**
 * The result credential: a W3C Verifiable Credential (Data Model 2.0) that says what was answered to which request, over
 * which datasets, at which privacy loss, enveloped as a compact JWS (VC-JOSE-COSE, `application/vc+jwt`).
 *
 * Promises: the signature covers every byte, and the inline context maps every member, so that a JSON-LD processor drops
 * none. Does not: prove that the answer is right. The issuer attests it.
 */
import { createHash } from "node:crypto";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { signCompact } from "../../crypto/jws/jws.ts";
import { deltaOf } from "../statistics/mechanism.ts";
import { parseDocument } from "../../schemas/reading/validate.ts";
import type { Answer, ReleasedAggregate } from "../../schemas/avro/index.ts";

/** Who signs: the region's key, held in its HSM. */
export interface Issuer {
  /** did:key of the region. */
  readonly did: string;
  /** Its verification method, an absolute DID URL. */
  readonly kid: string;
  /** Ed25519 over the bytes, 64 bytes. */
  readonly sign: (bytes: Uint8Array) => Promise<Uint8Array>;
}

const CREDENTIAL_TYPE = "vc+jwt";
const NAMESPACE = "https://pavilion.example/ns#";

/**
 * VC 2.0's own context first, as it demands. It defines none of our terms, so the second maps all of them into our
 * namespace, and says which lists are ordered.
 */
export const CONTEXT = [
  "https://www.w3.org/ns/credentials/v2",
  {
    "@vocab": NAMESPACE,
    ...ordered("datasets", "statistics", "groups", "estimates"),
  },
] as const;

/** The credential of an answer, unsigned. `time` is the event's, in milliseconds. */
export function credentialOf(released: ReleasedAggregate, answer: Answer, issuer: string, time: number) {
  const { request, plan, spend, scales, matchLeaf, spendLeaf, repeats } = released;
  const { purpose, legalBasis } = parseDocument("request", released.document);
  return {
    "@context": CONTEXT,
    id: `urn:uuid:${uuidFrom(request.digest)}`,
    type: ["VerifiableCredential", "ResultCredential"],
    issuer,
    validFrom: new Date(time).toISOString(),
    credentialSubject: {
      id: `urn:uuid:${request.requestId}`,
      requestDigest: request.digest,
      broker: request.broker,
      tenant: request.tenant,
      purpose,
      legalBasis,
      policy: plan.policyBundle,
      collaboration: plan.collaboration,
      collaborationVersion: plan.version,
      epoch: plan.epoch,
      datasets: plan.datasets.map(({ provider, dataset, sequence, head }) => ({
        provider,
        dataset,
        sequence,
        head,
      })),
      mechanism: "discrete Laplace",
      statistics: plan.statistics.map(({ name: statistic, sensitivity }, index) => ({
        statistic,
        sensitivity,
        scale: scales[index] ?? null,
      })),
      delta: deltaOf(plan),
      minimumGroup: plan.minimumGroup,
      seedCommitment: plan.seed.commitment,
      matchLeaf,
      spendLeaf,
      // The first request of the same question over the same data, whose answer this repeats at no cost.
      repeats: repeats?.digest ?? null,
      spend,
      answer,
    },
  };
}

/** The credential as a compact JWS: header {alg: EdDSA, kid, typ: vc+jwt}, payload its RFC 8785 bytes. */
export function signCredential(credential: object, issuer: Issuer): Promise<string> {
  const header = { typ: CREDENTIAL_TYPE, kid: issuer.kid };
  return signCompact(canonicalBytes(credential), header, issuer.sign);
}

/** Lowercase hex SHA-256 of the compact JWS. */
export const credentialDigest = (credential: string): string =>
  createHash("sha256").update(credential).digest("hex");

/** RFC 9562 version 8: 122 bits of SHA-256 over a label and the digest, so that a replay names the same credential. */
function uuidFrom(digest: string): string {
  const bytes = createHash("sha256")
    .update(`pavilion/result-credential/v1\n${digest}`)
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function ordered(...terms: string[]): Record<string, object> {
  return Object.fromEntries(
    terms.map((term) => [term, { "@id": `${NAMESPACE}${term}`, "@container": "@list" }]),
  );
}
