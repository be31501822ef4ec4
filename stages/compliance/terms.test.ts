/**
 * Under which terms a question is asked: the collaboration and its population as they stand, and what is carried over from
 * before populations were documents.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Standing } from "../../domain/terms/standing.ts";
import type { Outcome } from "../../runtime/contract/stage.ts";
import type { DatasetHead, MatchQuestion } from "../../schemas/avro/index.ts";
import {
  earlierCollaborationOf,
  earlierProviders,
  populationOver,
  populationsOf,
} from "../../test/populations.ts";
import { collaboration, issuedAt, population as pays, routed, tableOf } from "../../test/stage-question.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { loadPolicy } from "../../domain/policy/policy.ts";
import { compliance, type CompliancePorts } from "./stage.ts";

const folder = new URL("../../domain/policy/", import.meta.url);
const pinned = readFileSync(new URL("policy.wasm.sha256", folder), "utf8").slice(0, 64);
const ports: CompliancePorts = {
  ...{ region: "au-east", jurisdiction: "AU", partitions: 4, standing: new Standing() },
  collaborations: tableOf(collaboration),
  populations: populationsOf(pays),
  policy: await loadPolicy(readFileSync(new URL("policy.wasm", folder)), pinned),
};

/** Both datasets are pushed; then the question is asked. */
async function decide(at: CompliancePorts): Promise<Outcome> {
  const state = new MemoryState();
  const common = { key: "", time: issuedAt };
  for (const dataset of ["people", "visits"]) {
    const value: DatasetHead = {
      ...{ collaboration: "care", epoch: 2, provider: "north", dataset, sequence: 1 },
      ...{ head: dataset, complete: true, signature: "" },
    };
    const event = { ...common, type: "DatasetHead", topic: "dataset.heads", value } as const;
    state.apply((await compliance.handle(event, state, at)).changes);
  }
  const event = { ...common, type: "RoutedRequest", topic: "routing.routed", value: await routed() } as const;
  return compliance.handle(event, state, at);
}

const codeOf = (outcome: Outcome): string | undefined =>
  outcome.kind === "publish" ? outcome.refusals[0]?.code : undefined;

test("pins what is carried over: the accounts that earlier collaborations over the population's datasets named", async () => {
  const named = (population: string, dataset: string, id = "somebody") =>
    earlierCollaborationOf({ population, providers: earlierProviders(id, dataset) });
  const earlier = [
    named("people", "people", "north"),
    named("adults", "visits", "south"),
    named("cars", "cars"),
  ];
  const table = { ...tableOf(collaboration), earlier };
  const outcome = await decide({ ...ports, collaborations: table });
  assert.deepEqual((outcome.outputs[0]?.value as MatchQuestion).plan.carried, ["adults", "people"]);
});

test("denies where the terms stand in the earlier format alone, or the population is not here, or elsewhere", async () => {
  const earlier = { earlier: [earlierCollaborationOf()], latest: () => undefined, at: () => undefined };
  const refusals = [
    [{ collaborations: earlier }, "EARLIER_COLLABORATION"],
    [{ populations: populationsOf() }, "UNKNOWN_POPULATION"],
    [{ populations: populationsOf({ ...pays, datasets: pays.datasets.slice(1) }) }, "OUTSIDE_POPULATION"],
    [{ populations: populationsOf(populationOver(collaboration, { region: "au-west" })) }, "NOT_HOME_REGION"],
    [{ populations: populationsOf({ ...pays, jurisdiction: "NZ" }) }, "POLICY_DENIED"],
  ] as const;
  for (const [change, code] of refusals) assert.equal(codeOf(await decide({ ...ports, ...change })), code);
});
