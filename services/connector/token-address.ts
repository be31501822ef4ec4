/**
 * Where a configured region's token lies, with the PIN from its file.
 */
import { readSecret } from "../../runtime/config.ts";
import type { TokenAddress } from "../../runtime/hsm/token.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";

export function tokenAddressOf({ hsm }: ConnectorConfig): TokenAddress {
  return {
    libraryPath: hsm.library,
    tokenLabel: hsm.tokenLabel,
    pin: readSecret(hsm.pinFile),
    ...(hsm.configFile === undefined ? {} : { configFile: hsm.configFile }),
  };
}
