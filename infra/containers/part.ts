/**
 * `part.ts kafka|registry|chain --port P [--host H] [--users FOLDER]`: one part in the foreground of its container, until
 * SIGTERM. It listens on every address of the container; `H` is where clients are told to come back to. Its data lies in
 * /var/lib/pavilion. Kafka's users lie in a folder, a file a user with the password in it; the super user is
 * `operator`, whose password is made where there is none. A line `… is up` says that it answers.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startChain } from "../embedded/chain.ts";
import { startKafka } from "../embedded/kafka.ts";
import { partsDir } from "../embedded/parts.ts";
import { startRegistry } from "../embedded/registry.ts";
import type { ScramUser } from "../embedded/scram.ts";
import type { Part } from "../parts.ts";
import { spareLoopback } from "../../runtime/loopback.ts";

const dir = "/var/lib/pavilion";
const listenOn = "0.0.0.0";
const superUserName = "operator";
const controllerPort = 9093;
/** `docker-compose`'s health checks look for it. */
const readyFile = "/tmp/ready";

const text = { type: "string" } as const;
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { port: text, host: text, users: text },
});
const [name = ""] = positionals;
const port = Number(values.port);
spareLoopback();
rmSync(readyFile, { force: true }); // of an earlier run of the same container
const part = await start();
writeFileSync(readyFile, "");
process.stdout.write(`${name} is up\n`);
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    void part.stop().then(() => process.exit(0));
  });
}
process.stdout.write(`${name} ended with ${await part.exited}\n`);
process.exitCode = 1;

function start(): Promise<Part> {
  if (name === "registry") return startRegistry({ dir, partsDir, port, listenOn });
  if (name === "chain") return startChain({ dir, port, listenOn });
  if (name !== "kafka" || values.users === undefined) throw new Error("usage: see the head of part.ts");
  const users = usersIn(values.users);
  const superUser = users.find((user) => user.name === superUserName);
  if (superUser === undefined) throw new Error("there is no super user");
  return startKafka({
    ...{ dir, partsDir, superUser },
    users: users.filter((user) => user !== superUser),
    ports: { client: port, controller: controllerPort },
    place: { listenOn, host: values.host ?? "127.0.0.1" },
  });
}

function usersIn(folder: string): ScramUser[] {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const own = join(folder, superUserName);
  if (!existsSync(own)) {
    // In place, a crash would leave an empty password; what it leaves here the next start writes over and moves.
    writeFileSync(`${own}.new`, randomBytes(24).toString("base64url"), { mode: 0o600 });
    renameSync(`${own}.new`, own);
  }
  return readdirSync(folder).map((user) => ({
    name: user,
    password: readFileSync(join(folder, user), "utf8").trim(),
  }));
}
