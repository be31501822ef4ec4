/** The datasets as of which the question was answered: the collaboration's, each at a head that its provider signed. */
import { verifySignature } from "../../../domain/terms/signatures.ts";
import type { Collaboration } from "../../../schemas/json/collaboration.ts";
import type { DatasetHeadDocument } from "../../../schemas/json/dataset-head.ts";
import type { EvidenceBundleDocument, SignedHead } from "../../../schemas/json/evidence-bundle.ts";
import { require } from "../../checklist.ts";

/** The heads in slot order, each of a whole push, once their signatures hold. */
export function signedHeads(
  { datasets }: EvidenceBundleDocument,
  { id, matching, providers }: Collaboration,
): readonly SignedHead[] {
  require(datasets.length === providers.length, "There is not exactly one head for each provider.");
  for (const [slot, participant] of providers.entries()) {
    const signed = datasets[slot];
    require(signed?.provider === participant.id &&
      signed.dataset ===
        participant.dataset, "The heads are not those of the collaboration's datasets, in the order of their slots.");
    const { provider, dataset, sequence, head, signature } = signed;
    const place = { collaboration: id, epoch: matching.epoch, provider, dataset, sequence };
    const document: DatasetHeadDocument = {
      type: "pavilion/dataset-head",
      ...place,
      head,
      complete: true,
    };
    verifySignature("dataset-head", document, signature, participant);
  }
  return datasets;
}
