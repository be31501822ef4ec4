/**
 * The embedded stack in one folder: Kafka, schema registry, an HSM token a region, and the connectors and agents that
 * run on them as processes of their own. The demo and the integration tests start it fresh and leave nothing behind.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Kafka } from "kafkajs";
import { encodeBase64url } from "../../crypto/jws/base64url.ts";
import { startKafka } from "../../infra/embedded/kafka.ts";
import { partsDir } from "../../infra/embedded/parts.ts";
import { startProcess, untilReady, type PartProcess } from "../../infra/embedded/process.ts";
import { startRegistry } from "../../infra/embedded/registry.ts";
import { initToken } from "../../infra/embedded/softhsm.ts";
import { openHsm } from "../../runtime/hsm/hsm.ts";
import type { TokenAddress } from "../../runtime/hsm/token.ts";
import { provisionKeys } from "../../runtime/hsm/provision.ts";
import { connectKafka, type KafkaAccess } from "../../runtime/kafka/client.ts";
import type { Log } from "../../runtime/log.ts";
import { openCodec, type Codec } from "../../runtime/registry/codec.ts";
import type { AgentConfig } from "../../schemas/json/agent-config.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { brokerPrincipal, connectorPrincipal, providerPrincipal } from "../operator/access.ts";
import { Operator, type Region } from "../operator/operator.ts";
import { hasLine } from "./log-lines.ts";

export interface StackPlan {
  /** Absolute; made if absent. */
  readonly dir: string;
  readonly regions: readonly (Region & { readonly jurisdiction: string })[];
  readonly providers: readonly string[];
  readonly brokers: readonly string[];
  /** Other Kafka users, without any right until ACLs give them some. */
  readonly users?: readonly string[];
  readonly log: Log;
}

/** A region's public keys, as its operator hands them to providers and auditors. */
export interface RegionCard {
  readonly region: string;
  readonly hpkePublicKey: Uint8Array;
  readonly issuerPublicKey: Uint8Array;
}

const operatorName = "operator";

const connectorStartLimitMs = 60_000;

export class Stack {
  readonly kafka: Kafka;
  readonly codec: Codec;
  readonly operator: Operator;
  readonly registryUrl: string;
  readonly cards = new Map<string, RegionCard>();
  readonly #plan: StackPlan;
  readonly #bootstrap: string;
  readonly #passwords: ReadonlyMap<string, string>;
  readonly #parts: { stop(graceMs?: number): Promise<void> }[];
  readonly #processes = new Set<PartProcess>();
  readonly #connectorConfigs = new Map<string, string>();
  readonly #tokens = new Map<string, TokenAddress>();

  /** Starts the parts, makes the regions' keys, topics and ACLs, and registers every schema. */
  static async start(plan: StackPlan): Promise<Stack> {
    mkdirSync(plan.dir, { recursive: true, mode: 0o700 });
    const passwords = new Map(
      principalsOf(plan).map((name) => [name, encodeBase64url(randomBytes(24))] as const),
    );
    const user = (name: string) => ({ name, password: passwords.get(name) ?? "" });
    const parts = await Promise.allSettled([
      startKafka({
        dir: join(plan.dir, "kafka"),
        partsDir,
        superUser: user(operatorName),
        users: [...passwords.keys()].filter((name) => name !== operatorName).map(user),
      }),
      startRegistry({ dir: join(plan.dir, "registry"), partsDir }),
    ]);
    const [kafka, registry] = parts;
    if (kafka.status === "rejected" || registry.status === "rejected") {
      await Promise.all(
        parts.map(async (part) => (part.status === "fulfilled" ? part.value.stop(0) : undefined)),
      );
      throw kafka.status === "rejected" ? kafka.reason : (registry as PromiseRejectedResult).reason;
    }
    const running = [kafka.value, registry.value];
    try {
      const access = {
        bootstrap: kafka.value.bootstrap,
        username: operatorName,
        password: user(operatorName).password,
      };
      const client = connectKafka(access, operatorName, plan.log);
      const codec = await openCodec(registry.value.url);
      const operator = await Operator.connect(client, codec, plan.log);
      const stack = new Stack(plan, kafka.value.bootstrap, passwords, running, {
        kafka: client,
        codec,
        operator,
        registryUrl: registry.value.url,
      });
      await stack.#openRegions();
      return stack;
    } catch (error) {
      await Promise.all(running.map((part) => part.stop(0)));
      throw error;
    }
  }

  private constructor(
    plan: StackPlan,
    bootstrap: string,
    passwords: ReadonlyMap<string, string>,
    parts: { stop(graceMs?: number): Promise<void> }[],
    clients: { kafka: Kafka; codec: Codec; operator: Operator; registryUrl: string },
  ) {
    this.#plan = plan;
    this.#bootstrap = bootstrap;
    this.#passwords = passwords;
    this.#parts = parts;
    this.kafka = clients.kafka;
    this.codec = clients.codec;
    this.operator = clients.operator;
    this.registryUrl = clients.registryUrl;
  }

  /** How a principal logs in. */
  access(username: string): KafkaAccess {
    const password = this.#passwords.get(username);
    if (password === undefined) throw new Error(`no Kafka user ${username}`);
    return { bootstrap: this.#bootstrap, username, password };
  }

  /** A region's HSM token, PIN included. */
  tokenOf(region: string): TokenAddress {
    const token = this.#tokens.get(region);
    if (token === undefined) throw new Error(`no region ${region}`);
    return token;
  }

  /** Starts a region's connector, or some of its stages; resolves when every stage has joined. */
  async startConnector(region: string, stages: readonly string[] = []): Promise<PartProcess> {
    const config = this.#connectorConfigs.get(region);
    if (config === undefined) throw new Error(`no region ${region}`);
    const process = await this.#startService(`connector ${region}`, "connector", [
      "--config",
      config,
      ...(stages.length === 0 ? [] : ["--stages", stages.join(",")]),
    ]);
    const up = (): Promise<boolean> => Promise.resolve(hasLine(process.logFile, "connector is up"));
    await untilReady(process, up, connectorStartLimitMs);
    return process;
  }

  /** Starts a provider's agent: `serve`, or a push. */
  startAgent(provider: string, region: string, args: readonly string[]): Promise<PartProcess> {
    const config = this.#writeAgentConfig(provider, region);
    return this.#startService(`agent ${provider}`, "provider-agent", ["--config", config, ...args]);
  }

  /** Where a party keeps its keystore and its passphrase. */
  partyFolder(party: string): string {
    const dir = join(this.#plan.dir, "parties", party);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return dir;
  }

  /** Stops every process, then the parts. */
  async stop(): Promise<void> {
    await this.operator.disconnect().catch(() => undefined);
    await Promise.all([...this.#processes].map((process) => process.stop()));
    await Promise.all(this.#parts.map((part) => part.stop()));
  }

  async #openRegions(): Promise<void> {
    const { regions, brokers, providers } = this.#plan;
    for (const region of regions) {
      await this.#openRegion(region);
      await this.operator.openRegion(region);
      for (const broker of brokers) await this.operator.admitBroker(region, broker);
    }
    const [home] = regions;
    if (home !== undefined)
      for (const provider of providers) await this.operator.admitProvider(home, provider);
  }

  /** Makes the region's token and keys, and its connector's configuration. */
  async #openRegion({ name, jurisdiction, partitions }: StackPlan["regions"][number]): Promise<void> {
    const dir = join(this.#plan.dir, "regions", name);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const token = await initToken({ dir: join(dir, "hsm"), label: name });
    const { libraryPath, configFile, pin } = token;
    const address = { libraryPath, configFile, tokenLabel: name, pin };
    this.#tokens.set(name, address);
    provisionKeys(address);
    const hsm = await openHsm(address);
    const { hpkePublicKey, issuerPublicKey } = hsm;
    this.cards.set(name, { region: name, hpkePublicKey, issuerPublicKey });
    await hsm.close();
    const config: ConnectorConfig = {
      region: name,
      jurisdiction,
      partitions,
      kafka: this.#kafkaSection(dir, connectorPrincipal(name)),
      registryUrl: this.registryUrl,
      hsm: { library: libraryPath, configFile, tokenLabel: name, pinFile: secretFile(dir, "pin", pin) },
      logLevel: "info",
    };
    this.#connectorConfigs.set(name, jsonFile(dir, "connector", config));
  }

  #writeAgentConfig(provider: string, region: string): string {
    const dir = this.partyFolder(provider);
    const card = this.cards.get(region);
    if (card === undefined) throw new Error(`no region ${region}`);
    const config: AgentConfig = {
      provider,
      region,
      kafka: this.#kafkaSection(dir, providerPrincipal(provider)),
      registryUrl: this.registryUrl,
      regionKey: encodeBase64url(card.hpkePublicKey),
      keystoreFile: join(dir, "keystore.json"),
      passphraseFile: join(dir, "passphrase"),
      stateFolder: join(dir, "state"),
      logLevel: "info",
    };
    return jsonFile(dir, "agent", config);
  }

  #kafkaSection(dir: string, username: string): ConnectorConfig["kafka"] {
    const { bootstrap, password } = this.access(username);
    return { bootstrap, username, passwordFile: secretFile(dir, "kafka-password", password) };
  }

  async #startService(name: string, service: string, args: readonly string[]): Promise<PartProcess> {
    const main = new URL(`../${service}/main.ts`, import.meta.url).pathname;
    const file = `${name.replaceAll(" ", "-")}-${String(this.#processes.size)}.log`;
    const started = await startProcess({
      name,
      command: process.execPath,
      // kafkajs hands setTimeout a negative delay, which Node warns of and takes for 1 ms, as kafkajs means it.
      args: ["--disable-warning=TimeoutNegativeWarning", main, ...args],
      cwd: this.#plan.dir,
      logFile: join(this.#plan.dir, "log", file),
    });
    this.#processes.add(started);
    return started;
  }
}

function principalsOf(plan: StackPlan): string[] {
  return [
    operatorName,
    ...plan.regions.map((region) => connectorPrincipal(region.name)),
    ...plan.providers.map(providerPrincipal),
    ...plan.brokers.map(brokerPrincipal),
    ...(plan.users ?? []),
  ];
}

function secretFile(dir: string, name: string, secret: string): string {
  const file = join(dir, name);
  writeFileSync(file, secret, { mode: 0o600 });
  return file;
}

function jsonFile(dir: string, name: string, value: unknown): string {
  const file = join(dir, `${name}.json`);
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
  return file;
}
