/**
 * A provider's agent as its configuration makes it: keys, state, and a way to its region's Kafka and schema registry.
 */
import { randomUUID } from "node:crypto";
import type { Kafka } from "kafkajs";
import { decodeBase64url } from "../../crypto/jws/base64url.ts";
import { readConfig, readSecret } from "../../runtime/config.ts";
import { PavilionError } from "../../runtime/errors.ts";
import { connectKafka } from "../../runtime/kafka/client.ts";
import type { Log } from "../../runtime/log.ts";
import { openCodec, type Codec } from "../../runtime/registry/codec.ts";
import type { AgentConfig } from "../../schemas/json/agent-config.ts";
import { openProvider, type ProviderKeys } from "../keystore/parties.ts";
import type { Self } from "./membership.ts";
import { openPublisher, type Publisher } from "../../runtime/kafka/publisher.ts";
import { StateFolder } from "./state-folder.ts";

export interface Agent {
  readonly self: Self;
  readonly keys: ProviderKeys;
  /** The region's HPKE public key, 65 bytes. */
  readonly regionKey: Uint8Array;
  readonly state: StateFolder;
  readonly kafka: Kafka;
  readonly codec: Codec;
  readonly publisher: Publisher;
  readonly log: Log;
  close(): Promise<void>;
}

/** Throws CONFIG_INVALID. */
export const readAgentConfig = (file: string): AgentConfig => readConfig("agent-config", file);

/** Throws CONFIG_INVALID or KEYSTORE_UNREADABLE. */
export async function openAgent(config: AgentConfig, log: Log): Promise<Agent> {
  const { provider, region } = config;
  const regionKey = decodeBase64url(config.regionKey);
  if (regionKey === undefined) throw new PavilionError("CONFIG_INVALID", "The regionKey is not base64url.");
  const keys = await openProvider(config.keystoreFile, readSecret(config.passphraseFile));
  const { bootstrap, username, passwordFile } = config.kafka;
  const access = { bootstrap, username, password: readSecret(passwordFile) };
  const kafka = connectKafka(access, `agent.${provider}`, log);
  const codec = await openCodec(config.registryUrl);
  const publisher = await openPublisher(kafka, codec, region, `/provider/${provider}`);
  return {
    self: { provider, region, publicKey: keys.identity.publicKey },
    keys,
    regionKey,
    state: new StateFolder(config.stateFolder),
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

/** A group for one reader's life: a process that was killed would keep a shared one waiting until its session ends. */
export const freshGroup = (self: Self, name: string): string => groupOf(self, `${name}.${randomUUID()}`);
