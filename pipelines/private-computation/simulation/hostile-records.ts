/**
 * What an adversary makes of somebody's signed request: copies under other ids and keys, without a signature or with another
 * one, with other bytes beside them, in another partition, or the document alone. None is signed by whom it names, so each
 * is answered in its own name, and the request has the one result that it would have had without them.
 */
import { ed25519FromSeed } from "../../../crypto/jws/ed25519.ts";
import { signRequest } from "../../../domain/terms/request.ts";
import { partitionOf } from "../../../runtime/kafka/partitioner.ts";
import type { EventName, EventTypes } from "../../../schemas/avro/index.ts";
import type { Request } from "../../../schemas/json/request.ts";
import { partitions } from "./region.ts";
import { encode } from "../../../simulation/codec.ts";
import type { World } from "../../../simulation/world.ts";

type SignedRequest = EventTypes["SignedRequest"];

interface HostileRecord {
  readonly key: string;
  readonly value: Buffer;
  /** SignedRequest unless given. */
  readonly type?: EventName;
  readonly partition?: number;
}

const otherId = "00000000-0000-4000-8000-0000000000ff";
const stranger = ed25519FromSeed(new Uint8Array(32).fill(66));

const record = (request: SignedRequest, key = request.requestId): HostileRecord => ({
  key,
  value: encode("SignedRequest", request),
});

/** Every way to copy a request that its broker did not publish so. */
async function copiesOf(request: SignedRequest): Promise<HostileRecord[]> {
  const document = JSON.parse(request.document) as Request;
  const forged = await signRequest(document, stranger.sign);
  const [header = "", signature = ""] = request.signature.split("..");
  const otherKid = Buffer.from(JSON.stringify({ alg: "EdDSA", kid: "other", typ: "pavilion-request+jws" }));
  const elsewhere = (partitionOf(Buffer.from(request.requestId), partitions) + 1) % partitions;
  return [
    record({ ...request, requestId: otherId }),
    record({ ...request, requestId: otherId }, request.requestId),
    record(request, otherId),
    record(request, ""),
    record({ ...request, signature: "" }),
    record({ ...request, signature: `${header}..` }),
    record({ ...request, signature: `${otherKid.toString("base64url")}..${signature}` }),
    record(forged),
    record({ ...request, seedCommitment: null }),
    record({ ...request, document: ` ${request.document}` }),
    record({ ...request, document: request.document.replace(/"tenant":"[^"]+"/, '"tenant":"another"') }),
    { key: request.requestId, value: Buffer.from(request.document) },
    { key: request.requestId, value: Buffer.alloc(0) },
    { ...record(request), type: "Result" },
    { ...record(request), partition: elsewhere },
  ];
}

/** Publishes some copies of a request, and answers how many. */
export async function publishCopies(world: World, request: SignedRequest): Promise<number> {
  const copies = (await copiesOf(request)).filter(() => world.choice.oneIn(3));
  for (const { key, value, type = "SignedRequest", partition } of copies) {
    world.publishBytes("broker.requests", type, value, {
      key,
      // Only a broker that is known is told anything.
      source: "/broker/core-broker",
      ...(partition === undefined ? {} : { partition }),
    });
  }
  return copies.length;
}
