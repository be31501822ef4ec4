/**
 * The region's keys out of its HSM: what seals its topics, its changelogs and the originals of its dead letters.
 */
import { readSecret } from "../../runtime/config.ts";
import type { Hsm } from "../../runtime/hsm/hsm.ts";
import type { TokenAddress } from "../../runtime/hsm/token.ts";
import type { ChangelogKeys } from "../../runtime/kafka/changelog.ts";
import { sealerWith } from "../../runtime/sealer.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";

/** The data key's generation. It grows when the key is rotated, which nothing does yet. */
const sealingGeneration = 1;

export async function regionKeysOf(hsm: Hsm): Promise<ChangelogKeys> {
  const bytes = await hsm.sealingKey(sealingGeneration);
  return sealerWith({ generation: sealingGeneration, bytes }, await hsm.nameKey());
}

/** Where a configured region's token lies, with the PIN from its file. */
export function tokenAddressOf({ hsm }: ConnectorConfig): TokenAddress {
  return {
    libraryPath: hsm.library,
    tokenLabel: hsm.tokenLabel,
    pin: readSecret(hsm.pinFile),
    ...(hsm.configFile === undefined ? {} : { configFile: hsm.configFile }),
  };
}
