/**
 * The evidence stage: joins what was signed, proven and anchored of a request to one bundle that an auditor checks
 * offline. See README.md.
 */
import { createHash } from "node:crypto";
import { output, publish, type Outcome, type Stage } from "../../runtime/contract/stage.ts";
import type { StateView } from "../../runtime/contract/state.ts";
import type {
  AnchorReceipt,
  CollaborationEntry,
  PopulationEntry,
  RequestRef,
} from "../../schemas/avro/index.ts";
import { bundleOf, complete, type Region } from "./bundle.ts";
import { isOfCharge, logEvidenceIn } from "./log-evidence.ts";
import {
  DONE,
  finish,
  forgetOld,
  keepPieces,
  noteRefusal,
  PIECES,
  REFUSED,
  withPiece,
  type Pieces,
} from "./pieces.ts";

export interface EvidencePorts extends Region {
  /** A collaboration's version as it was published. */
  readonly collaborationEntry: (id: string, version: number) => CollaborationEntry | undefined;
  /** The same of a population's. */
  readonly populationEntry: (id: string, version: number) => PopulationEntry | undefined;
}

export const evidence: Stage<
  "RoutedRequest" | "ReleaseProof" | "SignedResult" | "AnchorReceipt" | "Refusal" | "Tick",
  EvidencePorts
> = {
  name: "evidence",
  inputs: [
    { topic: "routing.routed", types: ["RoutedRequest"], besideAnswer: true },
    { topic: "zkp.proven", types: ["ReleaseProof"], besideAnswer: true },
    { topic: "signing.signed", types: ["SignedResult"], besideAnswer: true },
    { topic: "anchoring.receipts", types: ["AnchorReceipt"], besideAnswer: true },
    { topic: "result.refusals", types: ["Refusal"], besideAnswer: true },
    { topic: "clock.ticks", types: ["Tick"] },
  ],
  tables: [PIECES, DONE, REFUSED],
  outputs: ["evidence.bundles"],
  handle({ type, value, time }, state, ports) {
    switch (type) {
      case "RoutedRequest":
        return join(
          value.request,
          { document: value.document, signature: value.signature },
          state,
          time,
          ports,
        );
      case "ReleaseProof":
        return join(value.request, { plan: value.plan, release: value.text }, state, time, ports);
      case "SignedResult":
        // A repeated answer's evidence is the first one's.
        if (value.repeats !== null) return publish({ changes: finish(value.request, time) });
        return join(value.request, { credential: value.credential }, state, time, ports);
      case "AnchorReceipt":
        return takeReceipt(value, state, time, ports);
      case "Refusal":
        return publish({ changes: value.unsigned ? [] : noteRefusal(value, time) });
      case "Tick":
        return publish({ changes: forgetOld(state, time) });
    }
  },
};

/** What is missing of a charge is told; a receipt of another pipeline's leaves is no part of a bundle here. */
function takeReceipt(
  { request, text }: AnchorReceipt,
  state: StateView,
  time: number,
  ports: EvidencePorts,
): Outcome {
  const log = logEvidenceIn(text);
  if (log !== undefined) return join(request, { log }, state, time, ports);
  const audit = [{ tenant: request.tenant, action: "evidence.incomplete", request }];
  return publish({ audit: isOfCharge(text) ? audit : [] });
}

function join(
  request: RequestRef,
  piece: Pieces,
  state: StateView,
  time: number,
  ports: EvidencePorts,
): Outcome {
  const pieces = withPiece(request, piece, state);
  if (pieces === undefined) return publish({});
  const all = complete(pieces);
  if (all === undefined) return publish({ changes: keepPieces(request, pieces) });
  const { collaboration, version, population, populationVersion } = all.plan;
  const terms = ports.collaborationEntry(collaboration, version);
  const paying = ports.populationEntry(population, populationVersion);
  if (terms === undefined || paying === undefined)
    throw new Error("the region no longer has the version that was answered");
  const bundle = bundleOf(all, { terms, paying }, ports);
  const details = { bundle: createHash("sha256").update(bundle.text).digest("hex") };
  return publish({
    outputs: [output("evidence.bundles", "EvidenceBundle", bundle, { key: request.requestId })],
    changes: finish(request, time),
    audit: [{ tenant: request.tenant, action: "evidence.published", request, details }],
  });
}
