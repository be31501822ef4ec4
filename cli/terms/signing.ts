/**
 * `population|collaboration check|sign|leave|publish`: whether a document holds together, a provider's signature under it or
 * under its leaving, and the publishing by the operator once everybody has signed.
 */
import { existsSync } from "node:fs";
import { signDeparture } from "../../domain/terms/departure.ts";
import { publicKeyText } from "../../domain/terms/signatures.ts";
import { PavilionError } from "../../errors/errors.ts";
import { shell } from "../../runtime/shell.ts";
import type { Departure } from "../../schemas/avro/index.ts";
import { openProvider } from "../../services/keystore/parties.ts";
import { misuse } from "../../errors/misuse.ts";
import { keysOf } from "../party/keys.ts";
import { writeJson } from "../written.ts";
import type { TermsDocument, TermsKind } from "./kind.ts";
import { termsAsked } from "./reading.ts";
import { readSigned, writeSigned, type SignedFile } from "./signed-file.ts";

interface Given {
  readonly provider: string | undefined;
  readonly json: boolean;
}

export function check<D extends TermsDocument>(
  kind: TermsKind<D>,
  files: readonly string[],
  { json }: Pick<Given, "json">,
): number {
  const file = readSigned(kind, onlyOne(kind, files));
  const notes = kind.before(file.document);
  tell(json, { ...stateOf(kind, file), holds: true, notes }, [
    `  ${named(file)}: nothing is wrong with the document`,
    ...notes.map((note) => `  note: ${note}`),
    ...signatureLines(kind, file),
  ]);
  return 0;
}

export async function sign<D extends TermsDocument>(
  kind: TermsKind<D>,
  files: readonly string[],
  { provider: id, json }: Given,
): Promise<number> {
  if (id === undefined) throw misuse("Say who signs: --provider P.");
  const file = readSigned(kind, onlyOne(kind, files));
  const { document } = file;
  const { keystore, passphrase } = keysOf("provider", id);
  const { identity } = await openProvider(keystore, passphrase);
  requireOwnKey(kind, file, id, publicKeyText(identity.publicKey));
  const signature = await kind.sign(document, id, (bytes) => identity.sign(bytes));
  const others = file.signatures.filter((one) => one.provider !== id);
  const signed = { ...file, signatures: [...others, { provider: id, signature }] };
  writeSigned(signed);
  tell(json, { ...stateOf(kind, signed), file: file.signedFile }, [
    `  ${id} has signed ${named(file)}, in ${file.signedFile}`,
    ...kind.before(document).map((note) => `  note: ${note}`),
    ...signatureLines(kind, signed),
  ]);
  return 0;
}

/** A provider signs that it leaves: in the file of the version that comes without it, or from the one that stands, by its id. */
export async function leave<D extends TermsDocument>(
  kind: TermsKind<D>,
  which: readonly string[],
  { provider: id, json }: Given,
): Promise<number> {
  if (id === undefined) throw misuse("Say who leaves: --provider P.");
  const given = onlyOne(kind, which);
  const { keystore, passphrase } = keysOf("provider", id);
  const { identity } = await openProvider(keystore, passphrase);
  const departureFrom = (name: string, digest: string): Promise<Departure> =>
    signDeparture({ of: kind.name, id: name, digest }, id, (bytes) => identity.sign(bytes));
  if (!existsSync(given)) {
    const previous = kind.latestIn((await termsAsked({ provider: id })).terms, given);
    if (previous === undefined) throw nothingToLeave(kind, given, id);
    const departure = await departureFrom(given, previous.digest);
    const out = `${given}.${id}.departure.json`;
    writeJson(out, departure);
    tell(json, { leaves: given, provider: id, file: out }, [
      `  ${id} has signed that it leaves ${given}, in ${out}`,
      "  hand it to the operator, who publishes the version without you:",
      `  ${shell`./pavilion ${kind.name} publish FILE --departure ${out}`}`,
    ]);
    return 0;
  }
  const file = readSigned(kind, given);
  const previous = kind.previousOf(file.document);
  if (previous === null) throw firstVersion(kind, file);
  const others = file.departures.filter((one) => one.provider !== id);
  const left = { ...file, departures: [...others, await departureFrom(file.document.id, previous)] };
  writeSigned(left);
  tell(json, { ...stateOf(kind, left), file: left.signedFile }, [
    `  ${id} has signed that it leaves ${file.document.id} as ${named(file)} comes, in ${left.signedFile}`,
    ...signatureLines(kind, left),
  ]);
  return 0;
}

/** Nobody signs a document that pins another key under the signer's name. */
function requireOwnKey<D extends TermsDocument>(
  kind: TermsKind<D>,
  { document }: SignedFile<D>,
  id: string,
  key: string,
): void {
  const signer = kind.signersOf(document).find((one) => one.id === id);
  if (signer === undefined) {
    const names = kind.signersOf(document).map((one) => one.id);
    throw new PavilionError(
      "NOT_A_MEMBER",
      `${id} is not a provider of ${document.id}.`,
      `Its providers are ${names.join(", ")}: sign as one of these, or have the document changed.`,
    );
  }
  if (signer.key === key) return;
  throw new PavilionError(
    "DOCUMENT_INVALID",
    `The document pins a key for ${id} that is not its own.`,
    `Its own is ${key}.`,
  );
}

export function onlyOne({ name }: { readonly name: string }, [file, ...more]: readonly string[]): string {
  if (file === undefined || more.length > 0) throw misuse(`Give one ${name}.`);
  return file;
}

export const named = <D extends TermsDocument>({ document: { id, version } }: SignedFile<D>): string =>
  `${id}, version ${String(version)}`;

/** Of those whom the document names; who has still to sign of the version before is known where that stands. */
export const missingIn = <D extends TermsDocument>(
  kind: TermsKind<D>,
  { document, signatures }: SignedFile<D>,
): string[] =>
  kind
    .signersOf(document)
    .map(({ id }) => id)
    .filter((id) => !signatures.some((one) => one.provider === id));

export const stateOf = <D extends TermsDocument>(kind: TermsKind<D>, file: SignedFile<D>): object => ({
  [kind.name]: file.document.id,
  version: file.document.version,
  signed: file.signatures.map((one) => one.provider),
  missing: missingIn(kind, file),
  leaving: file.departures.map((one) => one.provider),
});

function signatureLines<D extends TermsDocument>(kind: TermsKind<D>, file: SignedFile<D>): string[] {
  const missing = missingIn(kind, file);
  const leaving = file.departures.map((one) => one.provider);
  return [
    ...(leaving.length === 0 ? [] : [`  leaving: ${leaving.join(", ")}`]),
    missing.length === 0
      ? `  every provider has signed; next: ${shell`./pavilion ${kind.name} publish ${file.signedFile}`}`
      : `  still to sign: ${missing.join(", ")}`,
  ];
}

export function tell(asJson: boolean, object: object, lines: readonly string[]): void {
  console.log(asJson ? JSON.stringify(object) : lines.join("\n"));
}

const nothingToLeave = (kind: { readonly name: string }, id: string, provider: string): PavilionError =>
  new PavilionError(
    "DOCUMENT_INVALID",
    `There is no file ${id}, and no ${kind.name} of that id names ${provider}.`,
    `See what names it by ${shell`./pavilion ${kind.name} list --provider ${provider}`}.`,
  );

const firstVersion = <D extends TermsDocument>(kind: TermsKind<D>, file: SignedFile<D>): PavilionError =>
  new PavilionError(
    "DOCUMENT_INVALID",
    `${named(file)}, is the first version: there is nothing yet that anybody could leave.`,
    `Whoever does not agree does not sign; a ${kind.name} that nobody has published binds nobody.`,
  );
