/**
 * Populations: the people whom datasets are about, the regions that may answer about them, and the one budget of privacy
 * loss that they have over all collaborations. Every provider of a dataset signs it.
 *
 * Promises: a document that reads names every dataset once, under one key a provider, and its homes' shares stay within its budget.
 * Does not: say what was spent; that is the ledger's.
 */
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { requirePoint } from "../../crypto/hpke/point.ts";
import { CryptoError } from "../../crypto/errors.ts";
import { decodeBase64url } from "../../crypto/jws/base64url.ts";
import { addFractions, compareFractions, fraction, parseFraction } from "../../crypto/fraction/fraction.ts";
import { signDetached, type JwsSigner } from "../../crypto/jws/jws.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { PopulationEntry } from "../../schemas/avro/index.ts";
import type {
  Home,
  Population,
  PopulationBudget,
  PopulationDataset,
  Share,
} from "../../schemas/json/population.ts";
import type { RegionCard } from "../../schemas/json/region-card.ts";
import { reservedNames } from "../../schemas/topics.ts";
import { isPublicKey, requireSigned, type Signer } from "./signatures.ts";
import { listFaults, parseDocument, signatureType } from "../../schemas/reading/validate.ts";

/** Signs a population as one of its providers; `kid` is the provider's id. */
export function signPopulation(document: Population, provider: string, sign: JwsSigner): Promise<string> {
  return signDetached(document, { typ: signatureType("population"), kid: provider }, sign);
}

/** The document as a table holds it. */
export const populationText = (document: Population): string =>
  new TextDecoder().decode(canonicalBytes(document));

/**
 * The population in an entry of the table, once the signature of every provider of a dataset holds under its pinned key.
 * Throws DOCUMENT_INVALID, SIGNATURE_MISSING or BAD_SIGNATURE. Whether it may follow the version before,
 * population-versions.ts says.
 */
export function verifyPopulation(entry: PopulationEntry): Population {
  const document = parseDocument("population", entry.document);
  if (document.id !== entry.id || document.version !== entry.version) {
    throw new PavilionError("DOCUMENT_INVALID", "The entry's id or version is not the document's.");
  }
  requirePopulation(document);
  for (const signer of signersOf(document)) requireSigned("population", document, entry.signatures, signer);
  return document;
}

/** Every provider of a dataset once, in the order of the datasets. */
export function signersOf({ datasets }: Population): Signer[] {
  const signers = new Map<string, Signer>();
  for (const { provider, key } of datasets) signers.set(provider, { id: provider, key });
  return [...signers.values()];
}

/** The home of that region. */
export const homeIn = ({ homes }: Population, region: string): Home | undefined =>
  homes.find((home) => home.region === region);

/** Whether a provider's dataset is one of the population's. */
export const hasDataset = (
  { datasets }: Population,
  { provider, key, dataset }: PopulationDataset,
): boolean => datasets.some((one) => one.provider === provider && one.key === key && one.dataset === dataset);

/**
 * Checks that a JSON schema cannot make: names that are distinct, one key a provider, keys that are keys, shares within the
 * budget. Throws DOCUMENT_INVALID.
 */
export function requirePopulation(document: Population): void {
  const { version, previous } = document;
  const faults = [
    ...((version === 1) === (previous === null)
      ? []
      : ["previous is null in version 1, and names the version before in every later one"]),
    ...datasetFaults(document),
    ...homeFaults(document),
    ...amountFaults("the budget", document.budget),
    ...shareFaults(document),
  ];
  if (faults.length > 0)
    throw new PavilionError("DOCUMENT_INVALID", `The population: ${listFaults(faults)}.`);
}

function datasetFaults({ datasets }: Population): string[] {
  const faults: string[] = [];
  if (!isDistinct(datasets.map(({ provider, dataset }) => `${provider} ${dataset}`)))
    faults.push("datasets are not distinct");
  const keys = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const { provider, key } of datasets) {
    if (!isPublicKey(key)) faults.push(`the key of ${provider} is not an Ed25519 key`);
    if (reservedNames.includes(provider)) faults.push(`${provider} cannot be a provider's name`);
    if ((keys.get(provider) ?? key) !== key) faults.push(`${provider} is named with two keys`);
    if ((owners.get(key) ?? provider) !== provider) faults.push(`${provider} has another provider's key`);
    keys.set(provider, key);
    owners.set(key, provider);
  }
  return faults;
}

function homeFaults({ homes }: Population): string[] {
  const faults: string[] = [];
  if (!isDistinct(homes.map(({ region }) => region))) faults.push("homes are not distinct");
  for (const { region, sealingKey, logKey, share } of homes) {
    if (!isPoint(sealingKey)) faults.push(`the sealing key of ${region} is not a P-256 point`);
    if (!isPublicKey(logKey)) faults.push(`the log key of ${region} is not an Ed25519 key`);
    faults.push(...amountFaults(`the share of ${region}`, share));
  }
  return faults;
}

function amountFaults(whose: string, { delta, windows }: PopulationBudget | Share): string[] {
  const faults: string[] = [];
  if (!isDistinct(windows.map(({ days }) => String(days)))) faults.push(`${whose} has a window twice`);
  for (const { delta: text } of [{ delta }, ...windows]) {
    if (compareFractions(parseFraction(text), one) >= 0) faults.push(`${whose} has a delta of one or more`);
  }
  return faults;
}

const one = fraction(1n);

/** Every home's share has the budget's windows, and over all homes no amount is above the budget's. */
function shareFaults({ homes, budget }: Population): string[] {
  const faults: string[] = [];
  const within = (what: string, shares: readonly string[], most: string): void => {
    const sum = shares.map(parseFraction).reduce(addFractions, fraction(0n));
    if (compareFractions(sum, parseFraction(most)) > 0)
      faults.push(`the homes' shares of ${what} add up to more than the budget`);
  };
  const shares = homes.map(({ share }) => share);
  for (const part of ["epsilon", "delta"] as const) {
    within(
      part,
      shares.map((share) => share[part]),
      budget[part],
    );
    for (const window of budget.windows) {
      const inWindow = shares.map(({ windows }) => windows.find(({ days }) => days === window.days)?.[part]);
      const what = `${part} within ${String(window.days)} days`;
      within(
        what,
        inWindow.filter((share) => share !== undefined),
        window[part],
      );
    }
  }
  for (const { region, share } of homes) {
    if (daysOf(share) !== daysOf(budget))
      faults.push(`the share of ${region} has other windows than the budget`);
  }
  return faults;
}

const daysOf = ({ windows }: PopulationBudget | Share): string =>
  windows
    .map(({ days }) => days)
    .sort((a, b) => a - b)
    .join();

const isDistinct = (names: readonly string[]): boolean => new Set(names).size === names.length;

function isPoint(text: string): boolean {
  const bytes = decodeBase64url(text);
  if (bytes === undefined) return false;
  try {
    requirePoint(bytes, "HPKE_INVALID_PUBLIC_KEY");
    return true;
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
}

/**
 * Throws DOCUMENT_INVALID unless this version's connectors can answer about the population: from one home, which has the
 * whole budget.
 */
export const requireAnswerable = (document: Population): void => {
  requireNone(answeringFaults(document));
};

/**
 * The same, and, where its home is the region of that card, that it names the keys and the jurisdiction which the region's operator
 * knows. Any other region knows by the document that it is no home.
 */
export const requireServable = (document: Population, card: RegionCard): void => {
  requireNone([...answeringFaults(document), ...homeOtherThan(document, card)]);
};

function requireNone(faults: readonly string[]): void {
  if (faults.length === 0) return;
  throw new PavilionError("DOCUMENT_INVALID", `The population: ${listFaults(faults)}.`);
}

function answeringFaults({ homes, budget }: Population): string[] {
  const [home, ...more] = homes;
  if (home === undefined || more.length > 0)
    return [`it names ${String(homes.length)} homes; this version answers from one home, name one`];
  return isWhole(home.share, budget)
    ? []
    : [`the share of ${home.region}, its only home, is not the whole budget`];
}

function homeOtherThan({ homes, jurisdiction }: Population, card: RegionCard): string[] {
  const home = homes.find(({ region }) => region === card.region);
  if (home === undefined) return [];
  return [
    ...(jurisdiction === card.jurisdiction
      ? []
      : [`its jurisdiction is ${jurisdiction}; the region's is ${card.jurisdiction}`]),
    ...(home.sealingKey === card.sealingKey ? [] : ["its sealing key is not the region's"]),
    ...(home.logKey === card.logKey ? [] : ["its log key is not the region's"]),
  ];
}

function isWhole(share: Share, budget: PopulationBudget): boolean {
  const isSame = (a: string, b: string): boolean =>
    compareFractions(parseFraction(a), parseFraction(b)) === 0;
  return [{ ...share, days: 0 }, ...share.windows].every(({ days, epsilon, delta }) => {
    const whole = days === 0 ? budget : budget.windows.find((window) => window.days === days);
    return whole !== undefined && isSame(epsilon, whole.epsilon) && isSame(delta, whole.delta);
  });
}
