/**
 * What the commands need to know of a kind of terms, populations or collaborations, to check, sign and publish its files.
 */
import type { JwsSigner } from "../../crypto/jws/jws.ts";
import type { Signer } from "../../domain/terms/signatures.ts";
import type { Terms } from "../../services/clients/terms.ts";
import type { Departure, DocumentSignature } from "../../schemas/avro/index.ts";
import type { Operator } from "../../services/operator/operator.ts";
import type { Named } from "../../services/operator/terms.ts";
import type { RememberedRegion } from "../../services/stack/remembered.ts";

/** What every such document has. */
export interface TermsDocument {
  readonly id: string;
  readonly version: number;
}

/** The version before, as the region has it. */
export interface Previous {
  readonly signers: readonly Signer[];
  /** SHA-256 of its document, in hexadecimal digits. */
  readonly digest: string;
}

export interface TermsKind<D extends TermsDocument> {
  /** Also the word before its commands. */
  readonly name: "population" | "collaboration";
  /** The document in that file, once it holds together. Throws DOCUMENT_INVALID that lists what does not. */
  readonly read: (content: unknown, file: string) => D;
  /** Who signs it, under which keys. */
  readonly signersOf: (document: D) => readonly Signer[];
  readonly sign: (document: D, provider: string, sign: JwsSigner) => Promise<string>;
  /** What a signer is to know of it or to look at before it signs, a sentence a line. */
  readonly before: (document: D) => readonly string[];
  /** The digest of the version that it follows; null for a first one. */
  readonly previousOf: (document: D) => string | null;
  /** The latest version that stands. */
  readonly latestIn: (terms: Terms, id: string) => Previous | undefined;
  /** The region that it is published in. Throws CONFIG_INVALID, or DOCUMENT_INVALID where it fits no region. */
  readonly regionOf: (document: D, regions: readonly RememberedRegion[], terms: Terms) => RememberedRegion;
  /** Answers whom it did not reach. */
  readonly publish: (
    operator: Operator,
    region: RememberedRegion,
    document: D,
    signed: { readonly signatures: DocumentSignature[]; readonly departures: Departure[] },
  ) => Promise<Named[]>;
}
