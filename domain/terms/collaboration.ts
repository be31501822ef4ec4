/**
 * Collaborations: who answers what together, as every participating provider signed it.
 */
import { isDeepStrictEqual } from "node:util";
import { compareFractions, formatFraction, fraction, parseFraction } from "../../crypto/fraction/fraction.ts";
import { signDetached, type JwsSigner } from "../../crypto/jws/jws.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { CollaborationEntry } from "../../schemas/avro/index.ts";
import type { Collaboration, Participant } from "../../schemas/json/collaboration.ts";
import type { EarlierCollaboration } from "../../schemas/json/earlier-collaboration.ts";
import { reservedNames } from "../../schemas/topics.ts";
import {
  areOrdered,
  baseOf,
  binLabels,
  greatestSquare,
  isDerived,
  requireBase,
  type Column,
  type DerivedColumn,
  type IntegerColumn,
} from "../statistics/derived-columns.ts";
import { staysExact } from "../statistics/mechanism.ts";
import { isPublicKey, requireSigned } from "./signatures.ts";
import { listFaults, parseDocument, signatureType } from "../../schemas/reading/validate.ts";
import { unworkableIn } from "./workable.ts";

/** Verified collaborations of a region, every version of each. A version never changes. */
export interface CollaborationTable {
  latest(id: string): Collaboration | undefined;
  at(id: string, version: number): Collaboration | undefined;
  /** Every version of the format before populations were documents: nothing is asked under it. */
  readonly earlier: readonly EarlierCollaboration[];
}

/** A version of either format. */
export type AnyCollaboration = Collaboration | EarlierCollaboration;

/** Signs a collaboration as one of its providers; `kid` is the provider's id. */
export function signCollaboration(
  document: Collaboration,
  provider: string,
  sign: JwsSigner,
): Promise<string> {
  return signDetached(document, { typ: signatureType("collaboration"), kid: provider }, sign);
}

/**
 * The collaboration in an entry of the table, once every participant's signature under its pinned key holds.
 * Throws DOCUMENT_INVALID, SIGNATURE_MISSING or BAD_SIGNATURE. The keys are pinned by the document itself: that they are the
 * providers' own, the population's document says, and whether it may follow the version before, collaboration-versions.ts.
 */
export function verifyCollaboration(entry: CollaborationEntry): Collaboration {
  const document = parseDocument("collaboration", entry.document);
  requireConsistent(document);
  requireEntry(entry, document);
  return document;
}

/** The same of the earlier format. */
export function verifyEarlierCollaboration(entry: CollaborationEntry): EarlierCollaboration {
  const document = parseDocument("earlier-collaboration", entry.document);
  requireEntry(entry, document);
  return document;
}

function requireEntry(entry: CollaborationEntry, document: AnyCollaboration): void {
  if (document.id !== entry.id || document.version !== entry.version) {
    throw new PavilionError("DOCUMENT_INVALID", "The entry's id or version is not the document's.");
  }
  for (const participant of document.providers)
    requireSigned("collaboration", document, entry.signatures, participant);
}

/**
 * Checks that a JSON schema cannot make: distinct names that collide with no topic, readable keys, ordered bounds, sums
 * that stay exact, a sender that takes part. Throws DOCUMENT_INVALID.
 */
export function requireConsistent(document: Collaboration): void {
  const { version, previous } = document;
  const faults =
    (version === 1) === (previous === null)
      ? []
      : ["previous is null in version 1, and names the version before in every later one"];
  const distinct = (what: string, names: string[]): void => {
    if (new Set(names).size !== names.length) faults.push(`${what} are not distinct: name each once`);
  };
  distinct(
    "provider ids",
    document.providers.map((provider) => provider.id),
  );
  distinct(
    "dataset ids",
    document.providers.map((provider) => provider.dataset),
  );
  distinct(
    "broker ids",
    document.brokers.map((broker) => broker.id),
  );
  for (const { id, key } of [...document.providers, ...document.brokers]) {
    if (!isPublicKey(key))
      faults.push(`the key of ${id} is not one that ./pavilion provider key or broker key prints`);
  }
  if (participantOf(document, document.matching.sender) === undefined)
    faults.push("matching.sender is not the id of one of the providers");
  for (const provider of document.providers) {
    if (reservedNames.includes(provider.id))
      faults.push(`${provider.id} cannot be a provider's name: the region keeps it for itself`);
    distinct(
      `columns of ${provider.dataset}`,
      provider.columns.map((column) => column.name),
    );
    for (const column of provider.columns) faults.push(...columnFaults(column, provider, document));
  }
  faults.push(...unworkableIn(document));
  if (faults.length > 0)
    throw new PavilionError("DOCUMENT_INVALID", `The collaboration: ${listFaults(faults)}.`);
}

function columnFaults(column: Column, participant: Participant, document: Collaboration): string[] {
  if (isDerived(column)) return derivedFaults(column, participant, document);
  if (column.kind === "category")
    return column.domain.includes(column.other)
      ? [`the domain of ${column.name} lists ${column.other}, which stands for whatever is not in it`]
      : [];
  if (column.kind === "flag") return [];
  const { name, lower, upper } = column;
  return [
    ...(lower < upper ? [] : [`bounds of ${name} are not ordered: lower has to be below upper`]),
    ...inexactSum(name, upper - lower, participant),
  ];
}

function derivedFaults(column: DerivedColumn, participant: Participant, document: Collaboration): string[] {
  const { name } = column;
  const base = baseOf(column, participant.columns);
  if (base === undefined)
    return [`the member "of" of ${name} names no integer column of ${participant.dataset}`];
  if (base.lower >= base.upper) return []; // A fault of its own.
  if (column.kind === "squares") {
    if (isVarianceAskable(base, document)) return [];
    return [
      `${name} comes from bounds too wide, or datasets too large, for a variance at epsilonPerQuestion, or at 30`,
    ];
  }
  return areOrdered(column, base)
    ? []
    : [`the edges of ${name} have to grow, and to lie within the bounds of ${base.name}`];
}

/** With more there is no privacy to speak of, and at some point a δ that is refused: no column is declared for that. */
const epsilonMax = fraction(30n);

/** Whether a variance alone, over everybody and for all that a question may spend, is one that compliance plans. */
function isVarianceAskable(base: IntegerColumn, document: Collaboration): boolean {
  const limit = parseFraction(document.budget.epsilonPerQuestion);
  const sensitivities = [1, ...(base.nullable ? [1] : []), base.upper - base.lower, greatestSquare(base)];
  const plan = {
    epsilon: formatFraction(compareFractions(limit, epsilonMax) < 0 ? limit : epsilonMax),
    groupings: ["total"],
    statistics: sensitivities.map((sensitivity) => ({ sensitivity })),
  };
  return staysExact(plan, matchesMax(document));
}

/**
 * A fault unless a sum over every record that the dataset may have stays below 2^53. Decided here, without data: a
 * question that failed for its sum would tell how large it is. Numbers round, but never across that bound.
 */
const inexactSum = (name: string, greatest: number, { dataset, limits }: Participant): string[] =>
  greatest * limits.records <= Number.MAX_SAFE_INTEGER
    ? []
    : [
        `the sum of ${name} over the records that ${dataset} may have is inexact: above 2^53, so narrow its bounds or lower limits.records`,
      ];

/** The earlier format names a region and a jurisdiction; this one leaves both to its population, and names what it follows. */
export const isEarlier = (document: object): document is EarlierCollaboration =>
  !("previous" in document) && "jurisdiction" in document;

/**
 * Whether a version may come after another one, of the same population, which never changes. What the stored data of an epoch depends on changes only with a higher epoch: how
 * records are matched, and each dataset's owner, slot, identifier and columns. The epoch never falls. Who asks, for what, at
 * what price, and which providers take part may change at any time.
 * Throws DOCUMENT_INVALID that names the members at fault.
 */
export function requireSuccessor(previous: AnyCollaboration, next: AnyCollaboration): void {
  const faults: string[] = [];
  if (!isEarlier(previous) && next.population !== previous.population)
    faults.push("population must not change");
  const { epoch } = next.matching;
  if (epoch < previous.matching.epoch) faults.push("matching.epoch is lower than the published one");
  if (epoch === previous.matching.epoch) {
    for (const member of pinnedByEpoch(previous, next))
      faults.push(`${member} must not change within an epoch`);
  }
  if (faults.length > 0) {
    throw new PavilionError("DOCUMENT_INVALID", `The collaboration's new version: ${listFaults(faults)}.`);
  }
}

/** Members that differ, of those that the epoch's stored data depends on. */
function pinnedByEpoch(previous: AnyCollaboration, next: AnyCollaboration): string[] {
  const changed: string[] = [];
  if (next.referenceDate !== previous.referenceDate) changed.push("referenceDate");
  for (const member of ["sender", "partitions"] as const) {
    if (next.matching[member] !== previous.matching[member]) changed.push(`matching.${member}`);
  }
  for (const [slot, before] of previous.providers.entries()) {
    const after = participantOf(next, before.id);
    if (after !== undefined && next.providers.indexOf(after) !== slot)
      changed.push(`the slot of ${before.id}`);
    for (const member of ["dataset", "identifier", "columns"] as const) {
      if (after !== undefined && !isDeepStrictEqual(after[member], before[member]))
        changed.push(`${member} of ${before.id}`);
    }
    const owner = participantWith(next, before.dataset);
    if (owner !== undefined && owner.id !== before.id) changed.push(`the owner of ${before.dataset}`);
  }
  return changed;
}

/** Most people whom all providers can have. */
export const matchesMax = ({ providers }: Collaboration): number =>
  Math.min(...providers.map(({ limits }) => limits.records));

export const participantOf = (document: AnyCollaboration, provider: string): Participant | undefined =>
  document.providers.find((participant) => participant.id === provider);

export const participantWith = (document: AnyCollaboration, dataset: string): Participant | undefined =>
  document.providers.find((participant) => participant.dataset === dataset);

/**
 * The categories of a column in index order: a domain, then `other`; or bins. Undefined for a column that has none.
 * `columns` are its dataset's.
 */
export function categoriesOf(column: Column, columns: readonly Column[]): string[] | undefined {
  if (column.kind === "category") return [...column.domain, column.other];
  return column.kind === "bins" ? binLabels(column, requireBase(column, columns)) : undefined;
}

/**
 * Least and greatest value a column's integer may take: bounds, 0/1 for a flag, squares, indices for categories.
 * `columns` are its dataset's.
 */
export function rangeOf(
  column: Column,
  columns: readonly Column[],
): { lower: number; upper: number; nullable: boolean } {
  if (column.kind === "integer")
    return { lower: column.lower, upper: column.upper, nullable: column.nullable };
  if (column.kind === "flag") return { lower: 0, upper: 1, nullable: column.nullable };
  if (column.kind === "squares")
    return { lower: 0, upper: greatestSquare(requireBase(column, columns)), nullable: false };
  return { lower: 0, upper: (categoriesOf(column, columns) ?? []).length - 1, nullable: false };
}
