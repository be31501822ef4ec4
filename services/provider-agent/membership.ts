/**
 * The agent's own part in a collaboration: that it lies in the agent's region, and pins this provider's own key.
 */
import { timingSafeEqual } from "node:crypto";
import { participantOf, type CollaborationTable } from "../../documents/collaboration.ts";
import { publicKeyIn } from "../../documents/signatures.ts";
import { PavilionError } from "../../runtime/errors.ts";
import { shell } from "../../runtime/shell.ts";
import type { Collaboration, Participant } from "../../schemas/json/collaboration.ts";

/** Who this agent is, as far as collaborations are concerned. */
export interface Self {
  readonly provider: string;
  readonly region: string;
  /** The Ed25519 identity key in its keystore. */
  readonly publicKey: Uint8Array;
}

export interface Membership {
  readonly collaboration: Collaboration;
  readonly participant: Participant;
}

/**
 * The latest version, once it is certain that the collaboration lies in this region and is about this provider under
 * its own key. Throws UNKNOWN_COLLABORATION, NOT_HOME_REGION or NOT_A_MEMBER.
 */
export function requireMembership(collaborations: CollaborationTable, id: string, self: Self): Membership {
  const collaboration = collaborations.latest(id);
  if (collaboration === undefined) {
    throw new PavilionError(
      "UNKNOWN_COLLABORATION",
      `No collaboration ${id} that names ${self.provider} is published in ${self.region}.`,
      `See which there are by ${shell`./pavilion collaboration list --provider ${self.provider}`}.`,
    );
  }
  if (collaboration.region !== self.region) {
    throw new PavilionError("NOT_HOME_REGION", `Collaboration ${id} is at home in ${collaboration.region}.`);
  }
  const participant = participantOf(collaboration, self.provider);
  if (participant === undefined) {
    throw new PavilionError(
      "NOT_A_MEMBER",
      `Provider ${self.provider} takes no part in collaboration ${id}.`,
    );
  }
  if (!timingSafeEqual(publicKeyIn(participant.key), self.publicKey)) {
    throw new PavilionError(
      "NOT_A_MEMBER",
      `Collaboration ${id} pins another key for provider ${self.provider}.`,
      "Use the keystore whose key was pinned, or have the providers pin this one in a new version.",
    );
  }
  return { collaboration, participant };
}
