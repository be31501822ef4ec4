import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../runtime/contract/stage.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import type { RequestRef, RoutedRequest, SignedRequest } from "../../schemas/avro/index.ts";
import { signRequest } from "../../domain/terms/request.ts";
import { Standing } from "../../domain/terms/standing.ts";
import {
  brokerKey,
  collaboration,
  issuedAt,
  refOf,
  request,
  signed,
  population,
  strangerKey,
} from "../../test/stage-question.ts";
import { earlierCollaborationOf, populationOver, populationsOf } from "../../test/populations.ts";
import { firstSeed, seedRef, seedsOf } from "../../domain/log/testing/seeds.ts";
import { oddIds, renamed } from "../../test/odd-names.ts";
import { healthy, openSeed, portsFor, refusalIn, Region } from "./testing/region.ts";

/** The code of a record that is answered in nobody's name: it changes nothing, and leads to nothing. */
function declinedCode(outcome: Outcome): string {
  assert.ok(outcome.kind === "decline");
  assert.deepEqual([outcome.outputs, outcome.changes, outcome.audit], [[], [], []]);
  return outcome.code;
}

const expectDeclined = async (
  code: string,
  value: SignedRequest,
  region: Region,
  time = issuedAt,
  key = value.requestId,
): Promise<void> => {
  assert.equal(declinedCode(await region.ask(value, time, key)), code);
};

const expectCode = async (
  code: string,
  value: SignedRequest,
  region: Region,
  time = issuedAt,
): Promise<void> => {
  const outcome = await region.ask(value, time);
  assert.equal(refusalIn(outcome)?.code, code);
  // The runtime records every refusal; a stage that did too would record it twice.
  assert.deepEqual(outcome.audit, []);
};

test("routes a signed request to the topic of its id, with its digest, tenant, broker and deadline", async () => {
  const region = await healthy();
  const question = await signed();
  const outcome = await region.ask(question);
  const { document, signature } = question;
  assert.deepEqual(outcome.outputs, [
    {
      topic: "routing.routed",
      type: "RoutedRequest",
      value: { request: refOf(document), document, signature, seed: firstSeed },
      key: request.id,
    },
  ]);
  assert.equal(outcome.audit[0]?.action, "request.routed");
});

test("declines what cannot be read", async () => {
  const region = await healthy();
  const question = await signed();
  for (const document of [
    "",
    "{}",
    JSON.stringify(request),
    question.document.replace("core", "c\u0000re"),
  ]) {
    await expectDeclined("REQUEST_UNREADABLE", { ...question, document }, region);
  }
});

test("declines a record whose seed commitment is not its document's, and a document without one", async () => {
  const region = await healthy();
  const question = await signed();
  for (const seedCommitment of [seedRef(2).commitment, "seed", null]) {
    await expectDeclined("REQUEST_UNREADABLE", { ...question, seedCommitment }, region);
  }
  const { seedCommitment: _, ...without } = request;
  for (const document of [
    without,
    { ...request, seedCommitment: null },
    { ...request, seedCommitment: "seed" },
  ]) {
    const text = new TextDecoder().decode(canonicalBytes(document));
    const named = "seedCommitment" in document ? document.seedCommitment : null;
    await expectDeclined(
      "REQUEST_UNREADABLE",
      { ...question, document: text, seedCommitment: named },
      region,
    );
  }
});

test("refuses the terms of another version than the latest, older or newer, as STALE_COLLABORATION", async () => {
  for (const collaborationVersion of [2, 4]) {
    await expectCode(
      "STALE_COLLABORATION",
      await signed({ ...request, collaborationVersion }),
      await healthy(),
    );
  }
});

test("refuses a seed that is unknown, closed, or another region's, as STALE_SEED, in the broker's name", async () => {
  const question = await signed();
  for (const seeds of [
    seedsOf(),
    seedsOf({ ...openSeed, open: false }),
    seedsOf({ ...seedRef(2), open: true }),
  ]) {
    const region = await healthy({ ...portsFor(), seeds });
    const refusal = refusalIn(await region.ask(question));
    assert.deepEqual([refusal?.code, refusal?.request.tenant], ["STALE_SEED", "clinic"]);
  }
  const unknown = await signed({ ...request, seedCommitment: seedRef(9).commitment });
  await expectCode("STALE_SEED", unknown, await healthy());
});

test("remembers a stale seed as decided: the same request is not taken once the seed is there", async () => {
  const seeds = seedsOf();
  const region = await healthy({ ...portsFor(), seeds });
  const question = await signed();
  await expectCode("STALE_SEED", question, region);
  seeds.add(openSeed);
  const again = await region.ask(question);
  assert.ok(again.kind === "publish");
  assert.deepEqual([again.outputs, again.refusals], [[], []]);
  assert.equal(again.audit[0]?.action, "request.duplicate");
  // Asked anew it is another request.
  const anew = await signed({ ...request, nonce: "f".repeat(32) });
  assert.equal((await region.ask(anew)).outputs.length, 1);
});

test("takes any open seed by its commitment, not only the newest, and hands on its number", async () => {
  const older = seedRef(3);
  const seeds = seedsOf({ ...older, open: true }, { ...seedRef(4), open: true });
  const region = await healthy({ ...portsFor(), seeds });
  const outcome = await region.ask(await signed({ ...request, seedCommitment: older.commitment }));
  assert.deepEqual((outcome.outputs[0]?.value as RoutedRequest).seed, older);
});

test("finds out whether a seed is open last: who may not ask learns nothing of seeds", async () => {
  const region = await healthy({ ...portsFor(), seeds: seedsOf() });
  await expectCode("UNKNOWN_TENANT", await signed({ ...request, tenant: "insurer" }), region);
  await expectCode("DEADLINE_PASSED", await signed(), region, issuedAt + 60_001);
});

test("declines an id that is not the document's", async () => {
  const other = "6f1d4a52-0d0e-4b0f-9a51-000000000002";
  await expectDeclined("REQUEST_ID_MISMATCH", { ...(await signed()), requestId: other }, await healthy());
});

test("declines a record under another key than its request, which leads to another partition", async () => {
  const region = await healthy();
  const question = await signed();
  for (const key of ["6f1d4a52-0d0e-4b0f-9a51-000000000002", ""])
    await expectDeclined("REQUEST_ID_MISMATCH", question, region, issuedAt, key);
  assert.equal((await region.ask(question)).outputs.length, 1);
  await expectDeclined("REQUEST_ID_MISMATCH", question, region, issuedAt, "");
});

test("declines what names unknown collaborations and brokers", async () => {
  const region = await healthy();
  await expectDeclined("UNKNOWN_COLLABORATION", await signed({ ...request, collaboration: "other" }), region);
  await expectDeclined("UNKNOWN_BROKER", await signed({ ...request, broker: "other" }), region);
});

test("declines another key, another document, and a signature in another's name", async () => {
  const region = await healthy();
  const question = await signed();
  const byStranger = await signRequest(request, strangerKey.sign);
  const ofAnother = await signed({ ...request, epsilon: "1" });
  const brokers = [
    ...collaboration.brokers,
    {
      ...collaboration.brokers[0],
      id: "alias",
      tenants: ["clinic"],
      key: collaboration.brokers[0]?.key ?? "",
    },
  ];
  for (const signature of [byStranger.signature, ofAnother.signature, "", "a..b", `${question.signature}A`]) {
    await expectDeclined("BAD_SIGNATURE", { ...question, signature }, region);
  }
  const inAlias = await signRequest({ ...request, broker: "alias" }, brokerKey.sign);
  const mixed = { ...(await signed()), signature: inAlias.signature };
  await expectDeclined("BAD_SIGNATURE", mixed, await healthy(portsFor({ ...collaboration, brokers })));
});

test("declines what a revoked broker signed, at once and under any name, and takes it once it is admitted again", async () => {
  const standing = new Standing();
  const region = await healthy({ ...portsFor(), standing });
  const question = await signed();
  const key = collaboration.brokers[0]?.key ?? "";
  for (const broker of ["core", "alias"]) {
    standing.addBroker({ broker, key, admitted: false });
    await expectDeclined("BROKER_REVOKED", question, region);
    await expectDeclined("BAD_SIGNATURE", { ...question, signature: "a..b" }, region);
    standing.addBroker({ broker, key, admitted: true });
  }
  assert.equal((await region.ask(question)).outputs.length, 1);
});

test("refuses a tenant the broker may not ask for, in the broker's name", async () => {
  const region = await healthy();
  const refusal = refusalIn(await region.ask(await signed({ ...request, tenant: "insurer" })));
  assert.deepEqual([refusal?.code, (refusal?.request as RequestRef).broker], ["UNKNOWN_TENANT", "core"]);
});

test("declines what names another region, which alone ends it", async () => {
  await expectDeclined("NOT_HOME_REGION", await signed({ ...request, home: "au-west" }), await healthy());
  await expectDeclined(
    "NOT_HOME_REGION",
    await signed(),
    await healthy({ ...portsFor(), region: "au-west" }),
  );
});

test("of two regions that get the same request one ends it, whatever is the matter with it", async () => {
  for (const change of [{}, { tenant: "insurer" }, { collaborationVersion: 2 }]) {
    const question = await signed({ ...request, ...change });
    const [home, other] = [await healthy(), await healthy({ ...portsFor(), region: "au-west" })];
    assert.equal((await home.ask(question)).kind, "publish");
    assert.equal((await other.ask(question)).kind, "decline");
  }
});

test("refuses what names this region where the collaboration is at home in another", async () => {
  const west = populationsOf(populationOver(collaboration, { region: "au-west" }));
  await expectCode("NOT_HOME_REGION", await signed(), await healthy({ ...portsFor(), populations: west }));
});

test("refuses what is over a population that is not here, or that does not have its datasets", async () => {
  const asked = await signed();
  const none = await healthy({ ...portsFor(), populations: populationsOf() });
  await expectCode("UNKNOWN_POPULATION", asked, none);
  const [first, ...rest] = population.datasets;
  assert.ok(first !== undefined);
  for (const datasets of [rest, [{ ...first, key: "A".repeat(43) }, ...rest]]) {
    const populations = populationsOf({ ...population, datasets });
    await expectCode("OUTSIDE_POPULATION", asked, await healthy({ ...portsFor(), populations }));
  }
});

test("declines a collaboration that stands in the earlier format alone", async () => {
  const earlier = [earlierCollaborationOf()];
  const collaborations = { earlier, latest: () => undefined, at: () => undefined };
  await expectDeclined(
    "EARLIER_COLLABORATION",
    await signed(),
    await healthy({ ...portsFor(), collaborations }),
  );
});

test("admits five minutes of skew either way and not a millisecond more", async () => {
  const late = await signed({ ...request, deadlineSeconds: 3600 });
  const skew = 5 * 60_000;
  for (const [offset, code] of [
    [skew, undefined],
    [-skew, undefined],
    [skew + 1, "CLOCK_SKEW"],
    [-skew - 1, "CLOCK_SKEW"],
  ] as const) {
    const region = new Region();
    await region.tick(issuedAt + offset);
    const outcome = await region.ask(late, issuedAt + offset);
    assert.equal(outcome.kind === "publish" ? outcome.refusals[0]?.code : "rejected", code);
  }
});

test("refuses a request whose deadline has passed", async () => {
  await expectCode("DEADLINE_PASSED", await signed(), await healthy(), issuedAt + 60_001);
});

test("refuses while a stage was never seen, or not within a minute, and names it", async () => {
  const never = new Region();
  await never.tick(issuedAt, ["compliance", "elsewhere"]);
  const refusal = refusalIn(await never.ask(await signed()));
  assert.equal(refusal?.code, "REGION_UNAVAILABLE");
  assert.match(refusal.detail, /stage dp /);

  const long = await signed({ ...request, deadlineSeconds: 3600 });
  assert.equal((await (await healthy()).ask(long, issuedAt + 60_000)).outputs.length, 1);
  await expectCode("REGION_UNAVAILABLE", long, await healthy(), issuedAt + 60_001);
});

test("writes health no oftener than every ten seconds, and only of stages that a question waits for", async () => {
  const region = await healthy();
  assert.equal((await region.tick(issuedAt + 9_999)).changes.length, 0);
  assert.equal((await region.tick(issuedAt + 10_000)).changes.length, 2);
  assert.equal((await region.tick(issuedAt + 30_000, ["elsewhere"])).changes.length, 0);
});

test("drops a second record of a digest, routed or refused, with an audit event alone", async () => {
  const region = await healthy();
  for (const question of [await signed(), await signed({ ...request, tenant: "insurer" })]) {
    await region.ask(question);
    const again = await region.ask(question);
    assert.ok(again.kind === "publish");
    assert.deepEqual([again.outputs.length, again.refusals.length, again.changes.length], [0, 0, 0]);
    assert.equal(again.audit[0]?.action, "request.duplicate");
  }
});

test("does not let an unverified copy stand in a verified request's way, before it or after it", async () => {
  const region = await healthy();
  const question = await signed();
  await expectDeclined("BAD_SIGNATURE", { ...question, signature: "a..b" }, region);
  assert.equal((await region.ask(question)).outputs.length, 1);
  await expectDeclined("BAD_SIGNATURE", { ...question, signature: "a..b" }, region);
});

const day = 24 * 3_600_000;

test("forgets a digest a day after its deadline, and drops its replay ever after", async () => {
  const region = await healthy();
  const question = await signed();
  await region.ask(question);
  const seen = () => [...region.state.entries("seen")].length;
  await region.tick(issuedAt + 60_000 + day);
  assert.equal(seen(), 1);
  const later = issuedAt + 60_001 + day + 3_600_000;
  await region.tick(later);
  assert.equal(seen(), 0);
  for (const time of [later, later + 365 * day, issuedAt]) {
    const { outputs, changes, audit, ...rest } = await region.ask(question, time);
    assert.deepEqual([rest, outputs, changes], [{ kind: "publish", refusals: [] }, [], []]);
    assert.equal(audit[0]?.action, "request.forgotten");
  }
});

test("has one end for a request however often, and whenever, it is published again", async () => {
  const hour = 3_600_000;
  for (const first of [0, 6 * 60_000, hour, day - hour, day]) {
    const region = await healthy();
    const question = await signed();
    let ends = 0;
    for (let time = issuedAt + first; time < issuedAt + first + 3 * day; time += hour / 2) {
      await region.tick(time);
      const outcome = await region.ask(question, time);
      assert.ok(outcome.kind === "publish");
      ends += outcome.outputs.length + outcome.refusals.length;
    }
    assert.equal(ends, 1);
  }
});

test("drops what was issued more than a day ahead, remembers nothing of it, and ends it once when it is nearer", async () => {
  const region = await healthy();
  const question = await signed({ ...request, issuedAt: new Date(issuedAt + 400 * day).toISOString() });
  const early = await region.ask(question);
  assert.deepEqual([early.outputs, early.changes], [[], []]);
  assert.equal(early.audit[0]?.action, "request.forgotten");
  await region.tick(issuedAt + 399.5 * day);
  await expectCode("CLOCK_SKEW", question, region, issuedAt + 399.5 * day);
  await region.tick(issuedAt + 400 * day);
  const late = await region.ask(question, issuedAt + 400 * day);
  assert.deepEqual([late.outputs, late.audit[0]?.action], [[], "request.duplicate"]);
});

test("routes a request whatever its collaboration, broker and tenant are called", async () => {
  const [care, core, clinic] = oddIds;
  const names = new Map([
    ["care", care],
    ["core", core],
    ["clinic", clinic],
  ]);
  const region = await healthy(portsFor(renamed(collaboration, names)));
  const outcome = await region.ask(await signed(renamed(request, names)));
  const { request: ref } = outcome.outputs[0]?.value as RoutedRequest;
  assert.deepEqual([ref.collaboration, ref.broker, ref.tenant], [care, core, clinic]);
  for (const other of [{ broker: clinic }, { collaboration: clinic }])
    assert.equal((await region.ask(await signed(renamed({ ...request, ...other }, names)))).kind, "decline");
});
