/**
 * What an agent remembers beside what the region has of it, and the way on where the region lost some: it was restored from
 * a copy, or it forgot. A person decides that, who knows what became of it.
 */
import { readTerms } from "../clients/terms.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Agent } from "./agent.ts";
import { findInterrupted, tell } from "./interrupted.ts";
import { MeterTopic } from "./meter-topic.ts";
import { requireMembership } from "./membership.ts";
import { Progress } from "./progress.ts";
import { PushedDataset } from "./pushed-dataset.ts";

export interface StateReport {
  readonly datasets: readonly DatasetReport[];
  readonly meters: readonly MeterReport[];
  /** Files of the agent's folder that were damaged, and stand aside now. */
  readonly setAside?: readonly string[];
}

interface DatasetReport {
  readonly collaboration: string;
  readonly dataset: string;
  /** Numbers of the last batch: that this agent had accepted, and that is live by the region's word. */
  readonly remembered?: number;
  readonly live?: number;
  /** A push that was cut off, in words. */
  readonly interrupted?: string;
}

interface MeterReport {
  readonly collaboration: string;
  /** Numbers of the newest record: in the provider's topic, and that this agent has seen. */
  readonly topic?: number;
  readonly seen?: number;
}

export async function showState(agent: Agent): Promise<StateReport> {
  return { datasets: await datasetsOf(agent, false), meters: await metersOf(agent) };
}

/**
 * Sets damaged files aside, follows the region's heads where it has older ones than were accepted, and writes the meter anew, with what either side
 * has counted, where the topic is behind. Throws AGENT_BUSY while the agent serves or pushes.
 */
export async function repairState(agent: Agent): Promise<StateReport> {
  using _owned = await agent.state.ownAnswers({ wait: false });
  const setAside = await agent.state.setAsideDamaged();
  const datasets = await datasetsOf(agent, true);
  const meter = new MeterTopic(agent);
  try {
    await meter.repair();
  } finally {
    await meter.close();
  }
  return { datasets, meters: await metersOf(agent), setAside };
}

async function metersOf(agent: Agent): Promise<MeterReport[]> {
  const compared = await new MeterTopic(agent).compare();
  return compared.map(({ collaboration, topic, seen }) => ({
    collaboration,
    ...(topic === undefined ? {} : { topic: topic.document.sequence }),
    ...(seen === undefined ? {} : { seen: seen.document.sequence }),
  }));
}

async function datasetsOf(agent: Agent, repair: boolean): Promise<DatasetReport[]> {
  const { self, kafka, codec, log } = agent;
  const terms = await readTerms({
    ...{ kafka, codec, region: self.region, log },
    reader: { role: "provider", id: self.provider },
  });
  const reports: DatasetReport[] = [];
  for (const id of terms.collaborations.ids) {
    if (!isMember(() => requireMembership(terms, id, self))) continue;
    using dataset = await PushedDataset.open(agent, {
      collaboration: id,
      wait: false,
      progress: new Progress(() => undefined),
    });
    reports.push(await datasetReport(dataset, repair));
  }
  return reports;
}

async function datasetReport(dataset: PushedDataset, repair: boolean): Promise<DatasetReport> {
  const { agent, place, live } = dataset;
  let remembered = await agent.state.readHead(place);
  if (repair && live !== undefined && remembered !== undefined && live.sequence < remembered.sequence) {
    await agent.state.writeHead(place, live);
    remembered = live;
  }
  const interrupted = await findInterrupted(dataset);
  return {
    collaboration: place.collaboration,
    dataset: place.dataset,
    ...(remembered === undefined ? {} : { remembered: remembered.sequence }),
    ...(live === undefined ? {} : { live: live.sequence }),
    ...(interrupted === undefined ? {} : { interrupted: tell(interrupted) }),
  };
}

function isMember(require: () => unknown): boolean {
  try {
    require();
    return true;
  } catch (error) {
    if (error instanceof PavilionError) return false;
    throw error;
  }
}
