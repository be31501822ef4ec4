/**
 * The result stage: the single arbiter of a request's one result. See README.md.
 */
import { isErrorCode } from "../../errors/errors.ts";
import {
  output,
  publish,
  type Audit,
  type Effects,
  type Outcome,
  type Stage,
} from "../../runtime/contract/stage.ts";
import type { StateView } from "../../runtime/contract/state.ts";
import type { StandingTable } from "../../domain/terms/standing.ts";
import type { Refusal, RequestRef, Result, RoutedRequest, SignedResult } from "../../schemas/avro/index.ts";
import {
  close,
  isClosed,
  KEEP_CLOSED_MS,
  markOverdue,
  CLOSED,
  newlyOverdue,
  OPEN,
  open,
  openDocument,
} from "./arbiter.ts";
import { evidenceSeconds, noteQueue } from "./evidence-wait.ts";
import {
  endOf,
  forgetUnlisted,
  UNLISTED,
  listed,
  noteUnlisted,
  unlistedEnd,
  type ListingPorts,
} from "./listing.ts";
import { answered, refused } from "./result.ts";

export interface ResultPorts extends ListingPorts {
  readonly region: string;
  readonly partitions: number;
  readonly standing: Pick<StandingTable, "hasBroker">;
}

export const result: Stage<
  "RoutedRequest" | "SignedResult" | "Refusal" | "EvidenceQueue" | "Tick",
  ResultPorts
> = {
  name: "result",
  inputs: [
    { topic: "routing.routed", types: ["RoutedRequest"], besideAnswer: true },
    { topic: "signing.signed", types: ["SignedResult"] },
    { topic: "result.refusals", types: ["Refusal"], besideAnswer: true },
    { topic: "zkp.waiting", types: ["EvidenceQueue"], besideAnswer: true },
    { topic: "clock.ticks", types: ["Tick"] },
  ],
  tables: [OPEN, CLOSED.entries, UNLISTED],
  outputs: [
    "broker.results.<broker>",
    "result.concluded",
    "result.overdue",
    "requests.ended",
    "provider.requests.<provider>",
  ],
  handle({ type, value, time }, state, ports) {
    switch (type) {
      case "RoutedRequest":
        return begin(value, state, ports);
      case "SignedResult":
        return conclude({ request: value.request, document: null }, answer(value, state, time, ports), {
          state,
          time,
          ports,
        });
      case "Refusal":
        // Nobody's request: there is nothing to close, and to remember it would let anybody fill the memory.
        if (value.unsigned) return publish(told(value.request, refused(value), ports));
        return conclude(value, refused(value), { state, time, ports });
      case "EvidenceQueue":
        return publish({ changes: [noteQueue(value, time)] });
      case "Tick":
        return sweep(state, time);
    }
  },
};

/** With about how long its proofs take, where it has some of its own. */
function answer(signed: SignedResult, state: StateView, time: number, ports: ResultPorts): Result {
  const result = answered(signed, ports.region);
  if (result.evidenceFor !== result.requestDigest) return result;
  return { ...result, evidenceSeconds: evidenceSeconds(signed.request, ports.collaborations, state, time) };
}

interface Context {
  readonly state: StateView;
  readonly time: number;
  readonly ports: ResultPorts;
}

/** Its end may have come already, and waits to be told with what was asked. */
function begin(routed: RoutedRequest, state: StateView, ports: ResultPorts): Outcome {
  const { request, document } = routed;
  const ended = unlistedEnd(request.digest, state);
  if (ended === undefined) return publish({ changes: open(routed, state) });
  return publish({
    outputs: listed(request, document, ended, ports),
    changes: [forgetUnlisted(request.digest)],
  });
}

/** `asked.document` is null where the request was routed: then the routed one tells it. */
function conclude(
  asked: Pick<Refusal, "request" | "document">,
  concluded: Result,
  { state, time, ports }: Context,
): Outcome {
  const { request } = asked;
  const { requestId } = request;
  if (isClosed(request, state)) return publish({ audit: [auditOf("result.late", request, concluded)] });
  const document = asked.document ?? openDocument(request.digest, state);
  const ended = endOf(concluded);
  const reply = told(request, concluded, ports);
  return publish({
    outputs: [
      ...reply.outputs,
      output(
        "result.concluded",
        "Concluded",
        { requestId, requestDigest: request.digest },
        { key: requestId },
      ),
      ...(document === undefined ? [] : listed(request, document, ended, ports)),
      // Its dead letter may be driven again: what was refused must not be charged after all.
      ...(concluded.code === "INTERNAL_ERROR" ? [overdueOf(request)] : []),
    ],
    changes: [
      ...close(request, time),
      ...(document === undefined ? [noteUnlisted(request.digest, ended, time + KEEP_CLOSED_MS)] : []),
    ],
    audit: reply.audit,
  });
}

/**
 * The reply, on the asker's own topic; a broker that has none here, since it was never let in, is told nothing. Of a record
 * that nobody signed the broker is who it says it is from: that one gets the record's own digest, and no more.
 */
function told(
  request: RequestRef,
  concluded: Result,
  { standing }: ResultPorts,
): Required<Pick<Effects, "outputs" | "audit">> {
  const { broker: owner, requestId: key } = request;
  if (!standing.hasBroker(owner)) {
    return {
      outputs: [],
      audit: concluded.unsigned ? [] : [auditOf("result.unaddressed", request, concluded)],
    };
  }
  return {
    outputs: [output("broker.results.<broker>", "Result", concluded, { key, owner })],
    audit: concluded.unsigned ? [] : [auditOf("result.published", request, concluded)],
  };
}

/** Only the ledger can say that nothing was charged: an overdue request is put to it, and stays open until its answer. */
function sweep(state: StateView, time: number): Outcome {
  const overdue = newlyOverdue(state, time);
  return publish({
    outputs: overdue.map(({ request }) => overdueOf(request)),
    changes: [
      ...overdue.map(markOverdue),
      ...CLOSED.forget(state, time),
      ...UNLISTED.removeBelow(state, time),
    ],
  });
}

const overdueOf = (request: RequestRef) =>
  output("result.overdue", "Overdue", { request }, { key: request.requestId });

function auditOf(action: string, request: RequestRef, { code, status }: Result): Audit {
  const audit = { tenant: request.tenant, action, request, details: { status } };
  return code !== null && isErrorCode(code) ? { ...audit, code } : audit;
}
