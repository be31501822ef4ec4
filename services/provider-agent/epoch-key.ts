/**
 * The sender's OPRF public key of an epoch: announced under the sender's signature, and the
 * only one a receiver works with. With two keys in one epoch a sender could tell receivers apart, and tokens would not
 * meet; a receiver that sees a second one stops.
 */
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { signDetached, type JwsSigner } from "../../crypto/jws/jws.ts";
import { participantOf } from "../../domain/terms/collaboration.ts";
import { verifySignature } from "../../domain/terms/signatures.ts";
import { parseDocument, signatureType, validateDocument } from "../../schemas/reading/validate.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { EpochKey } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";

/** The sender's announcement for the collaboration's current epoch. */
export async function announceEpochKey(
  { id, version, matching }: Collaboration,
  publicKey: Uint8Array,
  sign: JwsSigner,
): Promise<EpochKey> {
  const { sender, epoch } = matching;
  const document = validateDocument("epoch-key", {
    type: "pavilion/epoch-key",
    collaboration: id,
    version,
    epoch,
    provider: sender,
    publicKey: Buffer.from(publicKey).toString("hex"),
  });
  return {
    document: new TextDecoder().decode(canonicalBytes(document)),
    signature: await signDetached(document, { typ: signatureType("epoch-key"), kid: sender }, sign),
  };
}

/**
 * The key that an announcement holds, hex; undefined where it is for another collaboration or epoch. An earlier version's
 * announcement counts: an epoch outlives versions. Throws DOCUMENT_INVALID, EPOCH_KEY_REFUSED where another than the
 * sender announces it, BAD_SIGNATURE.
 */
export function readEpochKey(announced: EpochKey, collaboration: Collaboration): string | undefined {
  const document = parseDocument("epoch-key", announced.document);
  const { sender, epoch } = collaboration.matching;
  if (document.collaboration !== collaboration.id || document.epoch !== epoch) return undefined;
  const signer = participantOf(collaboration, sender);
  if (signer === undefined || document.provider !== sender) {
    throw new PavilionError(
      "EPOCH_KEY_REFUSED",
      "An epoch key was announced by somebody other than the sender.",
    );
  }
  verifySignature("epoch-key", document, announced.signature, signer);
  return document.publicKey;
}

/** The key to go by, once an announced one is compared to what was known. Throws EPOCH_KEY_REFUSED. */
export function pinEpochKey(known: string | undefined, announced: string): string {
  if (known === undefined || known === announced) return announced;
  throw new PavilionError(
    "EPOCH_KEY_REFUSED",
    "The sender announced a second key for the epoch.",
    "Ask the sender why; a new epoch is the way to a new key.",
  );
}
