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
import type { Change, StateView } from "../../runtime/contract/state.ts";
import { faultOf, isElsewheres } from "./admission.ts";
import { FairQueue } from "../../runtime/contract/fair-queue.ts";
import { evidenceWait, noteQueue } from "./evidence-door.ts";
import { missingStage, noteSeen } from "./health.ts";
import { FLIGHTS } from "./in-flight.ts";
import type { RoutingLimits } from "./limits.ts";
import { BUCKETS, forgetFull, rated } from "./rates.ts";
import { memoryOf, noteDigest, SEEN } from "./replay.ts";
import { Turns, WAITING } from "./turns.ts";
import { verifyRequest, type Fault, type VerifiedRequest } from "./verification.ts";

export interface RoutingPorts {
  readonly region: string;
  readonly collaborations: CollaborationTable;
  readonly populations: PopulationTable;
  readonly seeds: SeedTable;
  readonly standing: StandingTable;
  readonly partitions: number;
  /** The stages that a question waits for: all of them must be up for it to be answered. */
  readonly answeringStages: readonly string[];
  /** The one that makes the proofs, for which no answer waits. */
  readonly provingStage: string;
  readonly limits: RoutingLimits;
}

export const routing: Stage<"SignedRequest" | "Concluded" | "EvidenceQueue" | "Tick", RoutingPorts> = {
  name: "routing",
  inputs: [
    { topic: "broker.requests", types: ["SignedRequest"] },
    { topic: "result.concluded", types: ["Concluded"] },
    { topic: "zkp.waiting", types: ["EvidenceQueue"], besideAnswer: true },
    { topic: "clock.ticks", types: ["Tick"] },
  ],
  tables: [SEEN.entries, FLIGHTS, WAITING, BUCKETS],
  outputs: ["routing.routed"],
  fills: (state, { limits }) => new FairQueue(state, WAITING, limits.waiting).fills,
  handle(event, state, ports) {
    if (event.type === "SignedRequest") return route(event, state, ports);
    if (event.type === "EvidenceQueue") return publish({ changes: [noteQueue(event.value)] });
    const { time } = event;
    const turns = new Turns(state, time, ports.limits.waiting);
    if (event.type === "Concluded") {
      turns.end(event.value.requestDigest);
      return turns.outcome();
    }
    const seen = noteSeen(event.value.stages, [...ports.answeringStages, ports.provingStage], state, time);
    return turns.outcome({ changes: [...seen, ...SEEN.forget(state, time), ...forgetFull(state, time)] });
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
  const asking = mayAsk(verified, state, time, ports);
  if ("code" in asking) return refuse({ request, document, ...asking }, { changes });
  const { id, commitment } = seed;
  const turns = new Turns(state, time, ports.limits.waiting);
  const waiter = { signer: verified.broker.key, tenant };
  if (!turns.enter({ request, document, signature, seed: { id, commitment } }, waiter)) {
    const detail = `This broker, or this tenant of it, has as many requests waiting as are allowed.${about(turns.roomIn(waiter))}`;
    return refuse({ request, document, code: "RATE_LIMITED", detail }, { changes });
  }
  return turns.outcome({ changes: [...changes, ...asking.changes] });
}

/** Whether its broker and tenant may ask any more for now; what that takes of how often they may. */
function mayAsk(
  { request, broker }: VerifiedRequest,
  state: StateView,
  time: number,
  { provingStage, limits }: RoutingPorts,
): { readonly changes: readonly Change[] } | Fault {
  const isProving = missingStage([provingStage], state, time) === undefined;
  const wait = isProving ? evidenceWait(broker.key, limits.waiting.evidence, state) : undefined;
  if (wait !== undefined) {
    const detail = `The proofs of as many answers of this broker are still to be made as are allowed.${about(wait)}`;
    return { code: "EVIDENCE_BEHIND", detail };
  }
  const { changes, waitMs } = rated(
    { signer: broker.key, tenant: request.tenant },
    limits.rates,
    state,
    time,
  );
  if (waitMs === 0) return { changes };
  const detail = "This broker, or this tenant of it, has asked as often within a minute as is allowed.";
  return { code: "RATE_LIMITED", detail: `${detail}${about(Math.ceil(waitMs / 1_000))}` };
}

const about = (seconds: number | undefined): string =>
  seconds === undefined
    ? ""
    : ` There is room again in about ${seconds === 1 ? "a second" : `${String(seconds)} seconds`}.`;

function unavailable(state: StateView, time: number, ports: RoutingPorts): Fault | undefined {
  const stage = missingStage(ports.answeringStages, state, time);
  if (stage === undefined) return undefined;
  return {
    code: "REGION_UNAVAILABLE",
    detail: `The stage ${stage} has not been seen within the last minute.`,
  };
}
