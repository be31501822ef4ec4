/**
 * A population by the command line: drafted from the region's card and the providers' keys, signed by each, published.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Population } from "../../schemas/json/population.ts";
import type { RegionCard } from "../../schemas/json/region-card.ts";
import type { CommandLine } from "./command-line.ts";

/** What the people's datasets may bear in total, and within 30 days. */
export interface Draft {
  readonly id: string;
  readonly epsilon: string;
  readonly window: string;
  readonly datasets: readonly (readonly [provider: string, dataset: string])[];
}

/** At home in the stack's first region, with the whole budget there. */
export async function publishPopulation(
  pavilion: CommandLine,
  dir: string,
  { id, epsilon, window, datasets }: Draft,
): Promise<void> {
  const { card } = JSON.parse(await pavilion.done("operator", "card", "--json")) as { card: RegionCard };
  const { region, jurisdiction, sealingKey, logKey } = card;
  const keys = new Map<string, string>();
  for (const [provider] of datasets)
    keys.set(provider, await pavilion.done("provider", "key", "--provider", provider));
  const delta = "1/1000000000";
  const budget = { epsilon, delta, windows: [{ days: 30, epsilon: window, delta }] };
  const document: Population = {
    ...{ type: "pavilion/population", id, version: 1, previous: null, jurisdiction, budget },
    homes: [{ region, sealingKey, logKey, share: budget }],
    datasets: datasets.map(([provider, dataset]) => ({ provider, key: keys.get(provider) ?? "", dataset })),
  };
  const file = join(dir, `${id}.population.json`);
  writeFileSync(file, JSON.stringify(document));
  for (const provider of keys.keys()) await pavilion.done("population", "sign", file, "--provider", provider);
  await pavilion.done("population", "publish", file.replace(/\.json$/, ".signed.json"));
}
