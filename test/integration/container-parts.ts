/**
 * The parts as containers of this machine's Docker engine, by testcontainers: Java, Kafka and packages are the image's, our
 * own code is the checkout's. Their data lies in the folder that the request names, so that what is started again finds it,
 * and their ports are the ones it names. Testcontainers publishes these on every address of the machine, while a test runs.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Part, Parts } from "../../infra/parts.ts";

const root = resolve(import.meta.dirname, "../..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
/** infra/containers/Dockerfile makes it; its entry point for parts is infra/containers/part.ts. */
const image = `pavilion-parts:${version}`;
const dataFolder = "/var/lib/pavilion";
const startLimitMs = 90_000;
const chainId = 31337;

interface Mount {
  readonly source: string;
  readonly target: string;
  readonly mode: "ro" | "rw";
}

/** What the entry point runs, and imports of the project; the image's own was copied when it was built. */
const code: readonly Mount[] = ["infra", "errors/errors.ts"].map((path) => ({
  source: join(root, path),
  target: join("/opt/pavilion", path),
  mode: "ro",
}));

/** Undefined where no Docker engine answers that has the image. */
export async function containerParts(): Promise<Parts | undefined> {
  if (process.env.DOCKER_HOST === undefined && !existsSync("/var/run/docker.sock")) return undefined;
  // Its helper that removes what a killed test left is an image that is not ours; what is left bears testcontainers' label.
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= "true";
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import("testcontainers");
  const client = await getContainerRuntimeClient().catch(() => undefined);
  if (client === undefined) return undefined;
  const docker = client.container.dockerode;
  const isThere = await docker
    .getImage(image)
    .inspect()
    .then(
      () => true,
      () => false,
    );
  if (!isThere) return undefined;

  const run = async (
    name: string,
    dir: string,
    port: number,
    { args = [], mounts = [] }: { args?: readonly string[]; mounts?: readonly Mount[] } = {},
  ): Promise<Part> => {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const container = await new GenericContainer(image)
      .withEntrypoint(["pavilion-part", name, "--port", String(port), ...args])
      .withUser(`${String(process.getuid?.())}:${String(process.getgid?.())}`)
      .withBindMounts([...code, { source: dir, target: dataFolder, mode: "rw" }, ...mounts])
      .withExposedPorts({ container: port, host: port })
      .withWaitStrategy(Wait.forLogMessage(`${name} is up`))
      .withStartupTimeout(startLimitMs)
      .start();
    const waited = docker.getContainer(container.getId()).wait() as Promise<{ StatusCode: number }>;
    const exited = waited.then(
      ({ StatusCode }) => `exit code ${String(StatusCode)}`,
      () => "its container gone",
    );
    return {
      exited,
      async stop(graceMs = 10_000) {
        await container.stop({ timeout: graceMs, remove: true });
        await exited;
      },
    };
  };

  return {
    async kafka({ dir, ports, superUser, users }) {
      const source = mkdtempSync(join(tmpdir(), "pavilion-users-"));
      try {
        for (const { name, password } of [superUser, ...users]) {
          writeFileSync(join(source, name), password, { mode: 0o600 });
        }
        const target = "/run/pavilion/users";
        const part = await run("kafka", dir, ports.client, {
          args: ["--users", target],
          mounts: [{ source, target, mode: "ro" }],
        });
        return { ...part, bootstrap: `127.0.0.1:${String(ports.client)}` };
      } finally {
        rmSync(source, { recursive: true, force: true }); // Kafka has its own record of them by now
      }
    },
    async registry({ dir, port }) {
      const part = await run("registry", dir, port);
      return { ...part, url: `http://127.0.0.1:${String(port)}/apis/ccompat/v7` };
    },
    async chain({ dir, port }) {
      const part = await run("chain", dir, port);
      return { ...part, url: `http://127.0.0.1:${String(port)}`, chainId };
    },
  };
}
