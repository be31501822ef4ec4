/**
 * One partition of routing in a region where all stages are up, over plain values.
 */
import assert from "node:assert/strict";
import { Standing } from "../../../domain/terms/standing.ts";
import { firstSeed, seedsOf } from "../../../domain/log/testing/seeds.ts";
import type { Outcome } from "../../../runtime/contract/stage.ts";
import type { SignedRequest } from "../../../schemas/avro/index.ts";
import type { Collaboration } from "../../../schemas/json/collaboration.ts";
import { populationOver, populationsOf } from "../../../test/populations.ts";
import { collaboration, issuedAt, tableOf } from "../../../test/stage-question.ts";
import { MemoryState } from "../../../test/stage-state.ts";
import { usualLimits } from "../limits.ts";
import { routing, type RoutingPorts } from "../stage.ts";

export const openSeed = { ...firstSeed, open: true };

export const portsFor = (document: Collaboration = collaboration): RoutingPorts => ({
  region: "au-east",
  collaborations: tableOf(document),
  populations: populationsOf(populationOver(document, { region: "au-east" })),
  seeds: seedsOf(openSeed),
  standing: new Standing(),
  partitions: 4,
  answeringStages: ["compliance", "dp"],
  provingStage: "zkp",
  limits: usualLimits,
});

export class Region {
  readonly state = new MemoryState();
  readonly ports: RoutingPorts;

  constructor(ports = portsFor()) {
    this.ports = ports;
  }

  async tick(time: number, stages: readonly string[] = this.ports.answeringStages): Promise<Outcome> {
    const value = { worker: "one", stages: [...stages] };
    const event = { type: "Tick" as const, value, topic: "clock.ticks" as const, key: value.worker, time };
    const outcome = await routing.handle(event, this.state, this.ports);
    this.state.apply(outcome.changes);
    return outcome;
  }

  async ask(value: SignedRequest, time = issuedAt, key = value.requestId): Promise<Outcome> {
    const event = { type: "SignedRequest" as const, value, topic: "broker.requests" as const, key, time };
    const outcome = await routing.handle(event, this.state, this.ports);
    this.state.apply(outcome.changes);
    return outcome;
  }
}

export async function healthy(ports = portsFor()): Promise<Region> {
  const region = new Region(ports);
  await region.tick(issuedAt);
  return region;
}

export function refusalIn(outcome: Outcome) {
  assert.equal(outcome.kind, "publish");
  assert.equal(outcome.outputs.length, 0);
  assert.equal(outcome.refusals.length, 1);
  return outcome.refusals[0];
}
