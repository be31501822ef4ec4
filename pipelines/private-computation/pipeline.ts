/**
 * Private computation: from records and questions to one signed, noised result or one coded error, and from there to the
 * evidence that it was answered honestly. Each stage declares the topics it reads and writes; README.md draws the flow.
 */
import type { Stage } from "../../runtime/contract/stage.ts";
import { aggregate, type AggregatePorts } from "../../stages/aggregate/stage.ts";
import { anchoring, type AnchoringPorts } from "../../stages/anchoring/stage.ts";
import { compliance, type CompliancePorts } from "../../stages/compliance/stage.ts";
import { dp, type DpPorts } from "../../stages/dp/stage.ts";
import { evidence, type EvidencePorts } from "../../stages/evidence/stage.ts";
import { ingest, type IngestPorts } from "../../stages/ingest/stage.ts";
import { oprfRelay, type OprfRelayPorts } from "../../stages/oprf-relay/stage.ts";
import { psi, type PsiPorts } from "../../stages/psi/stage.ts";
import { result, type ResultPorts } from "../../stages/result/stage.ts";
import { routing, type RoutingPorts } from "../../stages/routing/stage.ts";
import { signing, type SigningPorts } from "../../stages/signing/stage.ts";
import { zkp, type ZkpPorts } from "../../stages/zkp/stage.ts";

/** All that the pipeline's stages need of the outside. */
export type PrivateComputationPorts = AggregatePorts &
  AnchoringPorts &
  CompliancePorts &
  DpPorts &
  EvidencePorts &
  IngestPorts &
  OprfRelayPorts &
  PsiPorts &
  ResultPorts &
  RoutingPorts &
  SigningPorts &
  ZkpPorts;

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
  zkp,
  anchoring,
  evidence,
];
