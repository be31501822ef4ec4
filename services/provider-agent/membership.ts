/**
 * The agent's own part in a collaboration: that it lies in the agent's region, and pins this provider's own key.
 */
import { timingSafeEqual } from "node:crypto";
import { participantOf, type CollaborationTable } from "../../documents/collaboration.ts";
import { collaborationNamed } from "../../documents/home.ts";
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
 * The latest version, once it is certain that it is about this provider under its own key. Throws UNKNOWN_COLLABORATION,
 * EARLIER_COLLABORATION or NOT_A_MEMBER.
 */
export function requireMembership(collaborations: CollaborationTable, id: string, self: Self): Membership {
  const collaboration = knownTo(self, id, collaborations);
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

/** The latest version; one that does not name the provider is not told apart from one that does not stand. */
function knownTo({ provider, region }: Self, id: string, collaborations: CollaborationTable): Collaboration {
  try {
    return collaborationNamed(id, collaborations);
  } catch (error) {
    if (!(error instanceof PavilionError) || error.code !== "UNKNOWN_COLLABORATION") throw error;
    throw new PavilionError(
      error.code,
      `No collaboration ${id} that names ${provider} is published in ${region}.`,
      `See which there are by ${shell`./pavilion collaboration list --provider ${provider}`}.`,
    );
  }
}
