/**
 * Private computation, with the log that it feeds, as it is simulated.
 */
import type { Scenario } from "../../../simulation/scenario.ts";
import { violationsOf } from "./invariants.ts";
import { manners, play, type Manner, type Told } from "./load.ts";
import { mutants } from "./mutants.ts";
import { usualLimits } from "../../../stages/routing/limits.ts";
import { earlierLedger } from "./earlier-life.ts";
import { openParts, played, tightLimits } from "./parts.ts";
import { collaboration, partitions, region, start } from "./region.ts";

export const scenario: Scenario<Manner, Told> = {
  pipelines: played,
  ...{ region, partitions, start },
  owners: new Map([
    ["provider", collaboration.providers.map(({ id }) => id)],
    ["broker", collaboration.brokers.map(({ id }) => id)],
  ]),
  remembers: (manner) => (manner === "over a year" ? [earlierLedger] : []),
  open: (world, manner) =>
    openParts(
      () => world.events<"SeedEntry">("config.seeds").map(({ value }) => value),
      manner === "beyond limits" ? tightLimits : usualLimits,
    ),
  manners,
  // Between them "in turn" and "at once" answer what one alone has no budget for; what "over a year" asks, no other does.
  calm: ["in turn", "at once", "over a year", "beyond limits"],
  play,
  violations: violationsOf,
  mutants,
};
