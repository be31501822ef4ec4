import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Outcome } from "../../runtime/contract/stage.ts";
import { collaboration, issuedAt, request, signed } from "../../test/stage-question.ts";
import { usualLimits } from "./limits.ts";
import { routing, type RoutingPorts } from "./stage.ts";
import { healthy, portsFor, refusalIn, Region } from "./testing/region.ts";

const idOf = (number: number): string => `6f1d4a52-0d0e-4b0f-9a51-${String(number).padStart(12, "0")}`;

describe("while answers wait for their proofs", () => {
  const limit = 3;
  const ports: RoutingPorts = {
    ...portsFor(),
    limits: { ...usualLimits, waiting: { ...usualLimits.waiting, evidence: limit } },
  };
  const { key } = collaboration.brokers[0] ?? { key: "" };
  const withProver = async (): Promise<Region> => {
    const region = new Region(ports);
    await region.tick(issuedAt, [...ports.answeringStages, ports.provingStage]);
    return region;
  };
  const tell = (region: Region, waiting: number, signer = key): void => {
    const shares = waiting === 0 ? [] : [{ signer, tenant: "clinic", waiting }];
    const value = { shares, millisecondsEach: 2_000 };
    const event = {
      type: "EvidenceQueue" as const,
      value,
      topic: "zkp.waiting" as const,
      key: "",
      time: issuedAt,
    };
    const outcome = routing.handle(event, region.state, ports) as Outcome;
    region.state.apply(outcome.changes);
  };
  const isRefused = async (region: Region, time = issuedAt): Promise<boolean> => {
    const outcome = await region.ask(
      await signed({ ...request, issuedAt: new Date(time).toISOString() }),
      time,
    );
    assert.ok(outcome.kind === "publish");
    return outcome.refusals.some(({ code }) => code === "EVIDENCE_BEHIND");
  };

  test("a broker with as many waiting as may is refused, and told how long to wait", async () => {
    const region = await withProver();
    tell(region, limit + 1);
    const refused = refusalIn(await region.ask(await signed()));
    assert.equal(refused?.code, "EVIDENCE_BEHIND");
    assert.match(refused.detail, /room again in about 4 seconds/);
  });

  test("it is let in where fewer wait, and once fewer do", async () => {
    const region = await withProver();
    tell(region, limit);
    tell(region, limit - 1);
    assert.equal(await isRefused(region), false);
    const other = await withProver();
    tell(other, limit);
    tell(other, 0);
    assert.equal(await isRefused(other), false);
  });

  test("another broker's answers shut nobody else out", async () => {
    const region = await withProver();
    tell(region, 1_000, "another-key");
    assert.equal(await isRefused(region), false);
  });

  test("what was told counts for as long as ticks name the stage, and again once they do", async () => {
    const [away, minute] = [ports.answeringStages, 60_000];
    const region = await withProver();
    tell(region, limit);
    const late = issuedAt + 2 * minute;
    await region.tick(late, [...away, ports.provingStage]);
    assert.equal(await isRefused(region, late), true);
    const other = await withProver();
    tell(other, limit);
    await other.tick(late, away);
    assert.equal(await isRefused(other, late), false);
    const back = await withProver();
    tell(back, limit);
    await back.tick(late, away);
    await back.tick(late + 1, [...away, ports.provingStage]);
    assert.equal(await isRefused(back, late + 1), true);
  });
});

test("who asks more often than the operator lets it is refused, and told when to ask again", async () => {
  const ports: RoutingPorts = { ...portsFor(), limits: { ...usualLimits, rates: { tenant: 2 } } };
  const region = await healthy(ports);
  for (const id of [1, 2]) {
    const outcome = await region.ask(await signed({ ...request, id: idOf(id) }));
    assert.equal(outcome.outputs.length, 1);
  }
  const refused = refusalIn(await region.ask(await signed({ ...request, id: idOf(3) })));
  assert.equal(refused?.code, "RATE_LIMITED");
  assert.match(refused.detail, /room again in about 30 seconds/);
  const later = await region.ask(await signed({ ...request, id: idOf(4) }), issuedAt + 30_000);
  assert.equal(later.outputs.length, 1);
});
