/**
 * The embedded Kafka: Apache Kafka in KRaft mode, one node, a principal for each
 * provider, broker and region, SCRAM-SHA-512 and the StandardAuthorizer. A folder that was used before is
 * started as it is, with the topics, ACLs and users it has.
 */
import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import { javaCommand, jvmArguments, loggingArgument } from "./java.ts";
import { freePorts, requireFree } from "./tcp-ports.ts";
import { formatStorage } from "./kafka-storage.ts";
import { loopback, type KafkaPorts, type Place } from "./kafka-settings.ts";
import { kafkaPart } from "./parts.ts";
import { startProcess, untilReady } from "./process.ts";
import type { ScramUser } from "./scram.ts";

const startLimitMs = 60_000;
const logging = [loggingArgument(join(import.meta.dirname, "log4j2.properties"))];
const pauses = ["-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"];
/** Group ids that fall on each of the 8 partitions of the offsets topic once. */
const onePerPartition = ["0", "1", "2", "3", "4", "5", "6", "7"];
const quickStart = "-XX:TieredStopAtLevel=1";

export interface KafkaOptions {
  /** Its folder, absolute; made if absent. One running Kafka a folder. */
  readonly dir: string;
  readonly partsDir: string;
  /** Free ports are chosen where none are given. */
  readonly ports?: KafkaPorts;
  /** The loopback address by default. */
  readonly place?: Place;
  /** Those who may log in besides the super user. */
  readonly users: readonly ScramUser[];
  /** May do everything: it makes topics and ACLs. */
  readonly superUser: ScramUser;
  /** The JVM's largest heap, such as "512m", the default. */
  readonly heap?: string;
  /** See JvmOptions. */
  readonly recordClasses?: string;
}

export interface RunningKafka {
  /** `host:port`, SASL_PLAINTEXT with SCRAM-SHA-512. */
  readonly bootstrap: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when the process is gone, with how it ended. */
  readonly exited: Promise<string>;
  readonly stop: (graceMs?: number) => Promise<void>;
}

/**
 * Starts Kafka and resolves when it answers the super user. PART_MISSING, PART_START_FAILED, CONFIG_INVALID.
 */
export async function startKafka(options: KafkaOptions): Promise<RunningKafka> {
  const ports = options.ports ?? (await choosePorts());
  const { dir, heap = "512m", recordClasses, place = loopback } = options;
  const java = javaCommand(process.env);
  const part = kafkaPart(options.partsDir);
  await requireFree("Kafka", ports.client);
  const base = { part, temporaryDir: dir };
  const common = ["-cp", part.classPath, ...logging];
  const configFile = await formatStorage({
    dir,
    ports,
    place,
    superUser: options.superUser.name,
    users: [options.superUser, ...options.users],
    java: [java, ...jvmArguments({ ...base, heap: "128m" }), "-XX:+UseSerialGC", quickStart, ...common],
  });
  const kafka = await startProcess({
    name: "Kafka",
    command: java,
    args: [
      ...jvmArguments({ ...base, heap, recordClasses }),
      ...pauses,
      ...common,
      "kafka.Kafka",
      configFile,
    ],
    cwd: dir,
    logFile: join(dir, "kafka.log"),
  });
  const bootstrap = `${place.host}:${String(ports.client)}`;
  await untilReady(kafka, () => answers(bootstrap, options.superUser), startLimitMs);
  const { pid, logFile, exited, stop } = kafka;
  return { bootstrap, pid, logFile, exited, stop };
}

async function choosePorts(): Promise<KafkaPorts> {
  const [client, controller] = await freePorts(2);
  if (client === undefined || controller === undefined) throw new Error("no ports");
  return { client, controller };
}

async function answers(bootstrap: string, superUser: ScramUser): Promise<boolean> {
  const kafka = new Kafka({
    clientId: "readiness",
    brokers: [bootstrap],
    sasl: { mechanism: "scram-sha-512", username: superUser.name, password: superUser.password },
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1000,
    requestTimeout: 5000,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    if (brokers.length !== 1) return false;
    // The first question about groups has their topic made; asked here, no consumer starts into it. It fails
    // while one of the groups' partitions is still being loaded.
    await admin.describeGroups(onePerPartition);
    return true;
  } catch {
    return false; // not yet; why stands in Kafka's own log
  } finally {
    await admin.disconnect();
  }
}
