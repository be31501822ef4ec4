/**
 * Private computation: from records and questions to one signed, noised result or one coded error.
 *
 *   ingest.<provider> → ingest ─────────────→ dataset.slices, dataset.heads, provider.notices.<provider>
 *   ingest.<provider> → oprf-relay ─────────→ oprf.blinded.<sender>, oprf.evaluated.<receiver>
 *   broker.requests   → routing ────────────→ routing.routed
 *   routing.routed, dataset.heads → compliance → compliance.approved        (to every psi partition)
 *   compliance.approved, dataset.slices → psi ─→ psi.partials               (one from every partition)
 *   psi.partials      → aggregate ──────────→ aggregate.sums                (the jurisdiction's one partition)
 *   aggregate.sums    → dp ─────────────────→ dp.released
 *   dp.released       → signing ────────────→ signing.signed
 *   routing.routed, signing.signed, result.refusals → result → broker.results
 */
import type { Stage } from "../runtime/stage.ts";
import { aggregate, type AggregatePorts } from "../stages/aggregate/stage.ts";
import { compliance, type CompliancePorts } from "../stages/compliance/stage.ts";
import { dp, type DpPorts } from "../stages/dp/stage.ts";
import { ingest, type IngestPorts } from "../stages/ingest/stage.ts";
import { oprfRelay, type OprfRelayPorts } from "../stages/oprf-relay/stage.ts";
import { psi, type PsiPorts } from "../stages/psi/stage.ts";
import { result, type ResultPorts } from "../stages/result/stage.ts";
import { routing, type RoutingPorts } from "../stages/routing/stage.ts";
import { signing, type SigningPorts } from "../stages/signing/stage.ts";

/** All that the pipeline's stages need of the outside. */
export type PrivateComputationPorts = AggregatePorts &
  CompliancePorts &
  DpPorts &
  IngestPorts &
  OprfRelayPorts &
  PsiPorts &
  ResultPorts &
  RoutingPorts &
  SigningPorts;

export const privateComputation: readonly Stage<never, PrivateComputationPorts>[] = [
  ingest,
  oprfRelay,
  routing,
  compliance,
  psi,
  aggregate,
  dp,
  signing,
  result,
];
