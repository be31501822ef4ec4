/**
 * The compliance stage: decides whether a question may be asked, and pins what it computes. See README.md.
 */
import type { CollaborationTable } from "../../domain/terms/collaboration.ts";
import type { StandingTable } from "../../domain/terms/standing.ts";
import { accountsBefore, collaborationNamed, homeOf, type PopulationTable } from "../../domain/terms/home.ts";
import { parseDocument } from "../../schemas/reading/validate.ts";
import { PavilionError } from "../../errors/errors.ts";
import { output, publish, refuse, type Outcome, type Stage } from "../../runtime/contract/stage.ts";
import type { StateView } from "../../runtime/contract/state.ts";
import type { MatchQuestion, RoutedRequest } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import { HEADS, noteHead } from "./heads.ts";
import { planFor } from "./plan.ts";
import { policyInput, type Policy } from "../../domain/policy/policy.ts";

export interface CompliancePorts {
  readonly region: string;
  /** The region's own, which populations must name as theirs. */
  readonly jurisdiction: string;
  readonly collaborations: CollaborationTable;
  readonly standing: StandingTable;
  readonly populations: PopulationTable;
  readonly partitions: number;
  readonly policy: Policy;
}

export const compliance: Stage<"RoutedRequest" | "DatasetHead", CompliancePorts> = {
  name: "compliance",
  inputs: [
    { topic: "routing.routed", types: ["RoutedRequest"] },
    { topic: "dataset.heads", types: ["DatasetHead"] },
  ],
  tables: [HEADS],
  outputs: ["compliance.approved"],
  handle(event, state, ports) {
    if (event.type === "DatasetHead") return publish({ changes: noteHead(event.value, state) });
    try {
      return decide(event.value, state, ports);
    } catch (error) {
      if (!(error instanceof PavilionError)) throw error;
      return denied(event.value, error, { bundle: ports.policy.bundle });
    }
  },
};

/** Policy first: who may not ask learns nothing of what could be asked. Throws the code of the refusal. */
function decide(routed: RoutedRequest, state: StateView, ports: CompliancePorts): Outcome {
  const { request, document: text, seed } = routed;
  const document = parseDocument("request", text);
  const collaboration = collaborationNamed(document.collaboration, ports.collaborations);
  if (collaboration.version !== document.collaborationVersion) {
    throw new PavilionError(
      "STALE_COLLABORATION",
      `The collaboration has a newer version by now: version ${String(collaboration.version)}.`,
    );
  }
  requireStanding(document.broker, collaboration, ports.standing);
  const { population, home } = homeOf(collaboration, ports.region, ports.populations);
  const region = { name: ports.region, jurisdiction: ports.jurisdiction };
  const { allow, reasons } = ports.policy.evaluate(policyInput(document, collaboration, population, region));
  const { bundle } = ports.policy;
  const details = { reasons: reasons.join("; "), bundle };
  if (!allow) {
    return denied(
      routed,
      new PavilionError("POLICY_DENIED", `The policy denies: ${reasons.join("; ")}.`),
      details,
    );
  }
  const carried = accountsBefore(population, ports.collaborations);
  const terms = { collaboration, population, home, carried };
  const plan = planFor(document, terms, { seed, policyBundle: bundle }, state);
  const question: MatchQuestion = { request, document: text, plan };
  return publish({
    outputs: [
      output("compliance.approved", "MatchQuestion", question, { key: request.requestId, partition: "all" }),
    ],
    audit: [{ tenant: request.tenant, action: "request.approved", request, details }],
  });
}

/** Nobody's data is computed on who was cut off, nor for whom, were it cut off while the request waited. */
function requireStanding(
  asker: string,
  { brokers, providers }: Collaboration,
  standing: StandingTable,
): void {
  const broker = brokers.find(({ id }) => id === asker);
  if (broker !== undefined && standing.isBrokerRevoked(broker)) {
    throw new PavilionError("BROKER_REVOKED", "The operator has revoked the broker.");
  }
  const revoked = providers.find(({ id }) => standing.isProviderRevoked(id));
  if (revoked !== undefined) {
    throw new PavilionError("PROVIDER_REVOKED", `The operator has revoked the provider ${revoked.id}.`);
  }
}

function denied({ request }: RoutedRequest, error: PavilionError, details: Record<string, string>): Outcome {
  const { code, message: detail } = error;
  return refuse(
    { request, code, detail },
    { audit: [{ tenant: request.tenant, action: "request.denied", request, code, details }] },
  );
}
