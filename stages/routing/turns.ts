/**
 * Lets requests go while there is room, whoever signed them in turn, and each one's tenants in theirs.
 */
import { paceAfter, secondsOf, turnsUntil } from "../../domain/fairness/turns-left.ts";
import {
  output,
  publish,
  type Audit,
  type Effects,
  type Outcome,
  type RefusedRequest,
} from "../../runtime/contract/stage.ts";
import { FairQueue, LATE_MAX, type QueueLimits, type Waiter } from "../../runtime/contract/fair-queue.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { RoutedRequest } from "../../schemas/avro/index.ts";
import { InFlight } from "./in-flight.ts";

/** What waits, see FairQueue; ranked by the deadline. */
export const WAITING = new Table<RoutedRequest>("waiting", ({ request }) => request.deadline);

/** How turns go while some wait, under one key. */
const PACE = new Table<{
  /** When the last turn was, or the first began to wait. */
  readonly since: number;
  /** How long a turn took lately. */
  readonly millisecondsEach?: number;
}>("pace");
const ONLY = "";
/** The turns ahead are told by so many tenants' queues. */
const ESTIMATED_BY_MAX = 256;

/** What an event does to those who wait; `time` is the event's. One object serves one event. */
export class Turns {
  readonly #queue: FairQueue<RoutedRequest>;
  readonly #flights: InFlight;
  readonly #time: number;
  readonly #state: StateView;
  /** Whether some waited before this event. */
  readonly #waited: boolean;

  constructor(state: StateView, time: number, limits: QueueLimits) {
    this.#queue = new FairQueue(state, WAITING, limits);
    this.#flights = new InFlight(state);
    this.#time = time;
    this.#state = state;
    this.#waited = this.#queue.length > 0;
  }

  /** A request that may go, and the key that signed it. False where too many like it wait already. */
  enter(routed: RoutedRequest, waiter: Waiter): boolean {
    return this.#queue.put(routed, waiter);
  }

  /** In about how many seconds one more may wait, once `enter` said no; undefined where no turn has been waited for yet. */
  roomIn(waiter: Waiter): number | undefined {
    const { millisecondsEach } = PACE.get(this.#state, ONLY) ?? {};
    if (millisecondsEach === undefined) return undefined;
    return secondsOf(turnsUntil(this.#queue.shares(ESTIMATED_BY_MAX), waiter, 1), millisecondsEach);
  }

  /** A request that ended. */
  end(digest: string): void {
    this.#flights.end(digest);
  }

  /** Lets go whom there is room for, and refuses whoever waited past the deadline. `effects` are published besides. */
  outcome(effects: Effects = {}): Outcome {
    const time = this.#time;
    this.#flights.endLate(time);
    const refusals = this.#queue.takeBelow(time).map(tooLate);
    const refusedMax = refusals.length + LATE_MAX;
    const gone: RoutedRequest[] = [];
    while (this.#flights.hasRoom && refusals.length < refusedMax) {
      const routed = this.#queue.take();
      if (routed === undefined) break;
      if (routed.request.deadline < time) {
        refusals.push(tooLate(routed));
        continue;
      }
      this.#flights.start(routed.request.digest, routed.request.deadline);
      gone.push(routed);
    }
    const { changes = [], audit = [], outputs = [] } = effects;
    return publish(
      {
        outputs: [
          ...outputs,
          ...gone.map((routed) =>
            output("routing.routed", "RoutedRequest", routed, { key: routed.request.requestId }),
          ),
        ],
        changes: [...changes, ...this.#queue.changes, ...this.#flights.changes, ...this.#pace(gone.length)],
        audit: [...audit, ...gone.map(routedAudit)],
      },
      refusals,
    );
  }

  /** So many turns have been since the last. */
  #pace(turns: number): Change[] {
    const time = this.#time;
    const before = PACE.get(this.#state, ONLY);
    if (!this.#waited) return this.#queue.length > 0 ? [PACE.put(ONLY, { ...before, since: time })] : [];
    if (turns === 0 || before === undefined) return [];
    const millisecondsEach = paceAfter(before.millisecondsEach, (time - before.since) / turns);
    return [PACE.put(ONLY, { since: time, millisecondsEach })];
  }
}

const routedAudit = ({ request }: RoutedRequest): Audit => ({
  tenant: request.tenant,
  action: "request.routed",
  request,
});

const tooLate = ({ request, document }: RoutedRequest): RefusedRequest => ({
  request,
  document,
  code: "DEADLINE_PASSED",
  detail: "The request waited for its turn until its deadline.",
});
