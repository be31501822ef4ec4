import assert from "node:assert/strict";
import { test } from "node:test";
import { CollaborationVersions } from "../../domain/terms/collaboration-versions.ts";
import { PopulationVersions } from "../../domain/terms/population-versions.ts";
import type { Terms } from "../clients/terms.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import { collaborationAfter, collaborationOf, participant, signed } from "../../test/agent-messages.ts";
import {
  datasetOf,
  departureFrom,
  populationAfter,
  populationEntry,
  populationOf,
} from "../../test/populations.ts";
import { namedIn, namedOver, termsOf, type Named } from "./terms.ts";

async function tableOf(...documents: readonly Collaboration[]): Promise<Terms> {
  const table = new CollaborationVersions();
  for (const document of documents) {
    const signatures = await Promise.all(
      // Whoever took part before signs too.
      ["alpha", "beta", "gamma"].map(async (id) => ({
        provider: id,
        signature: (await signed("collaboration", document, id)).signature,
      })),
    );
    const { id, version } = document;
    table.add({ id, version, document: JSON.stringify(document), signatures, departures: [] });
  }
  return { collaborations: table, populations: new PopulationVersions() };
}

const gamma: Named = { role: "provider", id: "gamma" };
const named = ({ id, version }: { readonly id: string; readonly version: number }): string =>
  `${id}@${String(version)}`;
const versionsFor = (party: Named, terms: Terms): string[] => termsOf(party, terms).collaborations.map(named);
const populationsFor = (party: Named, terms: Terms): string[] => termsOf(party, terms).populations.map(named);
const pair = [participant("alpha"), participant("beta")];

test("a party reads the collaborations that name it, and no other", async () => {
  const health = collaborationOf();
  const brokers = health.brokers.map((broker) => ({ ...broker, id: "another" }));
  const table = await tableOf(health, collaborationOf({ id: "wealth", providers: pair, brokers }));
  assert.deepEqual(versionsFor(gamma, table), ["health@1"]);
  assert.deepEqual(versionsFor({ role: "provider", id: "alpha" }, table), ["health@1", "wealth@1"]);
  assert.deepEqual(versionsFor({ role: "broker", id: "broker" }, table), ["health@1"]);
  assert.deepEqual(versionsFor({ role: "broker", id: "alpha" }, table), []);
});

test("a provider that leaves reads the version in which it is gone, and none after it", async () => {
  const first = collaborationOf();
  const second = collaborationAfter(first, { providers: pair });
  assert.deepEqual(versionsFor(gamma, await tableOf(first, second, collaborationAfter(second))), [
    "health@1",
    "health@2",
  ]);
});

test("one that joins later reads the versions that its own is checked against", async () => {
  const first = collaborationOf({ providers: pair });
  assert.deepEqual(
    versionsFor(
      gamma,
      await tableOf(first, collaborationAfter(first, { providers: collaborationOf().providers })),
    ),
    ["health@1", "health@2"],
  );
});

test("a population is read by whoever has a dataset in it, and by whoever a collaboration over it names", async () => {
  const first = populationOf();
  const second = populationAfter(first, { datasets: first.datasets.slice(0, 2) });
  const third = populationAfter(second);
  const foreign = populationOf({ id: "others", datasets: [datasetOf("delta")] });
  const departures = [await departureFrom(first, "gamma")];
  const populations = new PopulationVersions();
  populations.add(await populationEntry(first));
  populations.add(await populationEntry(second, { departures }));
  populations.add(await populationEntry(third));
  populations.add(await populationEntry(foreign));
  const terms = { ...(await tableOf(collaborationOf({ providers: pair }))), populations };
  const all = ["au-residents@1", "au-residents@2", "au-residents@3"];
  assert.deepEqual(populationsFor({ role: "provider", id: "alpha" }, terms), all);
  assert.deepEqual(populationsFor({ role: "broker", id: "broker" }, terms), all);
  assert.deepEqual(populationsFor(gamma, terms), all.slice(0, 2));
  assert.deepEqual(populationsFor({ role: "provider", id: "delta" }, terms), ["others@1"]);
  assert.deepEqual(
    new Set(namedOver("au-residents", terms).map(({ role, id }) => `${role} ${id}`)),
    new Set(["provider alpha", "provider beta", "provider gamma", "broker broker"]),
  );
});

test("every provider and broker is named", () => {
  assert.deepEqual(namedIn(collaborationOf({ providers: pair })), [
    { role: "provider", id: "alpha" },
    { role: "provider", id: "beta" },
    { role: "broker", id: "broker" },
  ]);
});
