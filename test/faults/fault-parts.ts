/**
 * The parts that faults are done to: Kafka behind the proxy, and the schema registry. Each keeps its address and what it
 * holds when it is killed and started again.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { startKafka, type KafkaOptions, type RunningKafka } from "../../infra/embedded/kafka.ts";
import { partsDir } from "../../infra/embedded/parts.ts";
import { freePorts } from "../../infra/embedded/tcp-ports.ts";
import { startRegistry, type RegistryOptions, type RunningRegistry } from "../../infra/embedded/registry.ts";
import type { KafkaAccess } from "../../runtime/kafka/client.ts";
import { connectorPrincipal } from "../../services/operator/access.ts";
import { region } from "./counting-stages.ts";
import { KafkaProxy } from "./kafka-proxy.ts";

export interface PartsPlan {
  /** Absolute; made if absent. */
  readonly dir: string;
  /** Kafka's folder, where it is not to lie within `dir`. */
  readonly kafkaDir?: string;
  readonly random: () => number;
}

export class FaultParts {
  readonly proxy: KafkaProxy;
  /** The operator's way to Kafka, past the proxy. */
  readonly direct: KafkaAccess;
  /** The operator's, through it. */
  readonly outside: KafkaAccess;
  /** The connector's, through it. */
  readonly proxied: KafkaAccess;
  readonly #kafkaOptions: KafkaOptions;
  readonly #registryOptions: RegistryOptions & { readonly port: number };
  /** Grows with each start: whoever follows a topic begins anew with it. */
  kafkaStarts = 0;
  #kafka: RunningKafka | undefined;
  #registry: RunningRegistry | undefined;

  /** Starts both. */
  static async start({ dir, kafkaDir, random }: PartsPlan): Promise<FaultParts> {
    const [client = 0, controller = 0, listening = 0, port = 0] = await freePorts(4);
    const proxy = await KafkaProxy.open({ target: listening, random });
    const [superUser, connector] = [user("operator"), user(connectorPrincipal(region))];
    const kafkaOptions = {
      ...{ dir: kafkaDir ?? join(dir, "kafka"), partsDir, superUser, users: [connector] },
      ports: { client, controller, proxied: { listening, advertised: proxy.port } },
    };
    const parts = new FaultParts(proxy, kafkaOptions, { dir: join(dir, "registry"), partsDir, port });
    const started = await Promise.allSettled([parts.startKafka(), parts.startRegistry()]);
    const failed = started.find((part) => part.status === "rejected");
    if (failed === undefined) return parts;
    await parts.stop();
    throw failed.reason;
  }

  private constructor(
    proxy: KafkaProxy,
    kafkaOptions: KafkaOptions,
    registryOptions: RegistryOptions & { readonly port: number },
  ) {
    const { superUser, users, ports } = kafkaOptions;
    const access = (name: string, password: string, at = 0): KafkaAccess => ({
      ...{ bootstrap: `127.0.0.1:${String(at)}`, username: name, password },
    });
    this.proxy = proxy;
    this.direct = access(superUser.name, superUser.password, ports?.client);
    this.outside = access(superUser.name, superUser.password, proxy.port);
    this.proxied = access(users[0]?.name ?? "", users[0]?.password ?? "", proxy.port);
    this.#kafkaOptions = kafkaOptions;
    this.#registryOptions = registryOptions;
  }

  get registryUrl(): string {
    return `http://127.0.0.1:${String(this.#registryOptions.port)}/apis/ccompat/v7`;
  }

  async startKafka(): Promise<void> {
    if (this.#kafka !== undefined) return;
    this.#kafka = await startKafka(this.#kafkaOptions);
    this.kafkaStarts += 1;
  }

  /** SIGKILL. */
  async killKafka(): Promise<void> {
    await this.#kafka?.stop(0);
    this.#kafka = undefined;
  }

  /** False once it has ended by itself, too. */
  get kafkaRuns(): boolean {
    return this.#kafka !== undefined && isRunning(this.#kafka.pid);
  }

  async startRegistry(): Promise<void> {
    this.#registry ??= await startRegistry(this.#registryOptions);
  }

  /** SIGKILL. */
  async killRegistry(): Promise<void> {
    await this.#registry?.stop(0);
    this.#registry = undefined;
  }

  async stop(): Promise<void> {
    await Promise.all([this.killKafka(), this.killRegistry()]);
    await this.proxy.close();
  }
}

const user = (name: string): { name: string; password: string } => ({
  ...{ name, password: randomBytes(24).toString("base64url") },
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
