import type { Population } from "../../schemas/json/population.ts";

/** The example's population with so much to spend that no question waits for another's anchor. */
export function withRichBudget(example: Population): Population {
  const rich = <S extends Population["budget"]>(share: S): S => ({
    ...share,
    epsilon: "10000",
    windows: share.windows.map((window) => ({ ...window, epsilon: "10000" })),
  });
  const homes = example.homes.map((home) => ({ ...home, share: rich(home.share) }));
  return { ...example, budget: rich(example.budget), homes };
}
