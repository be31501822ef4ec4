/**
 * Free TCP ports on the loopback address. The system chooses them; they are held together until all are
 * known, so that no two are the same, then let go for the part that was told to bind them. Between the two
 * another process may take one: the part then fails to start, and says so in its log.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import { PavilionError } from "../../errors/errors.ts";

/** `count` distinct free ports on 127.0.0.1. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  try {
    return await Promise.all(
      servers.map(async (server) => {
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        const address = server.address();
        if (address === null || typeof address === "string") throw new Error("a TCP server has no port");
        return address.port;
      }),
    );
  } finally {
    for (const server of servers) server.close();
  }
}

/** One free port on 127.0.0.1. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error("no port");
  return port;
}

/** Throws PORT_IN_USE: otherwise whoever is there would be taken for the part. */
export async function requireFree(part: string, port: number): Promise<void> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch (cause) {
    const message = `Port ${String(port)} of 127.0.0.1, which ${part} needs, is taken.`;
    throw new PavilionError("PORT_IN_USE", message, undefined, { cause });
  } finally {
    server.close();
  }
}
