/**
 * The result stage: the single arbiter of a request's one result. See README.md.
 */
import { errorCatalogue, type ErrorCode } from "../../runtime/errors.ts";
import {
  output,
  publish,
  type Audit,
  type Effects,
  type Outcome,
  type Stage,
  type StateView,
} from "../../runtime/stage.ts";
import type { RequestRef, Result } from "../../schemas/avro/index.ts";
import { close, isClosed, markOverdue, newlyOverdue, open, pruneClosed } from "./arbiter.ts";
import { answered, refused } from "./result.ts";

export interface ResultPorts {
  readonly region: string;
  readonly partitions: number;
}

export const result: Stage<"RoutedRequest" | "SignedResult" | "Refusal" | "Tick", ResultPorts> = {
  name: "result",
  inputs: [
    { topic: "routing.routed", types: ["RoutedRequest"], besideAnswer: true },
    { topic: "signing.signed", types: ["SignedResult"] },
    { topic: "result.refusals", types: ["Refusal"], besideAnswer: true },
    { topic: "clock.ticks", types: ["Tick"] },
  ],
  outputs: ["broker.results", "result.overdue"],
  handle({ type, value, time }, state, { region }) {
    switch (type) {
      case "RoutedRequest":
        return publish({ changes: open(value.request, state) });
      case "SignedResult":
        return conclude(value.request, answered(value, region), state, time);
      case "Refusal":
        // Nobody's request: there is nothing to close, and to remember it would let anybody fill the memory.
        if (value.unsigned) return publish({ outputs: [outputOf(refused(value))] });
        return conclude(value.request, refused(value), state, time);
      case "Tick":
        return sweep(state, time);
    }
  },
};

function conclude(request: RequestRef, concluded: Result, state: StateView, time: number): Outcome {
  if (!isClosed(request, state)) return publish(published(request, concluded, time));
  return publish({ audit: [auditOf("result.late", request, concluded)] });
}

/** Only the ledger can say that nothing was charged: an overdue request is put to it, and stays open until its answer. */
function sweep(state: StateView, time: number): Outcome {
  const overdue = newlyOverdue(state, time);
  return publish({
    outputs: overdue.map((request) =>
      output("result.overdue", "Overdue", { request }, { key: request.requestId }),
    ),
    changes: [...overdue.map(markOverdue), ...pruneClosed(state, time)],
  });
}

function published(request: RequestRef, concluded: Result, time: number): Required<Effects> {
  return {
    outputs: [outputOf(concluded)],
    changes: close(request, time),
    audit: [auditOf("result.published", request, concluded)],
  };
}

const outputOf = (concluded: Result) =>
  output("broker.results", "Result", concluded, { key: concluded.requestId });

function auditOf(action: string, request: RequestRef, { code, status }: Result): Audit {
  const audit = { tenant: request.tenant, action, request, details: { status } };
  return code !== null && isErrorCode(code) ? { ...audit, code } : audit;
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorCatalogue, code);
