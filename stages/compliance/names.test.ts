import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Standing } from "../../domain/terms/standing.ts";
import type { MatchQuestion, Plan } from "../../schemas/avro/index.ts";
import type { Request } from "../../schemas/json/request.ts";
import { oddIds, renamed } from "../../test/odd-names.ts";
import { populationOver, populationsOf } from "../../test/populations.ts";
import { collaboration, issuedAt, request, routed, tableOf } from "../../test/stage-question.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { loadPolicy } from "../../domain/policy/policy.ts";
import { compliance } from "./stage.ts";

const wasm = readFileSync(new URL("../../domain/policy/policy.wasm", import.meta.url));
const pinned = readFileSync(new URL("../../domain/policy/policy.wasm.sha256", import.meta.url), "utf8").slice(
  0,
  64,
);
const policy = await loadPolicy(wasm, pinned);

const { question } = request;
const sum = { kind: "sum" as const, of: { dataset: "visits", column: "stays" } };
const asked: Request = { ...request, question: { ...question, measures: [...question.measures, sum] } };
const heads = [
  { provider: "north", dataset: "people", sequence: 5 },
  { provider: "south", dataset: "visits", sequence: 2 },
].map((of) => ({ ...of, collaboration: "care", epoch: 2, head: "h", complete: true, signature: "s" }));

/** The plan where everybody and everything is called by these names. */
async function planUnder(names: ReadonlyMap<string, string>): Promise<Plan> {
  const document = renamed(collaboration, names);
  const ports = {
    ...{ region: "au-east", jurisdiction: "AU", collaborations: tableOf(document), standing: new Standing() },
    ...{ populations: populationsOf(populationOver(document, { region: "au-east" })), partitions: 4, policy },
  };
  const state = new MemoryState();
  const at = { key: "", time: issuedAt };
  for (const value of renamed(heads, names)) {
    const event = { ...at, type: "DatasetHead" as const, value, topic: "dataset.heads" as const };
    state.apply((await compliance.handle(event, state, ports)).changes);
  }
  const value = await routed(renamed(asked, names));
  const event = { ...at, type: "RoutedRequest" as const, value, topic: "routing.routed" as const };
  const outcome = await compliance.handle(event, state, ports);
  // A digest is over the names, too.
  return { ...(outcome.outputs[0]?.value as MatchQuestion).plan, populationDigest: "" };
}

test("plans the same whatever providers, datasets, columns and categories are called", async () => {
  const [people, visits, north, south, age, state, stays] = oddIds;
  const names = new Map<string, string>(
    Object.entries({ people, visits, north, south, age, state, stays, nsw: "__proto__", vic: "toString" }),
  );
  assert.deepEqual(await planUnder(names), renamed(await planUnder(new Map([["north", "north"]])), names));
});
