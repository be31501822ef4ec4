/**
 * One collaboration and one request for the stages' tests, with real keys, as plain values to vary.
 */
import { ed25519FromSeed } from "../crypto/jws/ed25519.ts";
import type { CollaborationTable } from "../domain/terms/collaboration.ts";
import { publicKeyText } from "../domain/terms/signatures.ts";
import { readRequest, signRequest } from "../domain/terms/request.ts";
import type { RequestRef, RoutedRequest, SignedRequest } from "../schemas/avro/index.ts";
import type { Collaboration } from "../schemas/json/collaboration.ts";
import type { Request } from "../schemas/json/request.ts";
import { populationOver, populationsOf } from "./populations.ts";
import { firstSeed } from "../domain/log/testing/seeds.ts";

export const brokerKey = ed25519FromSeed(new Uint8Array(32).fill(7));
export const strangerKey = ed25519FromSeed(new Uint8Array(32).fill(8));
const providerKey = publicKeyText(ed25519FromSeed(new Uint8Array(32).fill(9)).publicKey);

/** When the request was issued, in milliseconds. */
export const issuedAt = Date.parse("2026-03-01T10:00:00.000Z");

const identifier = { source: "id", normalisation: ["trim" as const] };
const limits = { records: 1000, changesPerDay: 1000 };

export const collaboration: Collaboration = {
  type: "pavilion/collaboration",
  id: "care",
  version: 3,
  previous: "cc".repeat(32),
  population: "adults",
  referenceDate: "2026-01-01",
  purposes: ["public-health", "direct-marketing"],
  legalBases: ["public-interest"],
  matching: { sender: "north", epoch: 2, partitions: 4 },
  providers: [
    {
      id: "north",
      key: providerKey,
      dataset: "people",
      identifier,
      columns: [
        {
          name: "age",
          kind: "integer",
          source: "dob",
          transform: "none",
          lower: 16,
          upper: 116,
          nullable: true,
        },
        { name: "state", kind: "category", source: "state", domain: ["nsw", "vic"], other: "other" },
      ],
      limits,
    },
    {
      id: "south",
      key: providerKey,
      dataset: "visits",
      identifier,
      columns: [
        {
          name: "stays",
          kind: "integer",
          source: "stays",
          transform: "none",
          lower: 0,
          upper: 30,
          nullable: false,
        },
        { name: "urgent", kind: "flag", source: "urgent", true: ["yes"], nullable: true },
      ],
      limits,
    },
  ],
  budget: { epsilonPerQuestion: "1" },
  minimumGroup: 10,
  brokers: [{ id: "core", key: publicKeyText(brokerKey.publicKey), tenants: ["clinic"] }],
};

export const request: Request = {
  type: "pavilion/request",
  id: "6f1d4a52-0d0e-4b0f-9a51-000000000001",
  nonce: "000102030405060708090a0b0c0d0e0f",
  broker: "core",
  tenant: "clinic",
  home: "au-east",
  collaboration: "care",
  collaborationVersion: 3,
  purpose: "public-health",
  legalBasis: "public-interest",
  epsilon: "1/2",
  question: {
    measures: [{ kind: "count" }, { kind: "mean", of: { dataset: "people", column: "age" } }],
    groupings: [{ by: "total" }, { by: { dataset: "people", column: "state" } }],
  },
  issuedAt: new Date(issuedAt).toISOString(),
  deadlineSeconds: 60,
  seedCommitment: firstSeed.commitment,
};

/** The population of the collaboration, at home in `au-east`. */
export const population = populationOver(collaboration, { region: "au-east" });
export const populations = populationsOf(population);

/** A region's table of these collaborations, each at one version. */
export function tableOf(...collaborations: Collaboration[]): CollaborationTable {
  const latest = (id: string) => collaborations.find((found) => found.id === id);
  return {
    earlier: [],
    latest,
    at: (id, version) => {
      const found = latest(id);
      return found?.version === version ? found : undefined;
    },
  };
}

export const signed = (document: Request = request): Promise<SignedRequest> =>
  signRequest(document, brokerKey.sign);

/** The request as routing passes it on, with the seed that it is to use. */
export async function routed(document: Request = request, seed = firstSeed): Promise<RoutedRequest> {
  const { document: text, signature } = await signed(document);
  return { request: refOf(text), document: text, signature, seed };
}

/** How the pipeline names a request whose broker is known. */
export function refOf(text: string): RequestRef {
  const { document, digest, deadline } = readRequest(text);
  const { id: requestId, tenant, broker, collaboration: id } = document;
  return { requestId, digest, tenant, broker, collaboration: id, deadline };
}
