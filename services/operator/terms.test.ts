import assert from "node:assert/strict";
import { test } from "node:test";
import { CollaborationVersions } from "../../documents/collaboration-versions.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import { collaborationOf, participant, signed } from "../../test/agent-messages.ts";
import { namedIn, termsOf, type Named } from "./terms.ts";

async function tableOf(...documents: readonly Collaboration[]): Promise<CollaborationVersions> {
  const table = new CollaborationVersions();
  for (const document of documents) {
    const signatures = await Promise.all(
      document.providers.map(async ({ id }) => ({
        provider: id,
        signature: (await signed("collaboration", document, id)).signature,
      })),
    );
    const { id, version } = document;
    table.add({ id, version, document: JSON.stringify(document), signatures });
  }
  return table;
}

const gamma: Named = { role: "provider", id: "gamma" };
const versionsFor = (party: Named, table: CollaborationVersions): string[] =>
  termsOf(party, table).map(({ id, version }) => `${id}@${String(version)}`);
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
  const left = (version: number): Collaboration => collaborationOf({ version, providers: pair });
  assert.deepEqual(versionsFor(gamma, await tableOf(collaborationOf(), left(2), left(3))), [
    "health@1",
    "health@2",
  ]);
});

test("one that joins later reads the versions that its own is checked against", async () => {
  const first = collaborationOf({ providers: pair });
  assert.deepEqual(versionsFor(gamma, await tableOf(first, collaborationOf({ version: 2 }))), [
    "health@1",
    "health@2",
  ]);
});

test("every provider and broker is named", () => {
  assert.deepEqual(namedIn(collaborationOf({ providers: pair })), [
    { role: "provider", id: "alpha" },
    { role: "provider", id: "beta" },
    { role: "broker", id: "broker" },
  ]);
});
