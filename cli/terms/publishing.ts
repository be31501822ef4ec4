/**
 * `population|collaboration publish FILE`: the operator publishes what everybody has signed who has to: those whom the document
 * names, and those of the version before, unless they left or the operator removes them, with a reason that stays on record.
 */
import { PavilionError } from "../../errors/errors.ts";
import { shell } from "../../runtime/shell.ts";
import type { Departure } from "../../schemas/avro/index.ts";
import type { Named } from "../../services/operator/terms.ts";
import { misuse } from "../../errors/misuse.ts";
import { withOperator } from "../operator/session.ts";
import { runningStack } from "../stack/running.ts";
import type { Previous, TermsDocument, TermsKind } from "./kind.ts";
import { termsAsked } from "./reading.ts";
import { contentOf, isLeaving, readSigned, type SignedFile } from "./signed-file.ts";
import { missingIn, named, onlyOne, stateOf, tell } from "./signing.ts";

interface Given {
  readonly departure: readonly string[];
  readonly strike: readonly string[];
  readonly reason: string | undefined;
  readonly json: boolean;
}

export async function publish<D extends TermsDocument>(
  kind: TermsKind<D>,
  files: readonly string[],
  given: Given,
): Promise<number> {
  const file = readSigned(kind, onlyOne(kind, files));
  const stack = runningStack();
  const { terms } = await termsAsked({});
  const region = kind.regionOf(file.document, stack.regions, terms);
  const departures = [
    ...file.departures,
    ...given.departure.map(leavingIn),
    ...removals(given.strike, given.reason),
  ];
  requireSignatures(kind, file, departures, kind.latestIn(terms, file.document.id));
  const signed = { signatures: file.signatures, departures };
  const unreached = await withOperator(stack, (operator) =>
    kind.publish(operator, region, file.document, signed),
  );
  tell(given.json, { ...stateOf(kind, file), published: region.name, unreached }, [
    `  ${named(file)}, is published in ${region.name}`,
    ...unreachedLines(unreached, region.name),
  ]);
  return 0;
}

/** Throws DOCUMENT_INVALID. */
function leavingIn(file: string): Departure {
  const content = contentOf(file);
  if (isLeaving(content)) return content;
  throw new PavilionError(
    "DOCUMENT_INVALID",
    `${file} is not a signed departure.`,
    "Take the file that ./pavilion collaboration leave, or population leave, has written.",
  );
}

function removals(struck: readonly string[], reason: string | undefined): Departure[] {
  if (struck.length === 0 && reason !== undefined)
    throw misuse("--reason says why a provider is removed: give it with --strike.");
  if (struck.length > 0 && (reason ?? "").trim() === "") {
    throw misuse("--strike takes a --reason, which everybody reads and which stays on record.");
  }
  return struck.map((provider) => ({ provider, signature: null, reason: reason ?? "" }));
}

/** Throws SIGNATURE_MISSING that names one who has still to sign, and the command. */
function requireSignatures<D extends TermsDocument>(
  kind: TermsKind<D>,
  file: SignedFile<D>,
  departures: readonly Departure[],
  standing: Previous | undefined,
): void {
  const { name } = kind;
  const { signedFile } = file;
  const [missing] = missingIn(kind, file);
  if (missing !== undefined) {
    throw new PavilionError(
      "SIGNATURE_MISSING",
      `Provider ${missing} has not signed the ${name}.`,
      `Have it run ${shell`./pavilion ${name} sign ${signedFile} --provider ${missing}`}, then publish that file.`,
    );
  }
  // Of a version that does not follow the latest one, the operator's own rules say what is amiss.
  if (kind.previousOf(file.document) !== standing?.digest) return;
  const remaining = standing.signers.find(
    ({ id }) => ![...file.signatures, ...departures].some(({ provider }) => provider === id),
  );
  if (remaining === undefined) return;
  throw new PavilionError(
    "SIGNATURE_MISSING",
    `Provider ${remaining.id} is in the version before, and has neither signed this one nor left.`,
    `Have it run ${shell`./pavilion ${name} leave ${signedFile} --provider ${remaining.id}`}, or strike it by ` +
      `${shell`./pavilion ${name} publish ${signedFile} --strike ${remaining.id}`} --reason TEXT.`,
  );
}

function unreachedLines(unreached: readonly Named[], region: string): string[] {
  if (unreached.length === 0) return [];
  const who = unreached.map(({ role, id }) => `${role} ${id}`).join(", ");
  return [`  not admitted in ${region} yet: ${who}; once admitted, each is sent what names it`];
}
