/**
 * The region's key at work: seals what crosses topics and changelogs. The data key is derived in the HSM and held in
 * memory. Names in changelogs are hashed under a key of their own that all generations share.
 */
import { randomBytes } from "node:crypto";
import { open, seal, type DataKey } from "../crypto/sealing/envelope.ts";
import { keyedName } from "../crypto/sealing/keyed-name.ts";
import type { ChangelogKeys } from "./kafka/changelog.ts";

/** AES-GCM with random 96-bit nonces: at most 2^32 envelopes a generation (NIST SP 800-38D, section 8.3). */
const nonceBytes = 12;

export function sealerWith(key: DataKey, nameKey: Uint8Array): ChangelogKeys {
  return {
    seal: (plaintext, place) =>
      Buffer.from(seal(key, randomBytes(nonceBytes), plaintext, Buffer.from(place))),
    open: (envelope, place) => Buffer.from(open(key, envelope, Buffer.from(place))),
    nameOf: (text) => Buffer.from(keyedName(nameKey, Buffer.from(text))).toString("hex"),
  };
}
