/**
 * `collaboration list`, `collaboration show ID`: which collaborations are published, their versions and who signed them, and
 * one of them in words. The operator sees all of a region's; a provider or broker those that name it.
 */
import { parseArgs } from "node:util";
import type { CollaborationVersions } from "../../../documents/collaboration-versions.ts";
import { PavilionError } from "../../../runtime/errors.ts";
import { shell } from "../../../runtime/shell.ts";
import type { Collaboration } from "../../../schemas/json/collaboration.ts";
import { misuse } from "../misuse.ts";
import { tableLines } from "../table.ts";
import { readerOptions, termsAsked, type ReadTerms } from "../terms/reading.ts";
import { collaborationWords } from "./words.ts";

export async function list(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: readerOptions });
  const asked = await termsAsked(values);
  const { collaborations } = asked.terms;
  const latest = collaborations.ids.flatMap((id) => collaborations.latest(id) ?? []);
  if (values.json) {
    const { region } = asked;
    console.log(
      JSON.stringify({ region, collaborations: latest.map((one) => summaryOf(collaborations, one)) }),
    );
  } else if (latest.length === 0) console.log(`  ${nothingIn(asked)}`);
  else for (const line of listLines(latest, asked)) console.log(`  ${line}`);
  return 0;
}

function listLines(latest: readonly Collaboration[], { reader }: ReadTerms): string[] {
  const rows = latest.map((document) => {
    const { id, version, matching, population, providers, brokers } = document;
    const ids = (parties: readonly { readonly id: string }[]): string =>
      parties.map((one) => one.id).join(", ");
    const numbers = [String(version), String(matching.epoch)];
    return [id, ...numbers, population, ids(providers), ids(brokers) + goneWords(document, reader)];
  });
  return tableLines(["collaboration", "version", "epoch", "population", "providers", "may ask"], rows);
}

export async function show(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...readerOptions, version: { type: "string" } },
  });
  const [id, ...more] = positionals;
  if (id === undefined || more.length > 0) throw misuse("One collaboration is shown at a time, by its id.");
  const version = values.version === undefined ? undefined : Number(values.version);
  if (version !== undefined && !(Number.isInteger(version) && version > 0)) {
    throw misuse("--version takes a version's number.");
  }
  const asked = await termsAsked(values);
  const { collaborations } = asked.terms;
  const document = version === undefined ? collaborations.latest(id) : collaborations.at(id, version);
  if (document === undefined) throw unknown(id, version, asked);
  if (values.json) {
    console.log(JSON.stringify({ ...summaryOf(collaborations, document), document }));
    return 0;
  }
  for (const line of showLines(document, asked)) console.log(line);
  return 0;
}

function showLines(document: Collaboration, { terms: { collaborations }, reader }: ReadTerms): string[] {
  const { id, version } = document;
  const { versions, signed, isLatest } = summaryOf(collaborations, document);
  const over = isLatest ? "the latest" : `over: version ${String(versions.at(-1))} came after it`;
  return [
    `  ${id}, version ${String(version)}, ${over}${goneWords(document, reader)}`,
    `  signed by ${signed.join(", ")}; versions published: ${versions.join(", ")}`,
    ...collaborationWords(document),
    `  questions name it as "collaboration": "${id}", "collaborationVersion": ${String(versions.at(-1))}`,
  ];
}

/** What programs are told, whichever version is meant. */
function summaryOf(
  collaborations: CollaborationVersions,
  { id, version, population, matching }: Collaboration,
) {
  const versions = collaborations.versionsOf(id).map((one) => one.version);
  const signatures = collaborations.entryOf(id, version)?.signatures ?? [];
  return {
    ...{ collaboration: id, version, versions, population, epoch: matching.epoch },
    isLatest: version === versions.at(-1),
    signed: signatures.map(({ provider }) => provider),
  };
}

/** Whoever is no longer named reads no version after the one in which it is gone. */
function goneWords(document: Collaboration, reader: ReadTerms["reader"]): string {
  if (reader.role === "operator") return "";
  const named = reader.role === "provider" ? document.providers : document.brokers;
  return named.some(({ id }) => id === reader.id) ? "" : ` (${reader.id} is named no more)`;
}

const nothingIn = ({ region, reader }: ReadTerms, which = "collaboration"): string =>
  reader.role === "operator"
    ? `no ${which} is published in ${region}`
    : `no ${which} that names ${reader.id} is published in ${region}`;

function unknown(id: string, version: number | undefined, asked: ReadTerms): PavilionError {
  const { reader, terms } = asked;
  const by = reader.role === "operator" ? "" : ` --${reader.role} ${reader.id}`;
  const has = terms.collaborations.latest(id) !== undefined;
  const nothing = nothingIn(asked, `collaboration ${id}`);
  return new PavilionError(
    "UNKNOWN_COLLABORATION",
    has ? `The collaboration ${id} has no version ${String(version)}.` : `${nothing.replace(/^n/, "N")}.`,
    has
      ? `See its versions by ${shell`./pavilion collaboration show ${id}`}${by}.`
      : `See which there are by ${shell`./pavilion collaboration list`}${by}.`,
  );
}
