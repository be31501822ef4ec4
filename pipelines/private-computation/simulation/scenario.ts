/**
 * Private computation, with the log that it feeds, as it is simulated.
 */
import type { Scenario } from "../../../simulation/scenario.ts";
import { violationsOf } from "./invariants.ts";
import { manners, play, type Manner, type Told } from "./load.ts";
import { mutants } from "./mutants.ts";
import { failingPorts, played, portsIn, type EveryPort } from "./ports.ts";
import { collaboration, partitions, region, start } from "./region.ts";

export const scenario: Scenario<EveryPort, Manner, Told> = {
  pipelines: played,
  ...{ region, partitions, start },
  owners: new Map([
    ["provider", collaboration.providers.map(({ id }) => id)],
    ["broker", collaboration.brokers.map(({ id }) => id)],
  ]),
  ports: (world) => portsIn(() => world.events<"SeedEntry">("config.seeds").map(({ value }) => value)),
  failing: failingPorts,
  manners,
  // At once, too: between them the two answer what one alone has no budget for.
  calm: ["in turn", "at once"],
  play,
  violations: violationsOf,
  mutants,
};
