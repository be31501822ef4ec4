/**
 * The routing stage: verifies a broker's request and admits it in its home region. See README.md.
 */
import type { CollaborationTable } from "../../domain/terms/collaboration.ts";
import type { PopulationTable } from "../../domain/terms/home.ts";
import type { SeedTable } from "../../domain/log/seeds.ts";
import type { StandingTable } from "../../domain/terms/standing.ts";
import {
  decline,
  publish,
  refuse,
  type Outcome,
  type Stage,
  type StageEvent,
} from "../../runtime/contract/stage.ts";
import type { StateView } from "../../runtime/contract/state.ts";
import { faultOf, isElsewheres } from "./admission.ts";
import { FairQueue, WAITING, type WaitingLimits } from "./fair-queue.ts";
import { missingStage, noteSeen } from "./health.ts";
import { FLIGHTS } from "./in-flight.ts";
import { memoryOf, noteDigest, SEEN } from "./replay.ts";
import { Turns } from "./turns.ts";
import { verifyRequest, type Fault } from "./verification.ts";

export interface RoutingPorts {
  readonly region: string;
  readonly collaborations: CollaborationTable;
  readonly populations: PopulationTable;
  readonly seeds: SeedTable;
  readonly standing: StandingTable;
  readonly partitions: number;
  /** The stages that a question waits for: all of them must be up for it to be answered. */
  readonly answeringStages: readonly string[];
  readonly waiting: WaitingLimits;
}

export const routing: Stage<"SignedRequest" | "Concluded" | "Tick", RoutingPorts> = {
  name: "routing",
  inputs: [
    { topic: "broker.requests", types: ["SignedRequest"] },
    { topic: "result.concluded", types: ["Concluded"] },
    { topic: "clock.ticks", types: ["Tick"] },
  ],
  tables: [SEEN.entries, FLIGHTS, WAITING],
  outputs: ["routing.routed"],
  fills: (state, { waiting }) => new FairQueue(state, waiting).fills,
  handle(event, state, ports) {
    if (event.type === "SignedRequest") return route(event, state, ports);
    const turns = new Turns(state, event.time, ports.waiting);
    if (event.type === "Concluded") {
      turns.end(event.value.requestDigest);
      return turns.outcome();
    }
    const seen = noteSeen(event.value.stages, ports.answeringStages, state, event.time);
    return turns.outcome({ changes: [...seen, ...SEEN.forget(state, event.time)] });
  },
};

/** What nobody signed is declined, and so is what another region decides: neither ends any request. */
function route(event: StageEvent<"SignedRequest">, state: StateView, ports: RoutingPorts): Outcome {
  const verification = verifyRequest(event, ports.collaborations);
  if (verification.verified === undefined) return decline(verification.fault.code, verification.fault.detail);
  const { verified } = verification;
  if (ports.standing.isBrokerRevoked(verified.broker)) {
    return decline("BROKER_REVOKED", "The operator has revoked the broker.");
  }
  if (isElsewheres(verified, ports.region)) {
    return decline("NOT_HOME_REGION", "The request names a different region.");
  }
  const { request, read } = verified;
  const { tenant } = request;
  const memory = memoryOf(read, state, event.time);
  if (memory === "decided") return publish({ audit: [{ tenant, action: "request.duplicate", request }] });
  if (memory === "beyond") return publish({ audit: [{ tenant, action: "request.forgotten", request }] });

  // Refused or not: a verified request is decided once.
  const changes = [noteDigest(request.digest, request.deadline)];
  const { time } = event;
  const fault = faultOf(verified, ports, time) ?? unavailable(state, time, ports);
  const { document, signature } = event.value;
  if (fault !== undefined) return refuse({ request, document, ...fault }, { changes });
  const seed = ports.seeds.openSeed(read.document.seedCommitment);
  if (seed === undefined) {
    const detail = "The request names a seed that is not anchored here, or is no longer open.";
    return refuse({ request, document, code: "STALE_SEED", detail }, { changes });
  }
  const { id, commitment } = seed;
  const turns = new Turns(state, time, ports.waiting);
  const routed = { request, document, signature, seed: { id, commitment } };
  if (!turns.enter(routed, verified.broker.key)) {
    const detail = "This broker, or this tenant of it, has as many requests waiting as are allowed.";
    return refuse({ request, document, code: "RATE_LIMITED", detail }, { changes });
  }
  return turns.outcome({ changes });
}

function unavailable(state: StateView, time: number, ports: RoutingPorts): Fault | undefined {
  const stage = missingStage(ports.answeringStages, state, time);
  if (stage === undefined) return undefined;
  return {
    code: "REGION_UNAVAILABLE",
    detail: `The stage ${stage} has not been seen within the last minute.`,
  };
}
