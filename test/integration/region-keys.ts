/**
 * What only the region itself can do: open what its topics and changelogs carry sealed.
 */
import { openHsm } from "../../runtime/hsm/hsm.ts";
import { sealingKey, sealingKeysOf } from "../../runtime/hsm/sealing-keys.ts";
import type { ChangelogKeys } from "../../runtime/kafka/changelog.ts";
import { openCodec, type Codec } from "../../runtime/registry/codec.ts";
import type { Stack } from "../../services/stack/stack.ts";
import { topics } from "../../pipelines/pipelines.ts";

export interface RegionKeys {
  readonly codec: Codec;
  readonly keys: ChangelogKeys;
}

/** Logs in to the region's HSM beside its connector, for as long as it takes to derive the keys. */
export async function openRegionKeys(stack: Stack, region: string): Promise<RegionKeys> {
  const address = stack.tokenOf(region);
  const hsm = await openHsm({ ...address, keys: [sealingKey] });
  try {
    const keys = await sealingKeysOf(hsm, address.tokenLabel);
    return { codec: await openCodec(stack.registryUrl, topics, keys), keys };
  } finally {
    await hsm.close();
  }
}
