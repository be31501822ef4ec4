/**
 * Lets requests go while there is room, whoever signed them in turn, and each one's tenants in theirs.
 */
import {
  output,
  publish,
  type Audit,
  type Effects,
  type Outcome,
  type RefusedRequest,
} from "../../runtime/contract/stage.ts";
import type { StateView } from "../../runtime/contract/state.ts";
import type { RoutedRequest } from "../../schemas/avro/index.ts";
import { FairQueue, LATE_MAX, type WaitingLimits } from "./fair-queue.ts";
import { InFlight } from "./in-flight.ts";

/** What an event does to those who wait; `time` is the event's. One object serves one event. */
export class Turns {
  readonly #queue: FairQueue;
  readonly #flights: InFlight;
  readonly #time: number;

  constructor(state: StateView, time: number, limits: WaitingLimits) {
    this.#queue = new FairQueue(state, limits);
    this.#flights = new InFlight(state);
    this.#time = time;
  }

  /** A request that may go, and the key that signed it. False where too many like it wait already. */
  enter(routed: RoutedRequest, signer: string): boolean {
    return this.#queue.put(routed, signer);
  }

  /** A request that ended. */
  end(digest: string): void {
    this.#flights.end(digest);
  }

  /** Lets go whom there is room for, and refuses whoever waited past the deadline. `effects` are published besides. */
  outcome(effects: Effects = {}): Outcome {
    const time = this.#time;
    this.#flights.endLate(time);
    const refusals = this.#queue.takeLate(time).map(tooLate);
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
        changes: [...changes, ...this.#queue.changes, ...this.#flights.changes],
        audit: [...audit, ...gone.map(routedAudit)],
      },
      refusals,
    );
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
