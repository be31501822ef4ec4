/**
 * What is live of this provider's dataset, by the region's word and the provider's own signature: the newest head that
 * ingest accepted, in a compacted topic that this provider alone reads. Whatever the agent's own folder remembers, it goes
 * on from here.
 *
 * Promises: a head that this provider did not sign for this dataset and epoch is none. Does not see whether the region
 * holds back a newer one; ingest refuses then what follows an older.
 */
import { verifySignature } from "../../domain/terms/signatures.ts";
import { validateDocument } from "../../schemas/reading/validate.ts";
import { PavilionError } from "../../errors/errors.ts";
import { readEvents } from "../../runtime/kafka/events.ts";
import type { LiveHead } from "../../schemas/avro/index.ts";
import type { Participant } from "../../schemas/json/collaboration.ts";
import { sourceOf, type Agent } from "./agent.ts";
import type { Head } from "./sealing.ts";
import type { DatasetPlace } from "./state-folder.ts";

/** Undefined where nothing of the dataset is live in the epoch, or nothing was pushed since regions tell. */
export async function readLiveHead(
  agent: Agent,
  place: DatasetPlace,
  participant: Participant,
): Promise<Head | undefined> {
  let newest: Head | undefined;
  await readEvents(sourceOf(agent, "heads"), {
    ...{ topic: "provider.heads.<provider>", owner: agent.self.provider, types: ["LiveHead"] },
    from: "beginning",
    take({ value }) {
      newest = signedHead(value, place, participant) ?? newest;
    },
  });
  return newest;
}

/** The head, where it is the dataset's in the epoch. Throws DOCUMENT_INVALID or BAD_SIGNATURE. */
export function signedHead(
  { collaboration, epoch, provider, dataset, sequence, head, complete, signature }: LiveHead,
  place: DatasetPlace,
  participant: Participant,
): Head | undefined {
  if (collaboration !== place.collaboration || dataset !== place.dataset || epoch !== place.epoch) {
    return undefined;
  }
  const members = { collaboration, epoch, provider, dataset, sequence, head, complete };
  const document = validateDocument("dataset-head", { type: "pavilion/dataset-head", ...members });
  verifySignature("dataset-head", document, signature, participant);
  return { sequence, head };
}

/**
 * What the next batch follows: the live head; the remembered one where the region reports none. Throws REGION_BEHIND
 * where the region reports an older one than was accepted: it lost batches, and following either would fork the chain.
 */
export function headToFollow(live: Head | undefined, remembered: Head | undefined): Head | undefined {
  if (live === undefined || remembered === undefined) return live ?? remembered;
  if (live.sequence >= remembered.sequence) return live;
  throw new PavilionError(
    "REGION_BEHIND",
    `Batch ${String(live.sequence)} is the newest of the dataset that the region reports, and batch ${String(remembered.sequence)} was accepted from this agent.`,
  );
}
