/**
 * A collaboration on its way between the parties: a document that somebody wrote, in YAML or JSON, and the signed one that
 * travels, `NAME.signed.json`, with each provider's signature as it comes.
 */
import { existsSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { parse, YAMLParseError } from "yaml";
import { canonicalBytes } from "../../../crypto/jws/canonical.ts";
import { participantOf, requireConsistent } from "../../../documents/collaboration.ts";
import { verifySignature } from "../../../documents/signatures.ts";
import { validateOwn } from "../../../documents/validate.ts";
import { PavilionError } from "../../../runtime/errors.ts";
import { readJson, readText } from "../../../runtime/text-file.ts";
import type { CollaborationEntry } from "../../../schemas/avro/index.ts";
import type { Collaboration } from "../../../schemas/json/collaboration.ts";

type Signatures = CollaborationEntry["signatures"];

const signedEnding = ".signed.json";

export interface CollaborationFile {
  readonly document: Collaboration;
  readonly signatures: Signatures;
  /** Where the signed one lies, or is to lie. */
  readonly signedFile: string;
}

/**
 * Reads either; of a document it finds the signed one beside it. Throws DOCUMENT_INVALID that lists every problem, and
 * BAD_SIGNATURE where a signature is not that of the provider under its pinned key, over this document.
 */
export function readCollaboration(file: string): CollaborationFile {
  const read = contentOf(file);
  const document = validated(isSigned(read) ? read.document : read, file);
  const signedFile = isSigned(read) ? file : file.replace(/(\.ya?ml|\.json)?$/, signedEnding);
  const signatures = isSigned(read) ? read.signatures : signaturesBeside(document, signedFile);
  for (const signature of signatures) requireSignature(document, signature);
  return { document, signatures, signedFile };
}

/** What was signed before the document changed is no signature of this one. */
function signaturesBeside(document: Collaboration, signedFile: string): Signatures {
  if (!existsSync(signedFile)) return [];
  const standing = contentOf(signedFile);
  if (!isSigned(standing)) throw invalid(`${signedFile} is no signed collaboration.`);
  return isDeepStrictEqual(standing.document, document) ? standing.signatures : [];
}

export function writeSigned({ document, signatures, signedFile }: CollaborationFile): void {
  writeFileSync(signedFile, `${JSON.stringify({ document, signatures }, undefined, 2)}\n`);
}

export const entryOf = ({ document, signatures }: CollaborationFile): CollaborationEntry => ({
  id: document.id,
  version: document.version,
  document: new TextDecoder().decode(canonicalBytes(document)),
  signatures,
});

interface Signed {
  readonly document: unknown;
  readonly signatures: Signatures;
}

function isSigned(content: unknown): content is Signed {
  if (typeof content !== "object" || content === null || !("signatures" in content)) return false;
  const { signatures } = content;
  return (
    "document" in content &&
    Array.isArray(signatures) &&
    signatures.every((one: unknown) => {
      const { provider, signature } = one as Record<string, unknown>;
      return typeof provider === "string" && typeof signature === "string";
    })
  );
}

function requireSignature(document: Collaboration, { provider, signature }: Signatures[number]): void {
  const signer = participantOf(document, provider);
  if (signer === undefined) throw invalid(`${provider} has signed it, and is no provider of it.`);
  try {
    verifySignature("collaboration", document, signature, signer);
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

function validated(content: unknown, file: string): Collaboration {
  const remedy =
    "Correct these members; examples/collaboration.yaml is a whole one, docs/reference/documents.md explains each.";
  const document = validateOwn("collaboration", content, file, remedy);
  requireConsistent(document);
  return document;
}

function contentOf(file: string): unknown {
  if (file.endsWith(".json")) return readJson(file, "DOCUMENT_INVALID");
  const text = readText(file, "DOCUMENT_INVALID");
  try {
    return parse(text);
  } catch (cause) {
    const line = cause instanceof YAMLParseError ? cause.linePos?.[0].line : undefined;
    const place = line === undefined ? "" : `: a mistake stands in line ${String(line)}`;
    throw invalid(
      `${file} is not YAML${place}.`,
      cause,
      "Correct it there: members of one document stand equally far to the right, by spaces, never by tabs.",
    );
  }
}

const invalid = (message: string, cause?: unknown, remedy?: string): PavilionError =>
  new PavilionError("DOCUMENT_INVALID", message, remedy, { cause });
