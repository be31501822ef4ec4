/**
 * Secrets for the stages' tests, as the HSM would hand them out: noise seeds with their real commitments, and a keyed
 * source of blindings. Fixed bytes, so that a test is the same each time.
 */
import { createHash, createHmac } from "node:crypto";
import { seedCommitmentOf, seedFrom } from "../../../crypto/groth16/seed.ts";
import type { BlindingSource } from "../blinding.ts";
import { Seeds } from "../seeds.ts";
import type { SeedEntry, SeedRef } from "../../../schemas/avro/index.ts";

/** The 64 bytes of a seed. */
export const seedBytes = (id: number): Uint8Array =>
  createHash("sha512")
    .update(`seed ${String(id)}`)
    .digest();

export function seedRef(id: number): SeedRef {
  const commitment = seedCommitmentOf(seedFrom(seedBytes(id))).toString(16);
  return { id, commitment: commitment.padStart(64, "0") };
}

/** The seed that the examples' requests name. */
export const firstSeed = seedRef(1);

export function seedsOf(...entries: SeedEntry[]): Seeds {
  const seeds = new Seeds();
  for (const entry of entries) seeds.add(entry);
  return seeds;
}

/** HMAC-SHA-256 under a key of that name, where the HSM holds one. */
export const blindingUnder =
  (key: string): BlindingSource =>
  (message) =>
    Promise.resolve(createHmac("sha256", key).update(message).digest());

export const blinding = blindingUnder("a key for tests");
