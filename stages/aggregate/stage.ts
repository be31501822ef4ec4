/**
 * Aggregate: joins the partials that psi's partitions sent for a request, commits to the sums in a leaf of the log, and
 * passes them, sealed, to the one ledger partition of the jurisdiction.
 *
 * Promises: the leaf leaves with the sums, before anybody can draw noise for them; publishes a request's aggregate once, from exactly one partial of every partition, or refuses at its
 * deadline. Does not: add noise, or let a number leave the curator.
 */
import type { BlindingSource } from "../../domain/log/blinding.ts";
import { originOf } from "../../domain/log/leaves.ts";
import { PavilionError } from "../../errors/errors.ts";
import {
  output,
  publish,
  refuse,
  reject,
  type Audit,
  type Change,
  type Outcome,
  type RefusedRequest,
  type Stage,
  type StageEvent,
  type StateView,
} from "../../runtime/contract/stage.ts";
import type { PartialAggregate, RequestRef } from "../../schemas/avro/index.ts";
import { commitAggregate } from "./commitment.ts";
import { join, joinedCount, type Join } from "./join.ts";

export interface AggregatePorts {
  readonly region: string;
  readonly blinding: BlindingSource;
  /** The region's partition count: so many partials make an aggregate. */
  readonly partitions: number;
}

type AggregateEvent = StageEvent<"PartialAggregate" | "Tick">;

/** How long a finished request is remembered after its deadline, so that a late partial starts no second join. */
const REMEMBERED_MS = 3_600_000;

export const aggregate: Stage<AggregateEvent["type"], AggregatePorts> = {
  name: "aggregate",
  inputs: [
    { topic: "psi.partials", types: ["PartialAggregate"] },
    { topic: "clock.ticks", types: ["Tick"] },
  ],
  outputs: ["aggregate.sums", "proofs.pending", "match.preimages"],
  handle: (event, state, ports) =>
    event.type === "Tick" ? sweep(state, event.time) : handlePartial(event.value, event.time, state, ports),
};

/** `joins`: unfinished joins by request digest; `done`: the deadlines of finished requests. */
async function handlePartial(
  partial: PartialAggregate,
  time: number,
  state: StateView,
  ports: AggregatePorts,
): Promise<Outcome> {
  const { request } = partial;
  const { partitions } = ports;
  if (state.get("done", request.digest) !== undefined) return publish({});
  // Whether a sum of it left cannot be known any more: the ledger alone ends it.
  if (time > request.deadline + REMEMBERED_MS) return publish({});
  if (time > request.deadline) return refuse(overdue(request), { changes: finish(request) });
  const before = state.get("joins", request.digest) as Join | undefined;
  let joined: Join;
  try {
    joined = join(before, partial, partitions);
  } catch (error) {
    if (!(error instanceof PavilionError)) throw error;
    return reject(error.code, error.message, { changes: finish(request) });
  }
  if (joined === before) return publish({});
  if (joinedCount(joined) < partitions) {
    return publish({ changes: [{ table: "joins", key: request.digest, value: joined }] });
  }
  return complete(joined, ports);
}

async function complete(joined: Join, { region, blinding }: AggregatePorts): Promise<Outcome> {
  const { request, plan } = joined;
  const { aggregate: exact, leaf, preimage } = await commitAggregate(joined, region, blinding);
  return publish({
    outputs: [
      output("proofs.pending", "LogLeaf", leaf, { key: originOf(region) }),
      output("match.preimages", "MatchPreimage", preimage, { key: request.requestId }),
      output("aggregate.sums", "ExactAggregate", exact, { key: plan.jurisdiction }),
    ],
    changes: finish(request),
    audit: [aggregated(request, exact.matchLeaf)],
  });
}

/** Ends joins whose deadline has passed, and forgets requests that ended long ago. */
function sweep(state: StateView, time: number): Outcome {
  const changes: Change[] = [];
  const refusals: RefusedRequest[] = [];
  const joins = [...state.entries("joins")].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [, value] of joins) {
    const { request } = value as Join;
    if (time <= request.deadline) continue;
    refusals.push(overdue(request));
    changes.push(...finish(request));
  }
  for (const [key, deadline] of state.entries("done")) {
    if ((deadline as number) + REMEMBERED_MS < time) changes.push({ table: "done", key, value: undefined });
  }
  return publish({ changes }, refusals);
}

const finish = ({ digest, deadline }: RequestRef): Change[] => [
  { table: "joins", key: digest, value: undefined },
  { table: "done", key: digest, value: deadline },
];

const overdue = (request: RequestRef): RefusedRequest => ({
  request,
  code: "DEADLINE_PASSED",
  detail: "Not every partition answered before the deadline.",
});

const aggregated = (request: RequestRef, matchLeaf: string): Audit => ({
  tenant: request.tenant,
  action: "request.aggregated",
  request,
  details: { matchLeaf },
});
