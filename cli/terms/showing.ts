/**
 * `population|collaboration list` and `show ID`: which terms are published, their versions and who signed them, and one of
 * them in words. The operator sees all of a region's; a provider or broker those that name it.
 */
import { PavilionError, type ErrorCode } from "../../errors/errors.ts";
import { shell } from "../../runtime/shell.ts";
import type { Terms } from "../../services/clients/terms.ts";
import type { Departure, DocumentSignature } from "../../schemas/avro/index.ts";
import { misuse } from "../../errors/misuse.ts";
import { tableLines } from "../table.ts";
import type { TermsDocument } from "./kind.ts";
import { termsAsked, type ReadTerms } from "./reading.ts";

/** A version as it is published. */
interface PublishedVersion<D> {
  readonly document: D;
  /** SHA-256, in hexadecimal digits. */
  readonly digest: string;
  readonly signatures: readonly DocumentSignature[];
  readonly departures: readonly Departure[];
}

/** What is shown of a kind of terms. */
export interface Shown<D extends TermsDocument> {
  readonly name: "population" | "collaboration";
  readonly unknown: ErrorCode;
  readonly ids: (terms: Terms) => readonly string[];
  /** Oldest first. */
  readonly versions: (terms: Terms, id: string) => readonly PublishedVersion<D>[];
  readonly listed: { readonly header: readonly string[]; readonly row: (document: D) => readonly string[] };
  readonly words: (document: D) => readonly string[];
  readonly names: (document: D, reader: ReadTerms["reader"]) => boolean;
}

interface Given {
  readonly provider: string | undefined;
  readonly broker: string | undefined;
  readonly region: string | undefined;
  readonly json: boolean;
}

export async function list<D extends TermsDocument>(shown: Shown<D>, given: Given): Promise<number> {
  const asked = await termsAsked(given);
  const chains = shown.ids(asked.terms).map((id) => shown.versions(asked.terms, id));
  if (given.json) {
    const told = chains.flatMap((chain) => {
      const last = chain.at(-1);
      return last === undefined ? [] : [summaryOf(shown, chain, last)];
    });
    console.log(JSON.stringify({ region: asked.region, [`${shown.name}s`]: told }));
  } else for (const line of listLines(shown, chains, asked)) console.log(`  ${line}`);
  return 0;
}

function listLines<D extends TermsDocument>(
  shown: Shown<D>,
  chains: readonly (readonly PublishedVersion<D>[])[],
  asked: ReadTerms,
): string[] {
  const rows = chains.flatMap((chain) => {
    const document = chain.at(-1)?.document;
    if (document === undefined) return [];
    const gone = isGone(shown, document, asked) ? `${reader(asked)} is no longer named` : "";
    return [[document.id, String(document.version), ...shown.listed.row(document), gone]];
  });
  if (rows.length === 0) return [nothingIn(asked, shown.name)];
  return tableLines([shown.name, "version", ...shown.listed.header, ""], rows);
}

export async function show<D extends TermsDocument>(
  shown: Shown<D>,
  [id, ...more]: readonly string[],
  given: Given & { readonly version: string | undefined },
): Promise<number> {
  if (id === undefined || more.length > 0) throw misuse(`Name one ${shown.name} by its id.`);
  const version = given.version === undefined ? undefined : Number(given.version);
  if (version !== undefined && !(Number.isInteger(version) && version > 0)) {
    throw misuse("--version takes the number of a version, such as 2.");
  }
  const asked = await termsAsked(given);
  const chain = shown.versions(asked.terms, id);
  const found =
    version === undefined ? chain.at(-1) : chain.find(({ document }) => document.version === version);
  if (found === undefined) throw unknown(shown, id, version, asked);
  if (given.json) {
    console.log(JSON.stringify({ ...summaryOf(shown, chain, found), document: found.document }));
  } else for (const line of showLines(shown, chain, found, asked)) console.log(`  ${line}`);
  return 0;
}

function showLines<D extends TermsDocument>(
  shown: Shown<D>,
  chain: readonly PublishedVersion<D>[],
  found: PublishedVersion<D>,
  asked: ReadTerms,
): string[] {
  const { id, version } = found.document;
  const last = chain.at(-1)?.document.version ?? version;
  const standing = version === last ? "the latest" : `replaced: version ${String(last)} came after it`;
  const gone = isGone(shown, found.document, asked) ? `; ${reader(asked)} is no longer named` : "";
  return [
    `${id}, version ${String(version)}, ${standing}${gone}`,
    `signed by ${found.signatures.map(({ provider }) => provider).join(", ")}`,
    ...found.departures.map(departureWords),
    ...shown.words(found.document),
    `versions published: ${chain.map(({ document }) => String(document.version)).join(", ")}`,
    ...(version === last ? [`the next version names as its previous ${found.digest}`] : []),
  ];
}

const departureWords = ({ provider, reason }: Departure): string =>
  reason === null ? `${provider} has left` : `${provider} was removed by the operator: ${inOneLine(reason)}`;

/** An operator's own words, which go to other people's terminals. */
const inOneLine = (text: string): string => text.replace(/\p{Cc}+/gu, " ");

/** What programs are told. */
const summaryOf = <D extends TermsDocument>(
  { name }: Shown<D>,
  chain: readonly PublishedVersion<D>[],
  { document, digest, signatures, departures }: PublishedVersion<D>,
): object => ({
  [name]: document.id,
  version: document.version,
  digest,
  versions: chain.map((one) => one.document.version),
  isLatest: chain.at(-1)?.document.version === document.version,
  signed: signatures.map(({ provider }) => provider),
  departed: departures.map(({ provider, reason }) => ({ provider, reason })),
});

/** Whoever is no longer named reads no version after the one in which it is gone. */
const isGone = <D extends TermsDocument>(shown: Shown<D>, document: D, asked: ReadTerms): boolean =>
  asked.reader.role !== "operator" && !shown.names(document, asked.reader);

const reader = (asked: ReadTerms): string => (asked.reader.role === "operator" ? "" : asked.reader.id);

const nothingIn = (asked: ReadTerms, which: string): string =>
  asked.reader.role === "operator"
    ? `no ${which} is published in ${asked.region}`
    : `no ${which} that names ${asked.reader.id} is published in ${asked.region}`;

function unknown<D extends TermsDocument>(
  { name, ids, unknown: code }: Shown<D>,
  id: string,
  version: number | undefined,
  asked: ReadTerms,
): PavilionError {
  const by = asked.reader.role === "operator" ? "" : ` --${asked.reader.role} ${asked.reader.id}`;
  const has = ids(asked.terms).includes(id);
  return new PavilionError(
    code,
    has
      ? `The ${name} ${id} has no version ${String(version)}.`
      : `${nothingIn(asked, `${name} ${id}`).replace(/^n/, "N")}.`,
    has
      ? `See its versions by ${shell`./pavilion ${name} show ${id}`}${by}.`
      : `See which there are by ${shell`./pavilion ${name} list`}${by}.`,
  );
}
