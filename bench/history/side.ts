/**
 * `side.ts DIR COUNT`: states with so many past questions, opened as by a restart, and asked. Standard output is one line of JSON, a
 * `History`. A program of its own, so that its memory is what it needs.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Outcome } from "../../runtime/contract/stage.ts";
import type { StateView } from "../../runtime/contract/state.ts";
import { statesIn } from "../../runtime/state/disk-state.ts";
import { StateStore } from "../../runtime/state/store.ts";
import { dp } from "../../stages/dp/stage.ts";
import { result } from "../../stages/result/stage.ts";
import { usualLimits } from "../../stages/routing/limits.ts";
import { routing } from "../../stages/routing/stage.ts";
import { anchoring } from "../../stages/anchoring/stage.ts";
import { Standing } from "../../domain/terms/standing.ts";
import { blinding, firstSeed, seedBytes, seedsOf } from "../../domain/log/testing/seeds.ts";
import { cells } from "../../test/stage-aggregate.ts";
import { populationOver, populationsOf } from "../../test/populations.ts";
import { collaboration, request, signed, tableOf } from "../../test/stage-question.ts";
import { quantile } from "../quantile.ts";
import { aggregateOf, keys, leafOf, now, placeOf, remembering } from "./past.ts";

export interface History {
  readonly count: number;
  /** What the stages that remember take for a question, together, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Opening all states, in milliseconds. */
  readonly restart: number;
  /** Resident after a restart and a hundred questions, and on disk, in MiB. */
  readonly memory: number;
  readonly disk: number;
}

const questions = 300;

const [dir = "", counted = ""] = process.argv.slice(2);
const count = Number(counted);

const restartBegun = performance.now();
const again = statesIn(dir, { cluster: "bench", keys });
const stores = new Map(
  remembering.map(({ stage }) => {
    const committed = again(placeOf(stage.name), stage.tables ?? []);
    return [stage.name, { committed, store: new StateStore(committed) }] as const;
  }),
);
const restart = performance.now() - restartBegun;

const region = "au-east";
const standing = new Standing();
standing.addBroker({ broker: "core", key: null, admitted: true });
const terms = {
  collaborations: tableOf(collaboration),
  populations: populationsOf(populationOver(collaboration, { region })),
};
const seed = (id: number): Promise<Uint8Array> => Promise.resolve(seedBytes(id));

const routingPorts = {
  ...{ region, ...terms, standing, partitions: 2, answeringStages: ["dp"] },
  provingStage: "zkp",
  limits: usualLimits,
  seeds: seedsOf({ ...firstSeed, open: true }),
};
const never = (): never => {
  throw new Error("no tick comes to anchoring here");
};
const anchoringPorts = {
  ...{
    region,
    partition: 0,
    blinding,
    seedPeriodMs: 3_600_000,
    seed,
    createSeed: never,
    destroySeed: never,
    restore: () => undefined,
  },
  chain: {
    chainId: 1,
    contract: "",
    anchorer: "",
    anchor: never,
    prove: never,
    standing: never,
    after: never,
  },
  logSigner: { name: region, publicKey: new Uint8Array(32), sign: never },
};
const resultPorts = {
  region,
  partitions: 2,
  collaborations: terms.collaborations,
  standing,
  isAdmitted: () => true,
};
const dpPorts = {
  region,
  partitions: 2,
  seed,
  blinding,
  exposed: "1",
  restore: () => undefined,
  homes: () => [],
};

/** A question that comes now, by its number. */
async function questionOf(number: number) {
  const time = now + number * 1_000;
  const exact = { ...aggregateOf(count + number, time), cells };
  const { requestId } = exact.request;
  const issuedAt = new Date(time).toISOString();
  return {
    number,
    exact,
    at: { key: requestId, time },
    asked: await signed({ ...request, id: requestId, issuedAt }),
  };
}

type Question = Awaited<ReturnType<typeof questionOf>>;
type Handling = (question: Question, state: StateView) => Outcome | Promise<Outcome>;

/** What each stage does with a question, in their order. */
const steps: readonly (readonly [stage: string, handling: Handling])[] = [
  [
    "routing",
    ({ at }, state) => {
      const value = { worker: "one", stages: ["dp"] };
      return routing.handle({ type: "Tick", value, topic: "clock.ticks", ...at }, state, routingPorts);
    },
  ],
  [
    "routing",
    ({ at, asked: value }, state) =>
      routing.handle({ type: "SignedRequest", value, topic: "broker.requests", ...at }, state, routingPorts),
  ],
  [
    "dp",
    ({ at, exact: value }, state) =>
      dp.handle({ type: "ExactAggregate", value, topic: "aggregate.sums", ...at }, state, dpPorts),
  ],
  [
    "result",
    ({ at, exact: { request: of, document } }, state) => {
      const value = { request: of, document, signature: "a..b", seed: firstSeed };
      return result.handle(
        { type: "RoutedRequest", value, topic: "routing.routed", ...at },
        state,
        resultPorts,
      );
    },
  ],
  [
    "result",
    ({ at, exact: { request: of } }, state) => {
      const said = { stage: "dp", code: "BUDGET_EXHAUSTED", message: "", unsigned: false, document: null };
      const value = { request: of, ...said };
      return result.handle({ type: "Refusal", value, topic: "result.refusals", ...at }, state, resultPorts);
    },
  ],
  [
    "result",
    ({ at }, state) => {
      const value = { worker: "one", stages: [] };
      return result.handle({ type: "Tick", value, topic: "clock.ticks", ...at }, state, resultPorts);
    },
  ],
  ...(["match", "spend"] as const).map((kind): readonly [string, Handling] => [
    "anchoring",
    ({ at, number }, state) => {
      const value = leafOf(count + number, at.time, kind);
      return anchoring.handle(
        { type: "LogLeaf", value, topic: "proofs.pending", ...at },
        state,
        anchoringPorts,
      );
    },
  ]),
];

const times: number[] = [];
let offset = BigInt(count);
for (let number = 0; number < questions; number++) {
  const question = await questionOf(number);
  const started = performance.now();
  for (const [stage, handling] of steps) {
    const store = stores.get(stage)?.store;
    if (store === undefined) throw new Error(`no state of ${stage}`);
    const { changes } = await handling(question, store);
    store.stage(changes);
    await store.commit({ offset: offset++, digest: "" });
  }
  times.push(performance.now() - started);
}
const memory = process.memoryUsage().rss / 1_048_576;
for (const { committed } of stores.values()) await committed.close();
const bytes = readdirSync(dir).reduce((sum, file) => sum + statSync(join(dir, file)).size, 0);
const history: History = {
  ...{ count, p50: quantile(times, 0.5), p99: quantile(times, 0.99), restart },
  ...{ memory, disk: bytes / 1_048_576 },
};
process.stdout.write(`${JSON.stringify(history)}\n`);
