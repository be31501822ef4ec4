/**
 * A region's card: the keys that its HSM holds. Providers compare its fingerprint with the operator, by a way of their own,
 * before they sign a population that names the region as a home.
 *
 * Promises: two cards with one fingerprint are the same card, as far as nobody finds a second preimage of 128 bits.
 * Does not: say that the keys lie in an HSM, or whose word the fingerprint is.
 */
import { digestOf } from "../../crypto/jws/canonical.ts";
import type { RegionCard } from "../../schemas/json/region-card.ts";

const GROUP_LENGTH = 4;
const GROUPS = 8;

/** The first 128 bits of the SHA-256 of the canonical card, as eight groups of four hexadecimal digits: short enough to read aloud. */
export function fingerprintOf(card: RegionCard): string {
  const digest = digestOf(card);
  return Array.from({ length: GROUPS }, (_, group) =>
    digest.slice(group * GROUP_LENGTH, (group + 1) * GROUP_LENGTH),
  ).join(" ");
}
