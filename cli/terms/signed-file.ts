/**
 * Terms on their way between the parties: a document that somebody wrote, in YAML or JSON, and the signed one that travels,
 * `NAME.signed.json`, with each provider's signature as it comes, and the departures of those who are in it no more.
 */
import { existsSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { verifySignature } from "../../domain/terms/signatures.ts";
import { PavilionError } from "../../errors/errors.ts";
import { readJson, readYaml } from "../../runtime/text-file.ts";
import type { Departure, DocumentSignature } from "../../schemas/avro/index.ts";
import { writeJson } from "../written.ts";
import type { TermsDocument, TermsKind } from "./kind.ts";

const signedEnding = ".signed.json";

export interface SignedFile<D> {
  readonly document: D;
  readonly signatures: DocumentSignature[];
  readonly departures: Departure[];
  /** Where the signed one lies, or is to lie. */
  readonly signedFile: string;
}

/**
 * Reads either; of a document it finds the signed one beside it. Throws DOCUMENT_INVALID that lists every problem, and
 * BAD_SIGNATURE where a signature is not that of the provider under its pinned key, over this document. A departure is held
 * to the version that it is from where it is published.
 */
export function readSigned<D extends TermsDocument>(kind: TermsKind<D>, file: string): SignedFile<D> {
  const read = contentOf(file);
  const document = kind.read(isSigned(read) ? read.document : read, file);
  const signedFile = isSigned(read) ? file : file.replace(/(\.ya?ml|\.json)?$/, signedEnding);
  const { signatures, departures = [] } = isSigned(read) ? read : gathered(document, signedFile);
  for (const signature of signatures) requireSignature(kind, document, signature);
  return { document, signatures, departures, signedFile };
}

/** What was signed before the document changed is no signature of this one. */
function gathered(document: object, signedFile: string): Signed {
  const nothing = { document, signatures: [] };
  if (!existsSync(signedFile)) return nothing;
  const standing = contentOf(signedFile);
  if (!isSigned(standing)) throw invalid(`${signedFile} holds no signed document.`);
  return isDeepStrictEqual(standing.document, document) ? standing : nothing;
}

export function writeSigned<D>({ document, signatures, departures, signedFile }: SignedFile<D>): void {
  writeJson(signedFile, { document, signatures, ...(departures.length === 0 ? {} : { departures }) });
}

interface Signed {
  readonly document: unknown;
  readonly signatures: DocumentSignature[];
  readonly departures?: Departure[];
}

function isSigned(content: unknown): content is Signed {
  if (typeof content !== "object" || content === null || !("signatures" in content)) return false;
  const { signatures } = content;
  const departures: unknown = "departures" in content ? content.departures : [];
  return (
    "document" in content &&
    Array.isArray(signatures) &&
    signatures.every((one) => hasTexts(one, ["provider", "signature"])) &&
    Array.isArray(departures) &&
    departures.every(isLeaving)
  );
}

/** A departure that a provider signed; the operator's removals stand in the region's table alone. */
export const isLeaving = (content: unknown): content is Departure =>
  hasTexts(content, ["provider", "signature"]) && "reason" in content && content.reason === null;

const hasTexts = (
  content: unknown,
  members: readonly ("provider" | "signature")[],
): content is Record<string, unknown> =>
  typeof content === "object" &&
  content !== null &&
  members.every((member) => typeof (content as Record<string, unknown>)[member] === "string");

function requireSignature<D extends TermsDocument>(
  kind: TermsKind<D>,
  document: D,
  { provider, signature }: DocumentSignature,
): void {
  const signer = kind.signersOf(document).find(({ id }) => id === provider);
  if (signer === undefined) throw invalid(`${provider} has signed it, and is not one of its providers.`);
  try {
    verifySignature(kind.name, document, signature, signer);
  } catch (cause) {
    if (!(cause instanceof PavilionError)) throw cause;
    throw new PavilionError(
      "BAD_SIGNATURE",
      `The signature of ${provider} does not fit this document under the key that it pins.`,
      "Take the file as it was signed; whoever changes a document has it signed anew by everybody.",
      { cause },
    );
  }
}

/** What a file holds that somebody wrote or handed over. Throws DOCUMENT_INVALID. */
export function contentOf(file: string): unknown {
  return file.endsWith(".json") ? readJson(file, "DOCUMENT_INVALID") : readYaml(file, "DOCUMENT_INVALID");
}

const invalid = (message: string, cause?: unknown, remedy?: string): PavilionError =>
  new PavilionError("DOCUMENT_INVALID", message, remedy, { cause });
