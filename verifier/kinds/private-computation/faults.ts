/** What an audit finds wrong with seeds, matches and spends, each under a name that does not change. */
export const faults = {
  seed: "A seed is committed to twice.",
  match: "A match names a seed that was not committed to before.",
  "spend-order": "A population's spends are not numbered without a gap, each naming the one before.",
  "spend-total": "A population's spends do not add up.",
  "spend-terms": "A spend names a version of the population's document that the trust file does not.",
  "spend-budget": "A spend takes its population beyond its home's share of the budget.",
  "spend-carried": "What a population's first spend takes over is not what stood before in the log.",
  restore: "A restoring is told twice, or something is withheld for one that is not told.",
  "spend-match": "A spend does not pay for one match of its own request, once.",
} as const;

export type FaultName = keyof typeof faults;
