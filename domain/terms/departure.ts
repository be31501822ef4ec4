/**
 * Who signs a new version of a population or a collaboration: whoever it names, and everybody whom the version before
 * named, under the keys pinned there, unless they departed. A provider departs by its own signature over a departure from that one
 * version, or is removed by the operator, with a reason that stands in the table for everybody to read.
 *
 * Promises: nobody is dropped, and nobody's key is changed, without a word of its own or a reason on record; a departure
 * from one version says nothing of another. Does not: say whether the operator's reason is a good one.
 */
import { signDetached, type JwsSigner } from "../../crypto/jws/jws.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Departure, DocumentSignature } from "../../schemas/avro/index.ts";
import type { Departure as DepartureDocument } from "../../schemas/json/departure.ts";
import { requireSigned, verifySignature, type Signer } from "./signatures.ts";
import { signatureType } from "../../schemas/reading/validate.ts";

/** A version that somebody departs from. */
export interface LeftVersion {
  readonly of: DepartureDocument["of"];
  readonly id: string;
  /** SHA-256 of its document, in hexadecimal digits. */
  readonly digest: string;
}

/** Signs a provider's departure; `kid` is the provider's id. */
export async function signDeparture(
  left: LeftVersion,
  provider: string,
  sign: JwsSigner,
): Promise<Departure> {
  const header = { typ: signatureType("departure"), kid: provider };
  return { provider, signature: await signDetached(documentOf(left, provider), header, sign), reason: null };
}

const documentOf = ({ of, id, digest }: LeftVersion, provider: string): DepartureDocument => ({
  type: "pavilion/departure",
  of,
  id,
  previous: digest,
  provider,
});

/** What follows a version. */
export interface NextVersion {
  readonly document: unknown;
  readonly signers: readonly Signer[];
  readonly signatures: readonly DocumentSignature[];
  readonly departures: readonly Departure[];
}

/**
 * Throws SIGNATURE_MISSING or BAD_SIGNATURE unless every signer of the version before has signed the next one or departed;
 * DOCUMENT_INVALID for a departure that is none.
 */
export function requireContinued(left: LeftVersion, signers: readonly Signer[], next: NextVersion): void {
  for (const departure of next.departures) requireDeparture(departure, left, signers, next);
  for (const signer of signers) {
    if (next.departures.some(({ provider }) => provider === signer.id)) continue;
    requireSigned(left.of, next.document, next.signatures, signer);
  }
}

function requireDeparture(
  { provider, signature, reason }: Departure,
  left: LeftVersion,
  signers: readonly Signer[],
  next: NextVersion,
): void {
  const signer = signers.find(({ id }) => id === provider);
  if (signer === undefined) throw unfit(`${provider} leaves a version that does not name it`);
  if (next.signers.some(({ id, key }) => id === provider && key === signer.key))
    throw unfit(`${provider} leaves, and is still named under the same key`);
  if ((signature === null) === (reason === null))
    throw unfit(`${provider} has either to leave or to be removed, and not both`);
  if (signature !== null) verifySignature("departure", documentOf(left, provider), signature, signer);
  else if (reason?.trim() === "") throw unfit(`${provider} is removed without a reason`);
}

const unfit = (what: string): PavilionError =>
  new PavilionError("DOCUMENT_INVALID", `Who leaves or is removed: ${what}.`);
