import assert from "node:assert/strict";
import { test } from "node:test";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { EarlierCollaboration } from "../../schemas/json/earlier-collaboration.ts";
import type { Population } from "../../schemas/json/population.ts";
import { collaborationAfter, collaborationOf } from "../../test/agent-messages.ts";
import {
  budgetOf,
  cardOfRegion,
  earlierCollaborationOf,
  earlierProviders,
  populationAfter,
  populationOf,
} from "../../test/populations.ts";
import { homesAt } from "./home.ts";

/** Every version of each document, in order. */
function tableOf<D extends { readonly id: string; readonly version: number }>(versions: readonly D[]) {
  const chainOf = (id: string) => versions.filter((one) => one.id === id).map((document) => ({ document }));
  return {
    ids: [...new Set(versions.map(({ id }) => id))],
    chainOf,
    latest: (id: string) => chainOf(id).at(-1)?.document,
    at: (id: string, version: number) => versions.find((one) => one.id === id && one.version === version),
  };
}

const homesIn = (
  region: string,
  populations: readonly Population[],
  collaborations: readonly Collaboration[],
  earlier: readonly EarlierCollaboration[] = [],
) =>
  homesAt(region, {
    populations: tableOf(populations),
    collaborations: { ...tableOf(collaborations), earlier },
  });

const { region, sealingKey, logKey } = cardOfRegion;
const withShare = (share: Population["budget"]) => ({
  budget: share,
  homes: [{ region, sealingKey, logKey, share }],
});
const first = populationOf(withShare(budgetOf("4", "2", "1/1000")));
const second = populationAfter(first, withShare(budgetOf("3", "2", "1/500")));
const asking = (epsilonPerQuestion: string, population = first.id): Collaboration =>
  collaborationOf({ population, budget: { epsilonPerQuestion } });

test("a home's terms are the latest, and beside them the most that any version let be spent", () => {
  const dear = asking("5/2");
  const [home, ...others] = homesIn(
    region,
    [first, second],
    [dear, collaborationAfter(dear, { budget: { epsilonPerQuestion: "1" } })],
  );
  assert.ok(home);
  assert.deepEqual(others, []);
  assert.deepEqual([home.terms.populationVersion, home.terms.budgetTotal], [2, "3"]);
  assert.deepEqual(home.largest, { budgetTotal: "4", budgetDelta: "1/500" });
  assert.equal(home.dearest, "5/2");
});

test("what is at home elsewhere is left out, and so is what others ask", () => {
  assert.deepEqual(homesIn("elsewhere", [first], [asking("1")]), []);
  assert.equal(homesIn(region, [first], [asking("7", "others")])[0]?.dearest, "0");
});

test("what was spent before the population was a document is named", () => {
  const { provider = "", dataset = "" } = first.datasets[0] ?? {};
  const before = earlierCollaborationOf({ providers: earlierProviders(provider, dataset) });
  assert.deepEqual(homesIn(region, [first], [], [before])[0]?.terms.carried, [before.population]);
});
