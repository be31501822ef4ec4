/** The parts as processes of this machine, on its loopback address. */
import type { Parts } from "../parts.ts";
import { startChain } from "./chain.ts";
import { startKafka } from "./kafka.ts";
import { partsDir } from "./parts.ts";
import { startRegistry } from "./registry.ts";

export const embeddedParts: Parts = {
  kafka: (request) => startKafka({ ...request, partsDir }),
  registry: (request) => startRegistry({ ...request, partsDir }),
  chain: startChain,
};
