/**
 * What every host of a region seals with, whichever pipelines it runs: data keys derived of one key in its token. They are in
 * this process's memory, since every record is sealed.
 */
import type { ChangelogKeys } from "../kafka/changelog.ts";
import { sealerWith } from "../sealer.ts";
import type { Hsm } from "./hsm.ts";
import type { KeyDeclaration } from "./keys.ts";

export const sealingKey: KeyDeclaration = { label: "sealing", purpose: "hmac-sha256" };

/** The data key's generation. It grows when the key is rotated, which nothing does yet. */
const generation = 1;

/** Seals a region's topics, its changelogs and the originals of its dead letters. `token` is the token's label. */
export async function sealingKeysOf(hsm: Hsm, token: string): Promise<ChangelogKeys> {
  const { operate } = hsm.key(sealingKey);
  const bytes = await operate(Buffer.from(`pavilion/sealing/v1/${token}/${String(generation)}`));
  return sealerWith({ generation, bytes }, await operate(Buffer.from(`pavilion/names/v1/${token}`)));
}
