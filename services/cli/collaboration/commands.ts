/**
 * `collaboration check|sign|publish FILE`: whether a document holds together, a provider's signature under it, and its
 * publishing by the operator once every provider has signed.
 */
import { parseArgs } from "node:util";
import { participantOf, signCollaboration } from "../../../documents/collaboration.ts";
import { epsilonNotes } from "../../../documents/epsilon-range.ts";
import { publicKeyText } from "../../../documents/signatures.ts";
import { PavilionError } from "../../../runtime/errors.ts";
import { shell } from "../../../runtime/shell.ts";
import { openProvider } from "../../keystore/parties.ts";
import { misuse } from "../misuse.ts";
import { withOperator } from "../operator.ts";
import { keysOf } from "../party/keys.ts";
import { regionNamed, runningStack } from "../stack/running.ts";
import { entryOf, readCollaboration, writeSigned, type CollaborationFile } from "./file.ts";

const json = { type: "boolean", default: false } as const;

export function check(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { json } });
  const file = readCollaboration(onlyOne(positionals));
  const notes = epsilonNotes(file.document);
  tell(values.json, { ...stateOf(file), holds: true, notes }, [
    `  ${file.document.id}, version ${String(file.document.version)}: the document holds together`,
    ...notes.map((note) => `  note: ${note}`),
    ...signatureLines(file),
  ]);
  return Promise.resolve(0);
}

export async function sign(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json, provider: { type: "string" } },
  });
  const { provider } = values;
  if (provider === undefined) throw misuse("--provider names who signs.");
  const file = readCollaboration(onlyOne(positionals));
  const { document } = file;
  const { keystore, passphrase } = keysOf("provider", provider);
  const { identity } = await openProvider(keystore, passphrase);
  requireOwnKey(file, provider, publicKeyText(identity.publicKey));
  const signature = await signCollaboration(document, provider, (bytes) => identity.sign(bytes));
  const others = file.signatures.filter((one) => one.provider !== provider);
  const signed = { ...file, signatures: [...others, { provider, signature }] };
  writeSigned(signed);
  tell(values.json, { ...stateOf(signed), file: file.signedFile }, [
    `  ${provider} has signed ${document.id}, version ${String(document.version)}, in ${file.signedFile}`,
    ...signatureLines(signed),
  ]);
  return 0;
}

export async function publish(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { json } });
  const file = readCollaboration(onlyOne(positionals));
  const stack = runningStack();
  const region = regionNamed(stack, file.document.region);
  if (
    file.document.jurisdiction !== region.jurisdiction ||
    file.document.matching.partitions !== region.partitions
  ) {
    throw new PavilionError(
      "DOCUMENT_INVALID",
      `The region ${region.name} lies in ${region.jurisdiction} and has ${String(region.partitions)} partitions; the document says otherwise.`,
    );
  }
  const [missing] = missingIn(file);
  if (missing !== undefined) {
    throw new PavilionError(
      "BAD_SIGNATURE",
      `Provider ${missing} has not signed the collaboration.`,
      `Have it run ${shell`./pavilion collaboration sign ${file.signedFile} --provider ${missing}`}, then publish that file.`,
    );
  }
  await withOperator(stack, (operator) => operator.publishCollaboration(region, entryOf(file)));
  tell(values.json, { ...stateOf(file), published: region.name }, [
    `  ${file.document.id}, version ${String(file.document.version)}, is published in ${region.name}`,
  ]);
  return 0;
}

/** Nobody signs a document that pins another key under the signer's name. */
function requireOwnKey({ document }: CollaborationFile, provider: string, key: string): void {
  const participant = participantOf(document, provider);
  if (participant === undefined) {
    throw new PavilionError("NOT_A_MEMBER", `${provider} is no provider of ${document.id}.`);
  }
  if (participant.key === key) return;
  throw new PavilionError(
    "DOCUMENT_INVALID",
    `The document pins another key for ${provider} than its own.`,
    `Its own is ${key}.`,
  );
}

function onlyOne([file, ...more]: readonly string[]): string {
  if (file === undefined || more.length > 0) throw misuse("One collaboration is taken at a time.");
  return file;
}

const missingIn = ({ document, signatures }: CollaborationFile): string[] =>
  document.providers.map(({ id }) => id).filter((id) => !signatures.some(({ provider }) => provider === id));

const stateOf = (file: CollaborationFile): object => ({
  collaboration: file.document.id,
  version: file.document.version,
  signed: file.signatures.map(({ provider }) => provider),
  missing: missingIn(file),
});

function signatureLines(file: CollaborationFile): string[] {
  const missing = missingIn(file);
  return missing.length === 0
    ? [`  every provider has signed; next: ${shell`./pavilion collaboration publish ${file.signedFile}`}`]
    : [`  still to sign: ${missing.join(", ")}`];
}

function tell(asJson: boolean, object: object, lines: readonly string[]): void {
  console.log(asJson ? JSON.stringify(object) : lines.join("\n"));
}
