/**
 * The bundle of a request whose pieces are all there: what was asked and agreed, as it was signed; what was released,
 * with its proofs; the credential; and where the log and the chain hold it.
 */
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { signersOf } from "../../domain/terms/population.ts";
import { signatureOf, type Signer } from "../../domain/terms/signatures.ts";
import { parseDocument, validateDocument } from "../../schemas/reading/validate.ts";
import type { CollaborationEntry, EvidenceBundle, PopulationEntry } from "../../schemas/avro/index.ts";
import type { EvidenceBundleDocument, LogEvidence, Release } from "../../schemas/json/evidence-bundle.ts";
import type { Pieces } from "./pieces.ts";

export interface Region {
  readonly region: string;
  readonly jurisdiction: string;
}

/** The pieces, all of them; undefined while one is missing. */
export function complete(pieces: Pieces): Required<Pieces> | undefined {
  const { request, document, signature, plan, release, log, credential } = pieces;
  if (request === undefined || document === undefined || signature === undefined || plan === undefined)
    return undefined;
  if (release === undefined || log === undefined || credential === undefined) return undefined;
  return { request, document, signature, plan, release, log, credential };
}

/** Throws DOCUMENT_INVALID where what came does not make a bundle of the schema. */
export function bundleOf(
  pieces: Required<Pieces>,
  { terms, paying }: { readonly terms: CollaborationEntry; readonly paying: PopulationEntry },
  here: Region,
): EvidenceBundle {
  const { request, plan } = pieces;
  const bundle: EvidenceBundleDocument = {
    type: "pavilion/evidence-bundle",
    version: 2,
    request: { document: objectIn(pieces.document), signature: pieces.signature },
    collaboration: signedBy("collaboration", terms, parseDocument("collaboration", terms.document).providers),
    population: signedBy("population", paying, signersOf(parseDocument("population", paying.document))),
    datasets: plan.datasets.map(({ provider, dataset, sequence, head, signature }) => ({
      provider,
      dataset,
      sequence,
      head,
      signature,
    })),
    policy: { bundle: plan.policyBundle, region: here.region, jurisdiction: here.jurisdiction, allow: true },
    release: JSON.parse(pieces.release) as Release,
    credential: pieces.credential,
    log: JSON.parse(pieces.log) as LogEvidence,
  };
  const text = new TextDecoder().decode(canonicalBytes(validateDocument("evidence-bundle", bundle)));
  return { requestId: request.requestId, requestDigest: request.digest, tenant: request.tenant, text };
}

/** The document, with one signature for each signer, whatever order they were published in and who else has signed. */
function signedBy(
  kind: "collaboration" | "population",
  { document: text, signatures }: CollaborationEntry | PopulationEntry,
  signers: readonly Signer[],
) {
  const document = objectIn(text);
  const own = signers.flatMap((signer) => signatureOf(kind, document, signatures, signer) ?? []);
  return { document, signatures: own.map(({ provider, signature }) => ({ provider, signature })) };
}

const objectIn = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;
