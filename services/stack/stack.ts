/**
 * The embedded stack in one folder: Kafka, schema registry, a chain, an HSM token a region, and the connectors and agents
 * that run on them as processes of their own. The demo and the integration tests start it fresh and leave nothing behind.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Wallet } from "ethers";
import type { Kafka } from "kafkajs";
import { encodeBase64url } from "../../crypto/jws/base64url.ts";
import { fundAccount } from "../../infra/embedded/chain.ts";
import { embeddedParts } from "../../infra/embedded/embedded.ts";
import { startProcess, untilReady, type PartProcess } from "../../infra/embedded/process.ts";
import { initToken } from "../../infra/embedded/softhsm.ts";
import type { Part, Parts } from "../../infra/parts.ts";
import { anchorKey, HsmSigner } from "../../runtime/chain/hsm-signer.ts";
import { openHsm } from "../../runtime/hsm/hsm.ts";
import type { TokenAddress } from "../../runtime/hsm/token.ts";
import { provisionKeys } from "../../runtime/hsm/provision.ts";
import { destroyAllSeeds } from "../../runtime/hsm/seeds.ts";
import { connectKafka, type KafkaAccess } from "../../runtime/kafka/client.ts";
import type { RegionCard as HomeCard } from "../../schemas/json/region-card.ts";
import type { Log } from "../../runtime/log.ts";
import { openCodec, type Codec } from "../../runtime/registry/codec.ts";
import type { AgentConfig } from "../../schemas/json/agent-config.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import {
  auditorPrincipal,
  brokerPrincipal,
  connectorPrincipal,
  providerPrincipal,
} from "../operator/access.ts";
import { Operator, type Region } from "../operator/operator.ts";
import { deployRegistry, holdsRegistry } from "../operator/anchor-contract.ts";
import { Kept, type Standing } from "./kept.ts";
import { hasLine } from "./log-lines.ts";
import { startAll } from "./start-all.ts";
import {
  rememberedIn,
  writeRemembered,
  type Remembered,
  type RememberedChain,
  type RememberedRegion,
} from "./remembered.ts";
import { readRestored, removeRestored } from "./restored.ts";
import { hpkeKey, issuerKey, logKey } from "../../pipelines/keys.ts";
import { pipelines as allPipelines } from "../../pipelines/pipelines.ts";
import { keysOf, topicsOf, type Pipeline } from "../../runtime/contract/pipeline.ts";

export interface StackPlan {
  /** Absolute; made if absent. */
  readonly dir: string;
  readonly regions: readonly (Region & { readonly jurisdiction: string })[];
  readonly providers: readonly string[];
  readonly brokers: readonly string[];
  readonly auditors?: readonly string[];
  /** Other Kafka users, without any right until ACLs give them some. */
  readonly users?: readonly string[];
  /** What it stands on; the embedded parts by default. */
  readonly parts?: Parts;
  /** Connectors run in containers of their own, each a region's. */
  readonly connectorsElsewhere?: boolean;
  /** Whose topics and rights the regions have; all that this connector has unless given. */
  readonly pipelines?: readonly Pipeline[];
  readonly log: Log;
}

/** A region's public keys, as its operator hands them to providers and auditors. */
export interface RegionCard {
  readonly region: string;
  readonly jurisdiction: string;
  readonly hpkePublicKey: Uint8Array;
  readonly issuerPublicKey: Uint8Array;
  readonly logPublicKey: Uint8Array;
  /** Account that anchors its log, 0x and 40 lower-case digits. */
  readonly anchorer: string;
}

/** The chain that regions anchor on, with the contract that takes their anchors. */
export type StackChain = RememberedChain;

export const operatorName = "operator";

export type NamedStanding = Standing & { readonly name: string };

/** Told of each change of what is kept running. */
export type OnChange = (standing: NamedStanding, sentence: string) => void;

interface RunningPart {
  readonly name: string;
  part: Part;
  readonly start: () => Promise<Part>;
}

type StackParts = Readonly<Record<"kafka" | "registry" | "chain", RunningPart>>;

const connectorStartLimitMs = 60_000;
/** An embedded stack is for development: blocks are final at once, and a seed lasts an hour. */
const confirmations = 1;
const seedPeriodSeconds = 3600;
const containerMetrics = { host: "0.0.0.0", port: 9464 };

export class Stack {
  readonly kafka: Kafka;
  readonly codec: Codec;
  readonly operator: Operator;
  readonly registryUrl: string;
  readonly chain: StackChain;
  readonly cards = new Map<string, RegionCard>();
  readonly #plan: StackPlan;
  readonly #remembered: Remembered & { readonly bootstrap: string };
  readonly #parts: StackParts;
  #stopping = false;
  #started = 0;
  readonly #processes = new Set<PartProcess>();
  readonly #keptParts: Kept<Part>[] = [];
  readonly #keptServices: Kept<Part>[] = [];
  readonly #connectorConfigs = new Map<string, string>();
  readonly #tokens = new Map<string, TokenAddress>();

  /** Starts the parts, makes the regions' keys, topics and ACLs, and registers every schema. */
  static async start(plan: StackPlan): Promise<Stack> {
    mkdirSync(plan.dir, { recursive: true, mode: 0o700 });
    const users = principalsOf(plan);
    const parts = plan.parts ?? embeddedParts;
    const { operatorPassword } = parts;
    const kept = await rememberedIn(
      plan.dir,
      users,
      plan.regions.map(({ name }) => name),
      operatorPassword === undefined ? {} : { [operatorName]: operatorPassword },
    );
    const passwords = new Map(Object.entries(kept.passwords));
    const user = (name: string) => ({ name, password: passwords.get(name) ?? "" });
    const { ports } = kept;
    const starts = {
      kafka: () =>
        parts.kafka({
          dir: join(plan.dir, "kafka"),
          superUser: user(operatorName),
          users: users.filter((name) => name !== operatorName).map(user),
          ports: ports.kafka,
        }),
      registry: () => parts.registry({ dir: join(plan.dir, "registry"), port: ports.registry }),
      chain: () => parts.chain({ dir: join(plan.dir, "chain"), port: ports.chain }),
    };
    const running = await startAll([starts.kafka(), starts.registry(), starts.chain()]);
    const [kafka, registry, chain] = running;
    try {
      const { password } = user(operatorName);
      const access = { bootstrap: kafka.bootstrap, username: operatorName, password };
      const client = connectKafka(access, operatorName, plan.log);
      const { pipelines = allPipelines, log } = plan;
      const codec = await openCodec(registry.url, topicsOf(pipelines));
      const operator = await Operator.connect({ kafka: client, codec, pipelines, log });
      const deployed = await contractOn(chain, kept.chain);
      const { bootstrap } = kafka;
      const stack = new Stack(
        plan,
        { ...kept, bootstrap, registryUrl: registry.url, chain: deployed },
        {
          kafka: { name: "Kafka", part: kafka, start: starts.kafka },
          registry: { name: "the schema registry", part: registry, start: starts.registry },
          chain: { name: "the chain", part: chain, start: starts.chain },
        },
        {
          kafka: client,
          codec,
          operator,
          registryUrl: registry.url,
          chain: deployed,
        },
      );
      await stack.#openRegions();
      return stack;
    } catch (error) {
      await Promise.all(running.map((part) => part.stop(0)));
      throw error;
    }
  }

  private constructor(
    plan: StackPlan,
    remembered: Remembered & { readonly bootstrap: string },
    parts: StackParts,
    clients: Pick<Stack, "kafka" | "codec" | "operator" | "registryUrl" | "chain">,
  ) {
    this.#plan = plan;
    this.#remembered = remembered;
    this.#parts = parts;
    this.kafka = clients.kafka;
    this.codec = clients.codec;
    this.operator = clients.operator;
    this.registryUrl = clients.registryUrl;
    this.chain = clients.chain;
  }

  /** How a principal logs in. */
  access(username: string): KafkaAccess {
    const { passwords, bootstrap } = this.#remembered;
    const password = Object.hasOwn(passwords, username) ? passwords[username] : undefined;
    if (password === undefined) throw new Error(`no Kafka user ${username}`);
    return { bootstrap, username, password };
  }

  /** A region as a population's document names it as a home. */
  cardOf(region: string): HomeCard {
    const { jurisdiction, hpkePublicKey, logPublicKey } = this.#cardOf(region);
    const keys = { sealingKey: encodeBase64url(hpkePublicKey), logKey: encodeBase64url(logPublicKey) };
    return { type: "pavilion/region-card", region, jurisdiction, ...keys };
  }

  #cardOf(region: string): RegionCard {
    const card = this.cards.get(region);
    if (card === undefined) throw new Error(`no region ${region}`);
    return card;
  }

  /** A region's HSM token, PIN included. */
  tokenOf(region: string): TokenAddress {
    const token = this.#tokens.get(region);
    if (token === undefined) throw new Error(`no region ${region}`);
    return token;
  }

  /** The file that a region's connector is configured by. */
  connectorConfig(region: string): string {
    const file = this.#connectorConfigs.get(region);
    if (file === undefined) throw new Error(`no region ${region}`);
    return file;
  }

  /** Starts a region's connector, or some of its stages; resolves when every stage has joined. */
  async startConnector(region: string, stages: readonly string[] = []): Promise<PartProcess> {
    const config = this.connectorConfig(region);
    const process = await this.#startService(`connector ${region}`, "connector", [
      "--config",
      config,
      ...(stages.length === 0 ? [] : ["--stages", stages.join(",")]),
    ]);
    const up = (): Promise<boolean> => Promise.resolve(hasLine(process, "connector is up"));
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

  /** From now on each part is started again, alone, whenever it ends: at its address and with what it holds. */
  keepParts(onChange: OnChange): void {
    for (const running of Object.values(this.#parts)) {
      const startAgain = async (): Promise<Part> => (running.part = await running.start());
      this.#keptParts.push(keep(running.name, running.part, startAgain, onChange));
    }
  }

  /** Starts a region's connector, which from now on is started again whenever it ends. */
  async keepConnector(region: string, onChange: OnChange): Promise<void> {
    const startAgain = (): Promise<PartProcess> => this.startConnector(region);
    const first = await startAgain();
    this.#keptServices.push(keep(`the connector of ${region}`, first, startAgain, onChange));
  }

  /** As startAgent, for an agent that serves; from now on it is started again whenever it ends. */
  async keepServing(provider: string, region: string, onChange: OnChange): Promise<Kept<Part>> {
    const startAgain = (): Promise<PartProcess> => this.startAgent(provider, region, ["serve"]);
    const kept = keep(`the agent of ${provider}`, await startAgain(), startAgain, onChange);
    this.#keptServices.push(kept);
    return kept;
  }

  /** How everything stands that is kept running. */
  get standings(): readonly NamedStanding[] {
    return [...this.#keptParts, ...this.#keptServices].map(({ name, standing }) => ({ name, ...standing }));
  }

  /** Stops every process, then the parts. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.operator.disconnect().catch(() => undefined);
    // A connector that is being started ends too, and with it its start.
    const services = this.#keptServices.map((kept) => kept.stop());
    await Promise.all([...this.#processes].map((process) => process.stop()));
    await Promise.all(services);
    await Promise.all(this.#keptParts.map((kept) => kept.stop()));
    await Promise.all(Object.values(this.#parts).map(({ part }) => part.stop()));
  }

  /** Stops the chain; what it holds stays. */
  async takeChainAway(): Promise<void> {
    await this.#parts.chain.part.stop();
  }

  /** Starts the chain again, at its address and as it was. */
  async bringChainBack(): Promise<void> {
    const { chain } = this.#parts;
    chain.part = await chain.start();
  }

  async #openRegions(): Promise<void> {
    const { regions, brokers, providers, auditors = [] } = this.#plan;
    const restored = readRestored(this.#plan.dir);
    for (const region of regions) {
      await this.#openRegion(region);
      // A token that was put back holds keys that were destroyed since: before any connector starts they are destroyed again.
      if (restored !== undefined) destroyAllSeeds(this.tokenOf(region.name));
      await this.operator.openRegion(region);
      if (restored !== undefined)
        await this.operator.recoveryOf(region.name).announce(restored.id, Date.parse(restored.restoredAt));
      for (const broker of brokers) await this.operator.admitBroker(region, broker);
      for (const auditor of auditors) await this.operator.admitAuditor(region, auditor);
    }
    writeRemembered(this.#plan.dir, {
      ...this.#remembered,
      regions: regions.map((region) => this.#handedOut(region)),
    });
    // Each region knows it now.
    removeRestored(this.#plan.dir);
    const [home] = regions;
    if (home !== undefined)
      for (const provider of providers) await this.operator.admitProvider(home, provider);
  }

  #handedOut({ name, jurisdiction, partitions }: StackPlan["regions"][number]): RememberedRegion {
    const card = this.#cardOf(name);
    return {
      ...{ name, jurisdiction, partitions, anchorer: card.anchorer },
      hpkePublicKey: encodeBase64url(card.hpkePublicKey),
      issuerPublicKey: encodeBase64url(card.issuerPublicKey),
      logPublicKey: encodeBase64url(card.logPublicKey),
    };
  }

  /** Makes the region's token and keys, and its connector's configuration. */
  async #openRegion({ name, jurisdiction, partitions }: StackPlan["regions"][number]): Promise<void> {
    const dir = join(this.#plan.dir, "regions", name);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const token = await initToken({ dir: join(dir, "hsm"), label: name });
    const { libraryPath, configFile, pin } = token;
    const address = { libraryPath, configFile, tokenLabel: name, pin };
    this.#tokens.set(name, address);
    const keys = keysOf(this.#plan.pipelines ?? allPipelines);
    provisionKeys(address, keys);
    const hsm = await openHsm({ ...address, keys });
    const { publicKey, operate: sign } = hsm.key(anchorKey);
    const anchorer = new HsmSigner({ publicKey, sign }).address.toLowerCase();
    const publicKeys = {
      hpkePublicKey: hsm.key(hpkeKey).publicKey,
      issuerPublicKey: hsm.key(issuerKey).publicKey,
      logPublicKey: hsm.key(logKey).publicKey,
    };
    await hsm.close();
    await fundAccount(this.chain.url, anchorer);
    this.cards.set(name, { region: name, jurisdiction, ...publicKeys, anchorer });
    const config: ConnectorConfig = {
      region: name,
      jurisdiction,
      partitions,
      kafka: this.#kafkaSection(dir, connectorPrincipal(name)),
      registryUrl: this.registryUrl,
      hsm: { library: libraryPath, configFile, tokenLabel: name, pinFile: secretFile(dir, "pin", pin) },
      chain: { ...this.chain, confirmations },
      seedPeriodSeconds,
      development: true,
      metrics:
        this.#plan.connectorsElsewhere === true
          ? containerMetrics
          : { port: new Map(Object.entries(this.#remembered.ports.metrics)).get(name) ?? 0 },
      stateFolder: join(dir, "state"),
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
    const main = join(import.meta.dirname, "..", service, "main.ts");
    const file = `${name.replaceAll(" ", "-")}-${String(this.#started++)}.log`;
    const started = await startProcess({
      name,
      command: process.execPath,
      args: [main, ...args],
      cwd: this.#plan.dir,
      logFile: join(this.#plan.dir, "log", file),
    });
    this.#processes.add(started);
    void started.exited.then(() => this.#processes.delete(started));
    // It came to life while everything else was told to stop.
    if (this.#stopping) await started.stop(0);
    return started;
  }
}

function keep(name: string, first: Part, startAgain: () => Promise<Part>, onChange: OnChange): Kept<Part> {
  return new Kept({
    ...{ name, first, startAgain },
    onChange: (standing, sentence) => {
      onChange({ name, ...standing }, sentence);
    },
  });
}

/** The contract that is known and still there; else a new one, by a key made for it and thrown away. */
async function contractOn(
  { url, chainId }: { url: string; chainId: number },
  known: StackChain | undefined,
): Promise<StackChain> {
  if (known !== undefined && (await holdsRegistry(url, known.contract))) return known;
  const deployer = Wallet.createRandom();
  await fundAccount(url, deployer.address);
  const { address, block } = await deployRegistry({ url, chainId, privateKey: deployer.privateKey });
  return { url, chainId, contract: address.toLowerCase(), deployedAt: block };
}

function principalsOf(plan: StackPlan): string[] {
  return [
    operatorName,
    ...plan.regions.map((region) => connectorPrincipal(region.name)),
    ...plan.providers.map(providerPrincipal),
    ...plan.brokers.map(brokerPrincipal),
    ...(plan.auditors ?? []).map(auditorPrincipal),
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
