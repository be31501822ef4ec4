import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { digestOf } from "../../crypto/jws/canonical.ts";
import type { CollaborationEntry, Departure } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { EarlierCollaboration } from "../../schemas/json/earlier-collaboration.ts";
import { collaborationAfter, collaborationOf, participant, signed } from "../../test/agent-messages.ts";
import { earlierCollaborationOf, keyNamed } from "../../test/populations.ts";
import { CollaborationVersions } from "./collaboration-versions.ts";
import { signDeparture } from "./departure.ts";
import { accountsBefore, collaborationNamed } from "./home.ts";

const first = collaborationOf();
const pair = [participant("alpha"), participant("beta")];
const withoutGamma = collaborationAfter(first, { providers: pair });

/** What strangers would agree on. */
const theirs: Partial<Collaboration> = {
  providers: [participant("delta"), participant("epsilon")],
  matching: { ...first.matching, sender: "delta", epoch: 2 },
};

/** Signed by the providers that are named, each with its key. */
async function entryOf(
  document: Collaboration | EarlierCollaboration,
  signers: readonly string[] = document.providers.map(({ id }) => id),
  departures: Departure[] = [],
): Promise<CollaborationEntry> {
  const signatures = await Promise.all(
    signers.map(async (provider) => ({
      provider,
      signature: (await signed("collaboration", document, provider)).signature,
    })),
  );
  const { id, version } = document;
  return { id, version, document: JSON.stringify(document), signatures, departures };
}

let table: CollaborationVersions;
const refused = (entry: CollaborationEntry, code: string, message = /./): void => {
  assert.throws(() => table.add(entry), { code, message });
};

beforeEach(async () => {
  table = new CollaborationVersions();
  table.add(await entryOf(first));
});

describe("nobody takes a collaboration over", () => {
  test("by a version that no earlier provider signed", async () => {
    const strangers = collaborationAfter(first, theirs);
    refused(await entryOf(strangers), "SIGNATURE_MISSING", /alpha/);
    assert.deepEqual(table.latest("health"), first);
  });

  test("by dropping a provider silently", async () => {
    refused(await entryOf(withoutGamma), "SIGNATURE_MISSING", /gamma/);
  });

  test("by changing a provider's key without the old one", async () => {
    const gamma = { ...participant("gamma"), key: participant("delta").key };
    const changed = collaborationAfter(first, { providers: [...pair, gamma] });
    const entry = await entryOf(changed, ["alpha", "beta"]);
    const { signature } = await signed("collaboration", changed, "delta");
    refused(
      { ...entry, signatures: [...entry.signatures, { provider: "gamma", signature }] },
      "BAD_SIGNATURE",
    );
  });

  test("by a sibling of a version that stands, or by a version that goes on from an older one", async () => {
    const second = collaborationAfter(first, { minimumGroup: 20 });
    table.add(await entryOf(second));
    refused(await entryOf(collaborationAfter(first, { minimumGroup: 5 })), "VERSION_SUPERSEDED");
    refused(await entryOf({ ...second, version: 3 }), "VERSION_SUPERSEDED");
    refused(await entryOf({ ...collaborationAfter(second), version: 4 }), "DOCUMENT_INVALID");
    assert.equal(table.add(await entryOf(first)), undefined);
    assert.deepEqual(table.latest("health"), second);
  });

  test("by the predecessor's digest of another document", async () => {
    const other = collaborationAfter(collaborationOf({ minimumGroup: 11 }));
    refused(await entryOf(other), "VERSION_EARLY");
  });

  test("by a version of the earlier format after one of this", async () => {
    const strangers = [participant("delta"), participant("epsilon")];
    refused(
      await entryOf(earlierCollaborationOf({ id: "health", version: 9, providers: strangers })),
      "VERSION_SUPERSEDED",
    );
    assert.deepEqual(table.latest("health"), first);
  });
});

test("a provider leaves by its own signature, or is removed with a reason on record", async () => {
  const left = { of: "collaboration", id: "health", digest: digestOf(first) } as const;
  const own = await signDeparture(left, "gamma", keyNamed("gamma").sign);
  const others = await signDeparture(left, "gamma", keyNamed("beta").sign);
  const signers = ["alpha", "beta"];
  refused(await entryOf(withoutGamma, signers, [others]), "BAD_SIGNATURE");
  refused(await entryOf(withoutGamma, signers, [{ ...own, signature: null }]), "DOCUMENT_INVALID");
  const population = await signDeparture({ ...left, of: "population" }, "gamma", keyNamed("gamma").sign);
  refused(await entryOf(withoutGamma, signers, [population]), "BAD_SIGNATURE");
  assert.deepEqual(table.add(await entryOf(withoutGamma, signers, [own])), withoutGamma);
  const removing = new CollaborationVersions();
  removing.add(await entryOf(first));
  const reason = { provider: "gamma", signature: null, reason: "its key is stolen" };
  removing.add(await entryOf(withoutGamma, signers, [reason]));
  assert.deepEqual(removing.entryOf("health", 2)?.departures, [reason]);
});

describe("a version of the earlier format", () => {
  const earlier = (version: number, changes: Partial<EarlierCollaboration> = {}): EarlierCollaboration =>
    earlierCollaborationOf({ version, ...changes });
  const next = (before: EarlierCollaboration, changes: Partial<Collaboration> = {}): Collaboration =>
    collaborationOf({ id: "care", version: before.version + 1, previous: digestOf(before), ...changes });

  test("is kept as history, and nothing is asked under it", async () => {
    table.add(await entryOf(earlier(2)));
    table.add(await entryOf(earlier(5)));
    assert.equal(table.latest("care"), undefined);
    assert.throws(() => collaborationNamed("care", table), { code: "EARLIER_COLLABORATION" });
    assert.throws(() => collaborationNamed("cure", table), { code: "UNKNOWN_COLLABORATION" });
    assert.deepEqual(
      table.versionsOf("care").map(({ version }) => version),
      [2, 5],
    );
    assert.equal(table.entryOf("care", 5)?.version, 5);
    assert.deepEqual(table.ids, ["care", "health"]);
  });

  test("is gone on from by one of this, which its providers sign and which names it", async () => {
    table.add(await entryOf(earlier(2)));
    refused(await entryOf(next(earlier(2), theirs)), "SIGNATURE_MISSING", /alpha/);
    refused(await entryOf(next(earlier(3))), "VERSION_EARLY");
    refused(await entryOf(collaborationOf({ id: "care" })), "VERSION_SUPERSEDED");
    const third = next(earlier(2));
    assert.deepEqual(table.add(await entryOf(third)), third);
    assert.deepEqual(table.latest("care"), third);
    refused(await entryOf(earlier(9)), "VERSION_SUPERSEDED");
  });

  test("keeps what stored data of its epoch depends on from changing", async () => {
    table.add(await entryOf(earlier(1)));
    refused(
      await entryOf(next(earlier(1), { referenceDate: "2025-01-01" })),
      "DOCUMENT_INVALID",
      /referenceDate/,
    );
  });

  test("that comes after its successor, as after a compaction, takes that in", async () => {
    const third = next(earlier(2));
    refused(await entryOf(third), "VERSION_EARLY");
    table.add(await entryOf(earlier(2)));
    assert.deepEqual(table.latest("care"), third);
  });

  test("names the account that a population over its datasets takes over, by key or by name", async () => {
    table.add(await entryOf(earlier(2, { population: "people" })));
    table.add(await entryOf(earlier(3, { population: "adults" })));
    table.add(
      await entryOf(
        earlier(1, {
          id: "cars",
          population: "cars",
          providers: [participant("delta"), participant("epsilon")],
        }),
      ),
    );
    const [alpha, beta] = pair;
    assert.ok(alpha !== undefined && beta !== undefined);
    const over = (provider: string, key: string, dataset: string): string[] =>
      accountsBefore({ datasets: [{ provider, key, dataset }] }, table);
    assert.deepEqual(over("alpha", alpha.key, alpha.dataset), ["adults", "people"]);
    assert.deepEqual(over("alpha", beta.key, alpha.dataset), ["adults", "people"]);
    assert.deepEqual(over("omega", alpha.key, alpha.dataset), ["adults", "people"]);
    assert.deepEqual(over("omega", beta.key, alpha.dataset), []);
    assert.deepEqual(over("alpha", alpha.key, "others"), []);
  });
});
