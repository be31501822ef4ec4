/**
 * The embedded schema registry: Apicurio Registry on the loopback address unless it is told another, its schemas in
 * an H2 file, so that a schema keeps its id when the registry is stopped, killed and started again. Its
 * Confluent-compatible API is what the runtime speaks.
 *
 * Compatibility is FULL_TRANSITIVE for every subject: a new version can read, and be read by, all earlier
 * ones. There is no log-in: whoever reaches the port may register a compatible schema.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { javaCommand, jvmArguments } from "./java.ts";
import { apicurioPart } from "./parts.ts";
import { freePort, requireFree } from "./tcp-ports.ts";
import { startFailure, startProcess, untilReady } from "./process.ts";
import type { PartProcess } from "./process.ts";

const startLimitMs = 90_000;
const smallJvm = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
const compatibility = "FULL_TRANSITIVE";

export interface RegistryOptions {
  /** Its folder, absolute; made if absent. One running registry a folder. */
  readonly dir: string;
  readonly partsDir: string;
  /** A free one is chosen where none is given. */
  readonly port?: number;
  /** The loopback address by default. */
  readonly listenOn?: string;
  /** The JVM's largest heap, such as "256m", the default. */
  readonly heap?: string;
  /** See JvmOptions. */
  readonly recordClasses?: string;
}

export interface RunningRegistry {
  /** `http://127.0.0.1:port/apis/ccompat/v7` */
  readonly url: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when the process is gone, with how it ended. */
  readonly exited: Promise<string>;
  readonly stop: (graceMs?: number) => Promise<void>;
}

/**
 * Starts the registry and resolves when it answers and enforces compatibility. PART_MISSING,
 * PART_START_FAILED.
 */
export async function startRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  const { dir, heap = "256m", recordClasses } = options;
  const part = apicurioPart(options.partsDir);
  const java = jvmArguments({ part, temporaryDir: dir, heap, recordClasses });
  const port = options.port ?? (await freePort());
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await requireFree("the schema registry", port);
  const registry = await startProcess({
    name: "Apicurio Registry",
    command: javaCommand(process.env),
    args: [...java, ...smallJvm, ...settings(port, options.listenOn ?? "127.0.0.1"), "-jar", part.classPath],
    cwd: dir,
    logFile: join(dir, "registry.log"),
  });
  const url = `http://127.0.0.1:${String(port)}/apis/ccompat/v7`;
  await untilReady(registry, () => answers(`${url}/subjects`), startLimitMs);
  await enforceCompatibility(registry, url);
  const { pid, logFile, exited, stop } = registry;
  return { url, pid, logFile, exited, stop };
}

function settings(port: number, listenOn: string): readonly string[] {
  // Relative to its own folder, where it runs: a semicolon or ${…} in an absolute path would mean something else here.
  // Commits go to the file at once: H2 by itself waits half a second, in which a kill would lose a schema's id.
  const database = "jdbc:h2:file:./schemas;WRITE_DELAY=0";
  const values = {
    "quarkus.http.host": listenOn,
    "quarkus.http.port": String(port),
    "quarkus.log.level": "WARN",
    "quarkus.banner.enabled": "false",
    "apicurio.storage.kind": "sql",
    "apicurio.storage.sql.kind": "h2",
    "apicurio.datasource.url": database,
    "apicurio.ui.enabled": "false",
  };
  return Object.entries(values).map(([name, value]) => `-D${name}=${value}`);
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // not yet; why stands in the registry's own log
  }
}

async function enforceCompatibility(part: PartProcess, url: string): Promise<void> {
  const put = {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ compatibility }),
  };
  const answer = await fetch(`${url}/config`, { ...put, signal: AbortSignal.timeout(10_000) }).catch(
    () => undefined,
  );
  await answer?.arrayBuffer();
  if (answer?.ok === true && (await enforced(url))) return;
  await part.stop(0);
  throw startFailure(part.name, `it does not enforce ${compatibility} compatibility`, part.logFile);
}

async function enforced(url: string): Promise<boolean> {
  const response = await fetch(`${url}/config`, { signal: AbortSignal.timeout(10_000) });
  const config = (await response.json()) as { readonly compatibilityLevel?: unknown };
  return response.ok && config.compatibilityLevel === compatibility;
}
