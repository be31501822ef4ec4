/**
 * Users of a running Kafka, made and deleted by its own ConfigCommand: kafkajs has no call for it. Passwords go in files of mode
 * 0600 that are removed afterwards, since arguments can be read by every user of the machine.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PavilionError } from "../../errors/errors.ts";
import { javaCommand, jvmArguments } from "./java.ts";
import { kafkaPart } from "./parts.ts";
import { startProcess } from "./process.ts";
import type { ScramUser } from "./scram.ts";

/** Kafka's least; see scram.ts. */
const iterations = 4096;

interface KafkaAdminAccess {
  readonly partsDir: string;
  /** `host:port`, comma-separated. */
  readonly bootstrap: string;
  readonly superUser: ScramUser;
}

/** Makes a user; sets its password anew where there is one. Throws PART_MISSING, or ACCESS_DENIED where Kafka does not do it. */
export async function putKafkaUser(access: KafkaAdminAccess, user: ScramUser): Promise<void> {
  const file = `SCRAM-SHA-512=iterations=${String(iterations)},password=${user.password}\n`;
  const { end } = await alterUser(access, user.name, (write) => [
    "--add-config-file",
    write("change.properties", file),
  ]);
  if (end !== done) throw refused(user.name, end);
}

/**
 * Deletes a user, where there is one: it logs in no more. Connections that are open stay so, and may do what its ACLs let
 * them. Throws as putKafkaUser does.
 */
export async function dropKafkaUser(access: KafkaAdminAccess, name: string): Promise<void> {
  const { end, said } = await alterUser(access, name, () => ["--delete-config", "SCRAM-SHA-512"]);
  if (end !== done && !said.includes(noSuchUser)) throw refused(name, end);
}

const done = "exit code 0";
const noSuchUser = "ResourceNotFoundException";

const refused = (name: string, end: string): PavilionError =>
  new PavilionError("ACCESS_DENIED", `Kafka refused the change of the user ${name}: ${end}.`);

/** How the tool ended, and what it said. */
async function alterUser(
  { partsDir, bootstrap, superUser }: KafkaAdminAccess,
  name: string,
  change: (write: (file: string, text: string) => string) => string[],
): Promise<{ end: string; said: string }> {
  const part = kafkaPart(partsDir);
  const dir = mkdtempSync(join(tmpdir(), "pavilion-user-"));
  const write = (file: string, text: string): string => {
    writeFileSync(join(dir, file), text, { mode: 0o600 });
    return join(dir, file);
  };
  const login = "org.apache.kafka.common.security.scram.ScramLoginModule";
  const client = write(
    "client.properties",
    "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\n" +
      `sasl.jaas.config=${login} required username="${superUser.name}" password="${superUser.password}";\n`,
  );
  const logFile = join(dir, "tool.log");
  try {
    const tool = await startProcess({
      name: "Kafka's ConfigCommand",
      command: javaCommand(process.env),
      args: [
        ...jvmArguments({ part, temporaryDir: dir, heap: "128m" }),
        ...["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", part.classPath],
        ...["kafka.admin.ConfigCommand", "--bootstrap-server", bootstrap, "--command-config", client],
        ...["--alter", "--entity-type", "users", "--entity-name", name, ...change(write)],
      ],
      cwd: dir,
      logFile,
    });
    const end = await tool.exited;
    return { end, said: existsSync(logFile) ? readFileSync(logFile, "utf8") : "" };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
