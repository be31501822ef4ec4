/**
 * Who asked: the request is readable, its id is its own, and a broker that the collaboration pins signed it.
 *
 * Promises: a request is known by its digest only once the signature holds, so that nobody has it answered by what they
 * publish in another's name. Does not: say whether the asker may ask this now; see admission.ts.
 */
import type { CollaborationTable } from "../../domain/terms/collaboration.ts";
import { collaborationNamed } from "../../domain/terms/home.ts";
import { verifySignature } from "../../domain/terms/signatures.ts";
import { readRequest, type ReadRequest } from "../../domain/terms/request.ts";
import { PavilionError, type ErrorCode } from "../../errors/errors.ts";
import type { StageEvent } from "../../runtime/contract/stage.ts";
import type { RequestRef, SignedRequest } from "../../schemas/avro/index.ts";
import type { Broker, Collaboration } from "../../schemas/json/collaboration.ts";

export interface Fault {
  readonly code: ErrorCode;
  /** Holds no value, identifier or count. */
  readonly detail: string;
}

/** A request whose broker is known for certain. */
export interface VerifiedRequest {
  readonly request: RequestRef;
  readonly read: ReadRequest;
  readonly collaboration: Collaboration;
  readonly broker: Broker;
}

export type Verification =
  { readonly verified: VerifiedRequest } | { readonly verified: undefined; readonly fault: Fault };

/**
 * Checks in this order: schema, id, collaboration, broker, signature. The id is the record's key too, which pins the
 * partition: a request under two keys would be decided in two.
 */
export function verifyRequest(
  { value: signed, key }: StageEvent<"SignedRequest">,
  collaborations: CollaborationTable,
): Verification {
  const read = readOrFault(signed);
  if ("code" in read) return { verified: undefined, fault: read };

  const { document, digest, deadline } = read;
  const fail = (code: ErrorCode, detail: string): Verification => ({
    verified: undefined,
    fault: { code, detail },
  });
  if (signed.requestId !== document.id)
    return fail("REQUEST_ID_MISMATCH", "The record's requestId is not the id in its document.");
  if (key !== signed.requestId)
    return fail("REQUEST_ID_MISMATCH", "The record's key is not the request's id.");
  const collaboration = collaborationOrFault(document.collaboration, collaborations);
  if ("code" in collaboration) return fail(collaboration.code, collaboration.detail);
  const broker = collaboration.brokers.find((candidate) => candidate.id === document.broker);
  if (broker === undefined) return fail("UNKNOWN_BROKER", "The collaboration does not name this broker.");
  if (!isSignedBy(read, signed.signature, broker)) {
    return fail("BAD_SIGNATURE", "The request is not signed by the broker that it names.");
  }
  const { id: requestId, tenant } = document;
  const request = { requestId, digest, tenant, broker: broker.id, collaboration: collaboration.id, deadline };
  return { verified: { request, read, collaboration, broker } };
}

function readOrFault(signed: SignedRequest): ReadRequest | Fault {
  try {
    const read = readRequest(signed.document);
    if (read.document.seedCommitment === signed.seedCommitment) return read;
    return {
      code: "REQUEST_UNREADABLE",
      detail: "The record's seedCommitment is not the one in its document.",
    };
  } catch (error) {
    if (!(error instanceof PavilionError)) throw error;
    return { code: "REQUEST_UNREADABLE", detail: error.message };
  }
}

function collaborationOrFault(id: string, collaborations: CollaborationTable): Collaboration | Fault {
  try {
    return collaborationNamed(id, collaborations);
  } catch (error) {
    if (!(error instanceof PavilionError)) throw error;
    return { code: error.code, detail: error.message };
  }
}

function isSignedBy(read: ReadRequest, signature: string, broker: Broker): boolean {
  try {
    verifySignature("request", read.document, signature, broker);
    return true;
  } catch (error) {
    if (error instanceof PavilionError) return false;
    throw error;
  }
}
