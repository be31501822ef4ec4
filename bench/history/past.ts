/**
 * What a year of questions leaves in the states of the stages that remember: made by the stages' own code, without what lies
 * between them. Time goes evenly from a year before now to now, however many questions there were.
 */
import { createHash } from "node:crypto";
import { routing } from "../../stages/routing/stage.ts";
import { noteDigest, SEEN } from "../../stages/routing/replay.ts";
import { close, CLOSED } from "../../stages/result/arbiter.ts";
import { result } from "../../stages/result/stage.ts";
import { pay } from "../../stages/dp/ledger.ts";
import { noteAnswer } from "../../stages/dp/repeats.ts";
import { forgetOld, noteRelease } from "../../stages/dp/request-memory.ts";
import { dp } from "../../stages/dp/stage.ts";
import { anchorCount, noteAnchor } from "../../stages/anchoring/anchors.ts";
import { forgetBeginning } from "../../stages/anchoring/forgetting.ts";
import { settle, takeLeaf, waitingBelow } from "../../stages/anchoring/leaves.ts";
import { rootAt, sizeOf } from "../../stages/anchoring/log.ts";
import { anchoring } from "../../stages/anchoring/stage.ts";
import { withChanges } from "../../runtime/contract/changed-state.ts";
import { sealerWith } from "../../runtime/sealer.ts";
import type { AnyStage } from "../../runtime/contract/pipeline.ts";
import type { Change, StateView } from "../../runtime/contract/state.ts";
import type {
  ExactAggregate,
  LogLeaf,
  Plan,
  ReleasedAggregate,
  RequestRef,
} from "../../schemas/avro/index.ts";
import { plan as examplePlan } from "../../test/stage-aggregate.ts";
import { request as exampleRequest } from "../../test/stage-question.ts";

const yearMs = 365 * 24 * 3_600_000;
export const now = Date.parse("2026-12-01T00:00:00.000Z");
const key = createHash("sha256").update("bench").digest();
export const keys = sealerWith({ generation: 1, bytes: key }, key);
export const placeOf = (stage: string): string => `au-east.${stage}.changelog/0`;
/** A batch of the log. */
const batchLeaves = 100;

const much = { epsilon: "1000000", delta: "1/10" };
const plan: Plan = {
  ...examplePlan,
  ...{ budgetTotal: much.epsilon, budgetDelta: much.delta },
  budgetWindows: [{ days: 30, ...much }],
};

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A past question, by its number from 0. */
function refOf(number: number, time: number): RequestRef {
  const id = number.toString(16).padStart(12, "0");
  return {
    ...{ requestId: `6f1d4a52-0d0e-4b0f-9a51-${id}`, digest: digestOf(`question ${id}`), tenant: "clinic" },
    ...{ broker: "core", collaboration: "care", deadline: time + 60_000 },
  };
}

/** The aggregate of a question that is like no other. */
export function aggregateOf(number: number, time: number): ExactAggregate {
  const request = refOf(number, time);
  const document = JSON.stringify({
    ...exampleRequest,
    ...{
      id: request.requestId,
      nonce: number.toString(16).padStart(32, "0"),
      purpose: `purpose-${String(number)}`,
    },
    issuedAt: new Date(time).toISOString(),
  });
  return { request, document, plan, cells: [], matchLeaf: "33".repeat(32) };
}

export function leafOf(number: number, time: number, kind: "match" | "spend"): LogLeaf {
  const request = refOf(number, time);
  const text = JSON.stringify({
    type: `pavilion/${kind}-leaf`,
    seed: plan.seed.commitment,
    request: request.digest,
  });
  return { kind, request, text, completes: kind === "spend" };
}

/** The stages that remember, with the changes that a past question makes in each. */
export const remembering: readonly {
  readonly stage: AnyStage;
  readonly past: (number: number, time: number, state: StateView) => Change[];
}[] = [
  {
    stage: routing,
    past: (number, time, state) => {
      const { digest, deadline } = refOf(number, time);
      return [...SEEN.forget(state, time), noteDigest(digest, deadline)];
    },
  },
  {
    stage: dp,
    past(number, time, state) {
      const exact = aggregateOf(number, time);
      const payment = pay(plan, exact.request.digest, state, time);
      if (payment.outcome !== "granted") throw new Error("the year's budget is too small");
      const spendLeaf = digestOf(`leaf ${String(number)}`);
      const { spend } = payment;
      const { request, document, matchLeaf } = exact;
      const released: ReleasedAggregate = {
        ...{ request, document, plan, cells: [], scales: [], spend, matchLeaf, spendLeaf, repeats: null },
      };
      return [
        ...payment.changesWith(spendLeaf),
        ...noteAnswer(exact, released, state),
        ...forgetOld(state, time),
        noteRelease(released),
      ];
    },
  },
  {
    stage: result,
    past: (number, time, state) => [...CLOSED.forget(state, time), ...close(refOf(number, time), time)],
  },
  {
    stage: anchoring,
    past(number, time, state) {
      const leaf = takeLeaf(leafOf(number, time, "spend"), state);
      return (number + 1) % batchLeaves === 0 ? [...leaf, ...batchOf(state)] : leaf;
    },
  },
];

/** The batch of what waits so far stands, and what the log needs no longer goes, as with a tick. */
function batchOf(state: StateView): Change[] {
  const size = sizeOf(state);
  if (size === 0) return [];
  const link = { previous: `0x${"0".repeat(64)}`, root: `0x${rootAt(size, state)}`, size, time: 0 };
  const place = { transaction: link.previous, block: anchorCount(state), blockHash: link.previous };
  const batch = [
    ...settle(waitingBelow(size, state), state),
    ...noteAnchor({ link, ...place, checkpoint: "" }, state),
  ];
  return [...batch, ...forgetBeginning(withChanges(state, batch))];
}

/** When the question of that number was asked, of so many. */
export const timeOf = (number: number, count: number): number =>
  Math.round(now - yearMs + ((number + 1) * yearMs) / count);
