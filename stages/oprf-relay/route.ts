/**
 * Who hears what: a receiver's blinded batch goes to the sender alone, the sender's evaluation to the receiver that
 * asked alone, the epoch's key to every receiver. Messages are forwarded as they came, signature included.
 */
import { PavilionError } from "../../errors/errors.ts";
import { output, type Output } from "../../runtime/contract/stage.ts";
import type { BlindedBatch, EpochKey, EvaluatedBatch } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { EpochKeyDocument } from "../../schemas/json/epoch-key.ts";

/** The sender's public key that the connector first saw for an epoch. */
export interface PinnedKey {
  readonly epoch: number;
  readonly publicKey: string;
}

/** Throws NOT_A_MEMBER for the sender, who knows its own tokens and asks nobody. */
export function routeBlinded(batch: BlindedBatch, from: string, { id, matching }: Collaboration): Output[] {
  if (from === matching.sender) {
    throw new PavilionError("NOT_A_MEMBER", "Only a receiver of the collaboration may ask for evaluations.");
  }
  return [output("oprf.blinded.<provider>", "BlindedBatch", batch, { key: id, owner: matching.sender })];
}

/** Throws NOT_A_MEMBER unless it comes from the sender and goes to a receiver. */
export function routeEvaluated(
  batch: EvaluatedBatch,
  from: string,
  receiver: string,
  collaboration: Collaboration,
): Output[] {
  if (from !== collaboration.matching.sender) {
    throw new PavilionError("NOT_A_MEMBER", "Only the collaboration's sender may evaluate.");
  }
  if (!receiversOf(collaboration).includes(receiver)) {
    throw new PavilionError("NOT_A_MEMBER", "The evaluation is not for a receiver of the collaboration.");
  }
  const to = { key: collaboration.id, owner: receiver };
  return [output("oprf.evaluated.<provider>", "EvaluatedBatch", batch, to)];
}

/** Throws EPOCH_KEY_REFUSED unless the sender announces it. */
export function routeEpochKey(key: EpochKey, from: string, collaboration: Collaboration): Output[] {
  if (from !== collaboration.matching.sender) {
    throw new PavilionError(
      "EPOCH_KEY_REFUSED",
      "The epoch's key was not announced by the collaboration's sender.",
    );
  }
  return receiversOf(collaboration).map((owner) =>
    output("oprf.evaluated.<provider>", "EpochKey", key, { key: collaboration.id, owner }),
  );
}

/**
 * The key pinned after an announcement: the first of an epoch, which the same key may repeat, in a later version too.
 * Throws EPOCH_KEY_REFUSED for a second one: with two, the sender could tell receivers apart and tokens would not meet.
 */
export function pinEpochKey(
  pinned: PinnedKey | undefined,
  { epoch, publicKey }: EpochKeyDocument,
): PinnedKey {
  if (pinned?.epoch === epoch && pinned.publicKey !== publicKey) {
    throw new PavilionError("EPOCH_KEY_REFUSED", "A different key was already announced for the epoch.");
  }
  return { epoch, publicKey };
}

const receiversOf = ({ providers, matching }: Collaboration): string[] =>
  providers.map(({ id }) => id).filter((id) => id !== matching.sender);
