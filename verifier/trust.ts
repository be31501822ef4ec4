/**
 * The trust file: the roots of everything, from the auditor's own sources. Whatever it names twice it leaves open, so it
 * is refused.
 */
import { publicKeyIn } from "../domain/terms/signatures.ts";
import { validateDocument } from "../schemas/reading/validate.ts";
import type { Trust, TrustedRegion } from "../schemas/json/trust.ts";
import { contentOf, deviates, require } from "./checklist.ts";

/** The trust in a JSON text. */
export function readTrust(text: string): Trust {
  const trust = validateDocument("trust", contentOf(text));
  const { regions, brokers, providers, populations, circuits, policies } = trust;
  const once = (what: string, names: readonly string[]): void => {
    require(new Set(names).size === names.length, `Some of its ${what} are named twice.`);
  };
  once(
    "regions",
    regions.map(({ region }) => region),
  );
  once(
    "brokers",
    brokers.map(({ id }) => id),
  );
  once(
    "providers",
    providers.map(({ id }) => id),
  );
  once(
    "populations",
    populations.map(({ id }) => id),
  );
  for (const { digests } of populations) once("populations' versions", digests);
  once(
    "circuits",
    circuits.map(({ sha256 }) => sha256),
  );
  once("policies", policies);
  return trust;
}

/** The trusted region of that name. */
export const regionIn = ({ regions }: Trust, name: string): TrustedRegion =>
  regions.find(({ region }) => region === name) ?? deviates("The trust file does not name the region.");

/** A trusted key, raw; `text` is as the trust file has it. */
export function rawKey(text: string): Uint8Array {
  try {
    return publicKeyIn(text);
  } catch {
    deviates("A key in the trust file is not a valid key.");
  }
}
