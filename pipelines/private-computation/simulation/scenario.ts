/**
 * Private computation, with the log that it feeds, as it is simulated.
 */
import type { Scenario } from "../../../simulation/scenario.ts";
import { violationsOf } from "./invariants.ts";
import { manners, play, type Manner, type Told } from "./load.ts";
import { mutants } from "./mutants.ts";
import { openParts, played } from "./parts.ts";
import { collaboration, partitions, region, start } from "./region.ts";

export const scenario: Scenario<Manner, Told> = {
  pipelines: played,
  ...{ region, partitions, start },
  owners: new Map([
    ["provider", collaboration.providers.map(({ id }) => id)],
    ["broker", collaboration.brokers.map(({ id }) => id)],
  ]),
  open: (world) => openParts(() => world.events<"SeedEntry">("config.seeds").map(({ value }) => value)),
  manners,
  // At once, too: between them the two answer what one alone has no budget for.
  calm: ["in turn", "at once"],
  play,
  violations: violationsOf,
  mutants,
};
