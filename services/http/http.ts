/**
 * A connector's HTTP interface, as its configuration has it: the routes that its pipelines bring, and their description at
 * `/openapi.json`.
 *
 * Promises: it is plain on a loopback address alone, and TLS 1.3 elsewhere. Tokens and certificate are read again every minute. A
 * file of tokens that cannot be read lets nobody in, so that nobody who was taken out of it stays in; a certificate that cannot
 * be read leaves the earlier one in force.
 */
import { BlockList, isIP } from "node:net";
import { PavilionError } from "../../errors/errors.ts";
import { route, serveRoute, type ServedRoute } from "../../runtime/contract/route.ts";
import type { Log } from "../../runtime/log.ts";
import type { HttpConfig } from "../../schemas/json/connector-config.ts";
import manifest from "../../package.json" with { type: "json" };
import { Callers } from "./callers.ts";
import { openApi } from "./openapi.ts";
import { openServer, type HttpServer, type ServerLimits } from "./server.ts";

const RELOAD_MS = 60_000;

export interface HttpOptions {
  readonly log: Log;
  readonly limits?: Partial<ServerLimits>;
  readonly reloadMs?: number;
}

/**
 * Rejects with CONFIG_INVALID where the address, the certificate or the tokens are not fit for it, with the system's error where
 * the port cannot be had.
 */
export async function openHttp(
  { host = "127.0.0.1", port, tls, tokensFile }: HttpConfig,
  routes: readonly ServedRoute[],
  { log, limits = {}, reloadMs = RELOAD_MS }: HttpOptions,
): Promise<Pick<HttpServer, "port" | "close">> {
  requireSafe(host, tls !== undefined);
  let callers = readCallers(tokensFile, routes);
  const described: ServedRoute[] = [...routes, description(routes)];
  const place = { host, port, ...(tls === undefined ? {} : { tls }) };
  const server = await openServer(place, described, { callers: () => callers, log, limits });
  const reload = setInterval(() => {
    try {
      callers = readCallers(tokensFile, routes);
    } catch (error) {
      callers = nobody;
      log.error({ error }, "nobody is let in over HTTP: the tokens cannot be read");
    }
    try {
      server.reloadTls();
    } catch (error) {
      log.error({ error }, "the earlier certificate for HTTP stays in force");
    }
  }, reloadMs);
  reload.unref();
  return {
    port: server.port,
    async close() {
      clearInterval(reload);
      await server.close();
    },
  };
}

const nobody = new Callers({ tokens: [] });

function readCallers(file: string | undefined, routes: readonly ServedRoute[]): Callers {
  if (file !== undefined) return Callers.read(file);
  if (routes.every((served) => served.route.callers === "anyone")) return nobody;
  throw new PavilionError(
    "CONFIG_INVALID",
    "The HTTP interface has addresses that need a token, and the configuration names no http.tokensFile.",
  );
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

function requireSafe(host: string, tls: boolean): void {
  const family = isIP(host);
  if (family === 0)
    throw new PavilionError(
      "CONFIG_INVALID",
      "http.host is no IP address.",
      "Name the address to listen on.",
    );
  if (!tls && !loopback.check(host, family === 4 ? "ipv4" : "ipv6"))
    throw new PavilionError(
      "CONFIG_INVALID",
      "The HTTP interface would be plain on an address that others reach: tokens and answers could be read on the way.",
      "Name a certificate and its key in http.tls, or listen on 127.0.0.1 and put a proxy with TLS before it.",
    );
}

function description(routes: readonly ServedRoute[]): ServedRoute {
  const own = route({
    name: "openapi",
    summary: "Describes this interface.",
    method: "GET",
    path: "/openapi.json",
    answer: { status: 200, schema: { type: "object" } },
    callers: "anyone",
    codes: [],
    handle: async (_call, document: object) => Promise.resolve(document),
  });
  return serveRoute(own, openApi([...routes.map((served) => served.route), own], manifest.version));
}
