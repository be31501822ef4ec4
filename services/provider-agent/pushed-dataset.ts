/**
 * The dataset that a provider pushes to a collaboration, owned by this process for as long as it works on it: its place,
 * its terms, and what of it is live.
 */
import { readTerms } from "../clients/terms.ts";
import type { Agent } from "./agent.ts";
import { readLiveHead } from "./live-head.ts";
import { requireMembership, type Membership } from "./membership.ts";
import type { Progress } from "./progress.ts";
import type { Head } from "./sealing.ts";
import type { DatasetPlace } from "./state-folder.ts";

export class PushedDataset implements Disposable {
  readonly agent: Agent;
  readonly membership: Membership;
  readonly place: DatasetPlace;
  #live: Head | undefined;
  readonly #owned: Disposable;

  private constructor(agent: Agent, membership: Membership, owned: Disposable) {
    this.agent = agent;
    this.membership = membership;
    this.place = placeOf(membership);
    this.#owned = owned;
  }

  /**
   * Throws AGENT_BUSY where another process pushes to the collaboration and is not waited for, and what `findMembership`
   * throws.
   */
  static async open(
    agent: Agent,
    { collaboration, wait, progress }: { collaboration: string; wait: boolean; progress: Progress },
  ): Promise<PushedDataset> {
    const onWait = (holder: string): void => {
      progress.note(`waits for another process that pushes to ${collaboration}: ${holder}`);
    };
    const membership = await findMembership(agent, collaboration);
    const owned = await agent.state.ownPushes(collaboration, { wait, onWait });
    try {
      const dataset = new PushedDataset(agent, membership, owned);
      if (await agent.state.forgetEarlierEpochs(dataset.place)) {
        progress.note("an interrupted push of an earlier epoch is given up: that epoch is over");
      }
      await dataset.refresh();
      return dataset;
    } catch (error) {
      owned[Symbol.dispose]();
      throw error;
    }
  }

  /** The dataset's head as the region reported it last. */
  get live(): Head | undefined {
    return this.#live;
  }

  async refresh(): Promise<void> {
    this.#live = await readLiveHead(this.agent, this.place, this.membership.participant);
  }

  [Symbol.dispose](): void {
    this.#owned[Symbol.dispose]();
  }
}

const placeOf = ({ collaboration, participant }: Membership): DatasetPlace => ({
  collaboration: collaboration.id,
  epoch: collaboration.matching.epoch,
  dataset: participant.dataset,
});

/** Throws UNKNOWN_COLLABORATION, NOT_HOME_REGION or NOT_A_MEMBER. */
export async function findMembership(
  { self, kafka, codec, log }: Agent,
  collaboration: string,
): Promise<Membership> {
  const terms = await readTerms({
    ...{ kafka, codec, region: self.region, log },
    reader: { role: "provider", id: self.provider },
  });
  return requireMembership(terms, collaboration, self);
}
