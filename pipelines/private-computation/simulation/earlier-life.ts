/**
 * What dp's ledger holds of an earlier version of this program: two spends over the population's datasets, one of them so long
 * ago that no window counts it any more.
 */
import { DAY_MS } from "../../../stages/dp/charges.ts";
import { dp } from "../../../stages/dp/stage.ts";
import type { Remembered } from "../../../simulation/world.ts";
import { collaborations, population, start } from "./region.ts";

const [{ population: account } = { population: "" }] = collaborations.earlier;

const spends = [
  { epsilon: "1", time: start - 40 * DAY_MS, digest: "1a".repeat(32) },
  { epsilon: "1/2", time: start - 10 * DAY_MS, digest: "2b".repeat(32) },
];

export const earlierLedger: Remembered = {
  stage: dp.name,
  key: population.jurisdiction,
  changes: [
    {
      ...{ table: "ledger", key: account },
      value: { sequence: spends.length, total: "3/2", leaf: "aa".repeat(32) },
    },
    ...spends.map((value, index) => ({
      ...{ table: "spends", key: `${account}/${String(index + 1)}` },
      value,
    })),
  ],
};
