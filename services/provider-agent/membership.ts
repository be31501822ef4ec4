/**
 * The agent's own part in a collaboration: that it pins this provider's own key, that the population which it is over has the
 * provider's dataset, and that the agent's region is a home of that population. Records are sealed to the key that the
 * population's document names, which every provider signed; never to one on an operator's word.
 */
import { timingSafeEqual } from "node:crypto";
import { participantOf, type CollaborationTable } from "../../domain/terms/collaboration.ts";
import { decodeBase64url } from "../../crypto/jws/base64url.ts";
import { collaborationNamed, homeOf, type PopulationTable } from "../../domain/terms/home.ts";
import { publicKeyIn } from "../../domain/terms/signatures.ts";
import { PavilionError } from "../../errors/errors.ts";
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
  /** The home's HPKE public key, 65 bytes, as the population pins it. */
  readonly sealingKey: Uint8Array;
}

/** The terms that the agent reads. */
export interface AgentTerms {
  readonly collaborations: CollaborationTable;
  readonly populations: PopulationTable;
}

/**
 * The latest version, once it is certain that it is about this provider under its own key, and that its data is at home in this
 * region. Throws UNKNOWN_COLLABORATION, EARLIER_COLLABORATION, NOT_A_MEMBER, UNKNOWN_POPULATION, OUTSIDE_POPULATION or
 * NOT_HOME_REGION.
 */
export function requireMembership(terms: AgentTerms, id: string, self: Self): Membership {
  const collaboration = knownTo(self, id, terms.collaborations);
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
  const { home } = homeOf(collaboration, self.region, terms.populations);
  return { collaboration, participant, sealingKey: keyIn(home.sealingKey) };
}

function keyIn(text: string): Uint8Array {
  const key = decodeBase64url(text);
  if (key === undefined) throw new Error("a population's document was read whose sealing key is not valid");
  return key;
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
