/**
 * Kafka Streams as a reference: of the version of the embedded Kafka, exactly_once_v2, one thread, and but for what it is
 * told all its defaults.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { javaCommand, jvmArguments, loggingArgument } from "../../infra/embedded/java.ts";
import { kafkaPart, partsDir } from "../../infra/embedded/parts.ts";
import { startFailure, startProcess, type PartProcess } from "../../infra/embedded/process.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { KafkaAccess } from "../../runtime/kafka/client.ts";
import { chainIn } from "./chain.ts";

const repository = resolve(import.meta.dirname, "../..");
const source = join(import.meta.dirname, "StreamsSide.java");
/** The oldest Java that the embedded parts run on. */
const release = "17";
const heap = "512m";

/** Kafka Streams with its class of seven hops, compiled. */
export interface Streams {
  readonly classPath: string;
}

/** Brings the Java compiler and Kafka Streams where they are missing. PART_MISSING where that fails. */
export async function prepareStreams(dir: string): Promise<Streams> {
  // Standard output may be for one line of JSON alone.
  const bootstrap = spawn(join(repository, "scripts", "bootstrap.sh"), ["streams"], {
    stdio: ["ignore", process.stderr, "inherit"],
  });
  const [code] = (await once(bootstrap, "exit")) as [number | null];
  if (code !== 0)
    throw new PavilionError("PART_MISSING", "Kafka Streams, which is compared with, is not there.");
  const kafka = kafkaPart(partsDir);
  const folder = join(dirname(kafka.folder), basename(kafka.folder).replace(/^kafka-/, "kafka-streams-"));
  const classes = join(dir, "classes");
  const classPath = [classes, join(folder, "*"), kafka.classPath].join(delimiter);
  await compile(dir, classes, classPath);
  return { classPath };
}

async function compile(dir: string, classes: string, classPath: string): Promise<void> {
  mkdirSync(classes, { recursive: true });
  const command = join(dirname(javaCommand(process.env)), "javac");
  const compiler = await startProcess({
    name: "The Java compiler",
    command: existsSync(command) ? command : "javac",
    args: ["--release", release, "-cp", classPath, "-d", classes, source],
    cwd: dir,
    logFile: join(dir, "javac.log"),
  });
  const end = await compiler.exited;
  if (end !== "exit code 0")
    throw startFailure("Kafka Streams", `compiling ended with ${end}`, compiler.logFile);
}

export interface StreamsPlan {
  readonly dir: string;
  readonly access: KafkaAccess;
  readonly region: string;
  /** Kafka Streams' own settings, such as `commit.interval.ms`. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Seven hops in a process of one stream thread. */
export function startStreams({ classPath }: Streams, plan: StreamsPlan): Promise<PartProcess> {
  const { dir, region } = plan;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, "streams.properties");
  writeFileSync(file, settingsText(plan), { mode: 0o600 });
  const part = kafkaPart(partsDir);
  const logging = join(repository, "infra", "embedded", "log4j2.properties");
  return startProcess({
    name: `Kafka Streams ${region}`,
    command: javaCommand(process.env),
    args: [
      // The embedded Kafka's class archive is for its own class path.
      ...jvmArguments({ part, temporaryDir: dir, heap }).filter((one) => !one.startsWith("-XX:Shared")),
      loggingArgument(logging),
      ...["-cp", classPath, "StreamsSide", file],
    ],
    cwd: dir,
    logFile: join(dir, "streams.log"),
  });
}

function settingsText(plan: StreamsPlan): string {
  const { bootstrap, username, password } = plan.access;
  const module = "org.apache.kafka.common.security.scram.ScramLoginModule";
  const settings = {
    "application.id": `${plan.region}.streams`,
    "bootstrap.servers": bootstrap,
    "security.protocol": "SASL_PLAINTEXT",
    "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.jaas.config": `${module} required username="${username}" password="${password}";`,
    "processing.guarantee": "exactly_once_v2",
    "num.stream.threads": "1",
    ...plan.settings,
    "state.dir": "state", // of the folder that it runs in
    "auto.offset.reset": "earliest",
    "bench.chain": chainIn(plan.region).join(","),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value.replaceAll("\\", "\\\\")}\n`)
    .join("");
}
