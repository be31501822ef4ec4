/**
 * A population in words: whose datasets, where they may be answered about, and how much privacy may be spent.
 */
import { fingerprintOf } from "../../domain/terms/region-card.ts";
import type { Population, PopulationBudget } from "../../schemas/json/population.ts";
import { tableLines } from "../table.ts";
import { cardOfHome } from "./kind.ts";

export function populationWords(document: Population): string[] {
  const { jurisdiction, homes, datasets, budget } = document;
  return [
    `the data stays in ${jurisdiction}`,
    ...homes.map(
      (home) =>
        `answered from ${home.region}, whose fingerprint is ${fingerprintOf(cardOfHome(document, home))}`,
    ),
    ...budgetWords(budget),
    ...tableLines(
      ["provider", "dataset", "key"],
      datasets.map(({ provider, dataset, key }) => [provider, dataset, key]),
    ),
  ];
}

const budgetWords = ({ epsilon, delta, windows }: PopulationBudget): string[] => [
  `at most ε ${epsilon} and δ ${delta} for good, over all collaborations`,
  ...windows.map(
    (window) => `at most ε ${window.epsilon} and δ ${window.delta} within any ${String(window.days)} days`,
  ),
];
