/**
 * A provider's agent as its configuration makes it: keys, state, and a way to its region's Kafka and schema registry.
 */
import type { Kafka } from "kafkajs";
import { readConfig, readSecret } from "../../runtime/config.ts";
import { connectKafka, type KafkaAccess } from "../../runtime/kafka/client.ts";
import type { Source } from "../../runtime/kafka/events.ts";
import type { Log } from "../../runtime/log.ts";
import { openCodec, type Codec } from "../../runtime/registry/codec.ts";
import type { AgentConfig } from "../../schemas/json/agent-config.ts";
import { openProvider, type ProviderKeys } from "../keystore/parties.ts";
import type { Self } from "./membership.ts";
import { openPublisher, type Publisher } from "../../runtime/kafka/publisher.ts";
import { StateFolder } from "./state-folder.ts";
import { topics } from "../../pipelines/pipelines.ts";

export interface Agent {
  readonly self: Self;
  readonly keys: ProviderKeys;
  readonly state: StateFolder;
  readonly kafka: Kafka;
  readonly codec: Codec;
  readonly publisher: Publisher;
  readonly log: Log;
  close(): Promise<void>;
}

/** Throws CONFIG_INVALID. */
export const readAgentConfig = (file: string): AgentConfig => readConfig("agent-config", file);

/** What an agent is made of. */
export interface AgentPlan {
  readonly provider: string;
  readonly region: string;
  readonly kafka: KafkaAccess;
  readonly registryUrl: string;
  readonly keystoreFile: string;
  readonly passphrase: string;
  readonly stateFolder: string;
}

/** The plan of a configuration file. Throws CONFIG_INVALID. */
export function agentPlanOf(config: AgentConfig): AgentPlan {
  const { provider, region, registryUrl, keystoreFile, stateFolder } = config;
  const { bootstrap, username, passwordFile } = config.kafka;
  return {
    ...{ provider, region, registryUrl, keystoreFile, stateFolder },
    passphrase: readSecret(config.passphraseFile),
    kafka: { bootstrap, username, password: readSecret(passwordFile) },
  };
}

/** Throws KEYSTORE_UNREADABLE. */
export async function openAgent(plan: AgentPlan, log: Log): Promise<Agent> {
  const { provider, region } = plan;
  const keys = await openProvider(plan.keystoreFile, plan.passphrase);
  const kafka = connectKafka(plan.kafka, `agent.${provider}`, log);
  const codec = await openCodec(plan.registryUrl, topics);
  const publisher = await openPublisher(kafka, codec, region, `/provider/${provider}`);
  return {
    self: { provider, region, publicKey: keys.identity.publicKey },
    keys,
    state: new StateFolder(plan.stateFolder),
    kafka,
    codec,
    publisher,
    log,
    close: () => publisher.close(),
  };
}

/** A consumer group of this provider's: those that begin with its own prefix are the ones it may use. */
export const groupOf = ({ region, provider }: Self, name: string): string =>
  `${region}.provider.${provider}.${name}`;

/** How the agent reads a topic for a purpose, in groups of the provider's own. */
export const sourceOf = ({ self, kafka, codec, log }: Agent, purpose: string): Source => ({
  ...{ kafka, codec, log },
  region: self.region,
  groups: groupOf(self, purpose),
});
