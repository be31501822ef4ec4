/**
 * Users of a running Kafka, made by its own ConfigCommand: kafkajs has no call for it. Passwords go in files of mode
 * 0600 that are removed afterwards, since arguments can be read by every user of the machine.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PavilionError } from "../../runtime/errors.ts";
import { javaCommand, jvmArguments } from "./java.ts";
import { kafkaPart } from "./parts.ts";
import { startProcess } from "./process.ts";
import type { ScramUser } from "./scram.ts";

/** Kafka's least; see scram.ts. */
const iterations = 4096;

export interface KafkaUserRequest {
  readonly partsDir: string;
  /** `host:port`, comma-separated. */
  readonly bootstrap: string;
  readonly superUser: ScramUser;
  /** Its password is set anew where there is such a user. */
  readonly user: ScramUser;
}

/** Throws PART_MISSING, or ACCESS_DENIED where Kafka does not do it. */
export async function putKafkaUser({
  partsDir,
  bootstrap,
  superUser,
  user,
}: KafkaUserRequest): Promise<void> {
  const part = kafkaPart(partsDir);
  const dir = mkdtempSync(join(tmpdir(), "pavilion-user-"));
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  const login = "org.apache.kafka.common.security.scram.ScramLoginModule";
  const client = file(
    "client.properties",
    "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\n" +
      `sasl.jaas.config=${login} required username="${superUser.name}" password="${superUser.password}";\n`,
  );
  const change = file(
    "change.properties",
    `SCRAM-SHA-512=iterations=${String(iterations)},password=${user.password}\n`,
  );
  try {
    const tool = await startProcess({
      name: "Kafka's ConfigCommand",
      command: javaCommand(process.env),
      args: [
        ...jvmArguments({ part, temporaryDir: dir, heap: "128m" }),
        ...["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", part.classPath],
        ...["kafka.admin.ConfigCommand", "--bootstrap-server", bootstrap, "--command-config", client],
        ...["--alter", "--entity-type", "users", "--entity-name", user.name, "--add-config-file", change],
      ],
      cwd: dir,
      logFile: join(dir, "tool.log"),
    });
    const end = await tool.exited;
    if (end === "exit code 0") return;
    throw new PavilionError("ACCESS_DENIED", `Kafka did not take the user ${user.name}: ${end}.`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
