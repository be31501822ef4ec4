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
  type Outcome,
  type RefusedRequest,
  type Stage,
  type StageEvent,
} from "../../runtime/contract/stage.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
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

/** Unfinished joins by request digest, ranked by their deadlines. */
const JOINS = new Table<Join>("joins", ({ request }) => request.deadline);
/** The deadlines of finished requests, by digest, ranked by when they are forgotten. */
const DONE = new Table<number>("done", (deadline) => deadline + REMEMBERED_MS);
/** So many joins end with one tick at most. */
const ENDED_MAX = 200;

export const aggregate: Stage<AggregateEvent["type"], AggregatePorts> = {
  name: "aggregate",
  inputs: [
    { topic: "psi.partials", types: ["PartialAggregate"] },
    { topic: "clock.ticks", types: ["Tick"] },
  ],
  tables: [JOINS, DONE],
  outputs: ["aggregate.sums", "proofs.pending", "match.preimages"],
  handle: (event, state, ports) =>
    event.type === "Tick" ? sweep(state, event.time) : handlePartial(event.value, event.time, state, ports),
};

async function handlePartial(
  partial: PartialAggregate,
  time: number,
  state: StateView,
  ports: AggregatePorts,
): Promise<Outcome> {
  const { request } = partial;
  const { partitions } = ports;
  if (DONE.get(state, request.digest) !== undefined) return publish({});
  // Whether a sum of it left cannot be known any more: the ledger alone ends it.
  if (time > request.deadline + REMEMBERED_MS) return publish({});
  if (time > request.deadline) return refuse(overdue(request), { changes: finish(request) });
  const before = JOINS.get(state, request.digest);
  let joined: Join;
  try {
    joined = join(before, partial, partitions);
  } catch (error) {
    if (!(error instanceof PavilionError)) throw error;
    return reject(error.code, error.message, { changes: finish(request) });
  }
  if (joined === before) return publish({});
  if (joinedCount(joined) < partitions) {
    return publish({ changes: [JOINS.put(request.digest, joined)] });
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
  const late = JOINS.ranked(state, { below: time, limit: ENDED_MAX })
    .map(({ value: { request } }) => request)
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const changes = [...late.flatMap(finish), ...DONE.removeBelow(state, time)];
  return publish({ changes }, late.map(overdue));
}

const finish = ({ digest, deadline }: RequestRef): Change[] => [
  JOINS.remove(digest),
  DONE.put(digest, deadline),
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
