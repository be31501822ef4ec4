/**
 * The routing stage: verifies a broker's request and admits it in its home region. See README.md.
 */
import type { CollaborationTable } from "../../documents/collaboration.ts";
import type { SeedTable } from "../../documents/seeds.ts";
import {
  publish,
  refuse,
  type Outcome,
  type Stage,
  type StageEvent,
  type StateView,
} from "../../runtime/stage.ts";
import { faultOf } from "./admission.ts";
import { missingStage, noteSeen } from "./health.ts";
import { isSeen, noteDigest, pruneSeen } from "./replay.ts";
import { Turns } from "./turns.ts";
import { verifyRequest, type Fault } from "./verification.ts";

export interface RoutingPorts {
  readonly region: string;
  readonly collaborations: CollaborationTable;
  readonly seeds: SeedTable;
  readonly partitions: number;
  /** The stages that must be up for a request to be answered. */
  readonly pipelineStages: readonly string[];
}

export const routing: Stage<"SignedRequest" | "Result" | "Tick", RoutingPorts> = {
  name: "routing",
  inputs: [
    { topic: "broker.requests", types: ["SignedRequest"] },
    { topic: "broker.results", types: ["Result"] },
    { topic: "clock.ticks", types: ["Tick"] },
  ],
  outputs: ["routing.routed"],
  handle(event, state, ports) {
    if (event.type === "SignedRequest") return route(event, state, ports);
    const turns = new Turns(state, event.time);
    if (event.type === "Result") {
      turns.end(event.value.requestDigest);
      return turns.outcome();
    }
    const seen = noteSeen(event.value.stages, ports.pipelineStages, state, event.time);
    return turns.outcome({ changes: [...seen, ...pruneSeen(state, event.time)] });
  },
};

function route(event: StageEvent<"SignedRequest">, state: StateView, ports: RoutingPorts): Outcome {
  const verification = verifyRequest(event, ports.collaborations);
  if (verification.verified === undefined) {
    const { request, fault } = verification;
    return refuse({ request, ...fault });
  }
  const { request, read } = verification.verified;
  const { tenant } = request;
  if (isSeen(request.digest, state))
    return publish({ audit: [{ tenant, action: "request.duplicate", request }] });

  // Refused or not: a verified request is decided once.
  const changes = [noteDigest(request.digest, request.deadline)];
  const { time, value: signed } = event;
  const fault = faultOf(verification.verified, ports.region, time) ?? unavailable(state, time, ports);
  if (fault !== undefined) return refuse({ request, ...fault }, { changes });
  const seed = ports.seeds.openSeed(read.document.seedCommitment);
  if (seed === undefined) {
    const detail = "The request names a seed that is not anchored here, or is no longer open.";
    return refuse({ request, code: "STALE_SEED", detail }, { changes });
  }
  const { id, commitment } = seed;
  const turns = new Turns(state, time);
  const { document, signature } = signed;
  if (!turns.enter({ request, document, signature, seed: { id, commitment } })) {
    const detail = "As many requests of this tenant wait as may.";
    return refuse({ request, code: "RATE_LIMITED", detail }, { changes });
  }
  return turns.outcome({ changes });
}

function unavailable(state: StateView, time: number, ports: RoutingPorts): Fault | undefined {
  const stage = missingStage(ports.pipelineStages, state, time);
  if (stage === undefined) return undefined;
  return { code: "REGION_UNAVAILABLE", detail: `The stage ${stage} was not seen within the last minute.` };
}
