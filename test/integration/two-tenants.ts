/**
 * The demo's scene with two tenants of its broker, of whom one floods, and a budget by which no question waits for another's anchor.
 */
import type { SceneOptions } from "../../cli/demo/scene.ts";
import type { Population } from "../../schemas/json/population.ts";

function withRichBudget(example: Population): Population {
  const rich = <S extends Population["budget"]>(share: S): S => ({
    ...share,
    epsilon: "10000",
    windows: share.windows.map((window) => ({ ...window, epsilon: "10000" })),
  });
  const homes = example.homes.map((home) => ({ ...home, share: rich(home.share) }));
  return { ...example, budget: rich(example.budget), homes };
}

export const twoTenants: SceneOptions = {
  amendPopulation: withRichBudget,
  amend: (template) => ({
    ...template,
    brokers: template.brokers.map((broker) => ({ ...broker, tenants: ["flood", "quiet"] })),
  }),
};
