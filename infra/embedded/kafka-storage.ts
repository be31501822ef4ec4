/**
 * The folder of an embedded Kafka, formatted once with the users that it is to know. Users cannot be added
 * by a client of this stack's library later, so a start with a user that the folder does not know is
 * refused.
 *
 * Credentials go to Kafka's StorageTool in a file of mode 0600, removed afterwards: its arguments would show
 * them to every user of the machine.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PavilionError } from "../../errors/errors.ts";
import { internalUsers, serverProperties } from "./kafka-settings.ts";
import type { InternalPasswords, KafkaPorts, Place } from "./kafka-settings.ts";
import { startFailure, startProcess } from "./process.ts";
import { scramCredential } from "./scram.ts";
import type { ScramUser } from "./scram.ts";

/** Within the folder, where Kafka and its tool run. */
const dataDir = "data";

/** What the folder remembers between starts, in cluster.json (mode 0600). */
interface Cluster {
  readonly users: readonly string[];
  readonly passwords: InternalPasswords;
}

export interface StorageRequest {
  readonly dir: string;
  readonly ports: KafkaPorts;
  readonly place: Place;
  readonly superUser: string;
  /** All users, the super user among them. */
  readonly users: readonly ScramUser[];
  /** The java command and the arguments up to a main class. */
  readonly java: readonly [string, ...string[]];
}

/**
 * Formats the folder unless it was, and writes server.properties, whose path it returns. CONFIG_INVALID,
 * PART_START_FAILED.
 */
export async function formatStorage(request: StorageRequest): Promise<string> {
  const names = request.users.map((user) => user.name);
  refuseInternalNames(names);
  mkdirSync(request.dir, { recursive: true, mode: 0o700 });
  const clusterFile = join(request.dir, "cluster.json");
  const known = existsSync(clusterFile)
    ? (JSON.parse(readFileSync(clusterFile, "utf8")) as Cluster)
    : undefined;
  const cluster = known ?? {
    users: names,
    passwords: { broker: randomPassword(), controller: randomPassword() },
  };
  refuseUnknownUsers(names, cluster.users);
  const configFile = writeProperties(request, cluster.passwords);
  if (known === undefined) {
    rmSync(join(request.dir, dataDir), { recursive: true, force: true }); // of a format that was interrupted
    await runStorageTool(request, cluster.passwords, configFile);
    writeFileSync(`${clusterFile}.new`, JSON.stringify(cluster), { mode: 0o600 });
    renameSync(`${clusterFile}.new`, clusterFile);
  }
  return configFile;
}

function randomPassword(): string {
  return randomBytes(24).toString("base64url");
}

function refuseInternalNames(names: readonly string[]): void {
  const internal: readonly string[] = Object.values(internalUsers);
  if (!names.some((name) => internal.includes(name)) && new Set(names).size === names.length) return;
  throw new PavilionError(
    "CONFIG_INVALID",
    "Two Kafka users have one name, or one has a name that Kafka itself uses.",
    `Give each user a name of its own, other than ${internal.join(" and ")}.`,
  );
}

function refuseUnknownUsers(names: readonly string[], known: readonly string[]): void {
  if (names.every((name) => known.includes(name))) return;
  throw new PavilionError(
    "CONFIG_INVALID",
    "Kafka's folder was made without some of the users that are now named.",
    "Start with the users that it was made with, or make a new folder.",
  );
}

function writeProperties(request: StorageRequest, passwords: InternalPasswords): string {
  const configFile = join(request.dir, "server.properties");
  const { ports, place, superUser } = request;
  rmSync(configFile, { force: true }); // an existing file would keep its mode
  const text = serverProperties({ dataDir, ports, place, passwords, superUser });
  writeFileSync(configFile, text, { mode: 0o600 });
  return configFile;
}

async function runStorageTool(
  request: StorageRequest,
  passwords: InternalPasswords,
  configFile: string,
): Promise<void> {
  const users = [...request.users, { name: internalUsers.broker, password: passwords.broker }];
  const credentials = users.map((user) => scramCredential(user, randomBytes(32)));
  const credentialFile = join(request.dir, "format.args");
  const logFile = join(request.dir, "format.log");
  const [command, ...args] = request.java;
  writeFileSync(credentialFile, credentials.map((one) => `--add-scram\n${one}\n`).join(""), { mode: 0o600 });
  try {
    const tool = await startProcess({
      name: "Kafka's StorageTool",
      command,
      args: [
        ...[...args, "kafka.tools.StorageTool", "format", "--config", configFile],
        ...[`--cluster-id=${randomBytes(16).toString("base64url")}`, `@${credentialFile}`],
      ],
      cwd: request.dir,
      logFile,
    });
    const end = await tool.exited;
    if (end !== "exit code 0")
      throw startFailure("Kafka", `formatting its folder ended with ${end}`, logFile);
  } finally {
    rmSync(credentialFile, { force: true });
  }
}
