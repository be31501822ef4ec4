/**
 * The one HTTP server: it is handed routes, and holds every call to what they declare.
 *
 * Promises: who calls is settled before a byte of the body is read; sizes, times, connections and calls a minute are bounded; what
 * goes wrong is told as problem details and in no other words; what an answer or a log line holds is what a route declares, and
 * never a body, a token or an address's parameters. No page of another origin may read an answer.
 */
import { randomUUID } from "node:crypto";
import { createServer as createPlain, type RequestListener, type Server as PlainServer } from "node:http";
import { createServer as createTls, Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { fastify, type FastifyInstance } from "fastify";
import { routeLimits, type ServedRoute } from "../../runtime/contract/route.ts";
import type { Log } from "../../runtime/log.ts";
import type { Callers } from "./callers.ts";
import { callLog } from "./call-log.ts";
import { Gate } from "./gate.ts";
import { readBody } from "./json-body.ts";
import { rawProblem } from "./problems.ts";
import { addRoutes, refuse, type Waiting } from "./routes.ts";
import { readTls, type TlsFiles } from "./tls.ts";

export interface ServerLimits {
  readonly connections: number;
  /** For the headers to arrive, and as long again for the body, in milliseconds. */
  readonly receiveMs: number;
  /** For calls under way when the server closes, in milliseconds. */
  readonly closeMs: number;
}

const serverLimits: ServerLimits = { connections: 256, receiveMs: 5_000, closeMs: 4_000 };

const HEADER_BYTES = 8 * 1024;
const KEEP_ALIVE_MS = 5_000;
/** A connection on which nothing moves: nobody reads the answer. */
const IDLE_MS = 30_000;
/** How often it is looked whether a call is late. */
const CHECK_MS = 250;
const PARAMETER_MAX = 512;

export interface Place {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Plain where absent. */
  readonly tls?: TlsFiles;
}

export interface ServerOptions {
  /** Whose tokens are admitted now; nobody's where absent. */
  readonly callers?: () => Callers;
  readonly log?: Log;
  readonly limits?: Partial<ServerLimits>;
}

export interface HttpServer {
  readonly port: number;
  /** Puts a renewed certificate into force. Throws CONFIG_INVALID, and keeps the earlier one. */
  reloadTls(): void;
  /** Resolves within five seconds: calls under way are answered if they are quick, and cut off if not. */
  close(): Promise<void>;
}

/** Rejects with the system's error where the port cannot be had, and with CONFIG_INVALID where the certificate cannot. */
export async function openServer(
  place: Place,
  served: readonly ServedRoute[],
  { callers, log, limits: given }: ServerOptions = {},
): Promise<HttpServer> {
  const limits = { ...serverLimits, ...given };
  const waiting: Waiting = new Set();
  const calls = callLog(log);
  const longest = Math.max(0, ...served.map(({ route }) => route.limits?.answerMs ?? routeLimits.answerMs));
  const secure = place.tls === undefined ? undefined : readTls(place.tls);
  const app = fastify({
    logger: false,
    genReqId: () => randomUUID(),
    exposeHeadRoutes: false,
    return503OnClosing: false,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: PARAMETER_MAX },
    frameworkErrors: (error, request, reply) => {
      refuse(error, request, reply, calls);
    },
    clientErrorHandler: refuseBytes,
    serverFactory: (handler) => plainOrTls(handler, secure, limits, longest),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, async (_: unknown, bytes: Buffer) =>
    Promise.resolve(readBody(bytes)),
  );
  addRoutes(app, served, {
    gate: new Gate(() => callers?.()),
    log: calls,
    waiting,
    secure: secure !== undefined,
  });
  const sockets = socketsOf(app.server);
  try {
    await app.listen({ host: place.host, port: place.port });
  } catch (error) {
    await app.close();
    throw error;
  }
  return {
    port: (app.server.address() as AddressInfo).port,
    reloadTls() {
      if (place.tls !== undefined && app.server instanceof TlsServer)
        app.server.setSecureContext(readTls(place.tls));
    },
    close: () => closeWithin(app, { sockets, waiting }, limits.closeMs),
  };
}

function plainOrTls(
  handler: RequestListener,
  secure: SecureContextOptions | undefined,
  { connections, receiveMs }: ServerLimits,
  longestAnswerMs: number,
): PlainServer {
  const options = {
    maxHeaderSize: HEADER_BYTES,
    headersTimeout: receiveMs,
    requestTimeout: 2 * receiveMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CHECK_MS,
  };
  const server =
    secure === undefined
      ? createPlain(options, handler)
      : createTls({ ...options, ...secure, handshakeTimeout: receiveMs }, handler);
  server.maxConnections = connections;
  server.setTimeout(IDLE_MS + longestAnswerMs);
  return server;
}

/**
 * Answers what is no call: bytes that are no HTTP, headers that are too long, a call that does not come to its end. Who has not even
 * agreed on keys gets no answer, since none could be sent.
 */
function refuseBytes(error: Error & { readonly code?: string }, socket: Socket): void {
  const read = /^(HPE|ERR_HTTP)_/.test(error.code ?? "");
  if (read && socket.writable && socket.bytesWritten === 0) socket.end(rawProblem(error, randomUUID()));
  else socket.destroy();
}

/** Connections that are open, those that are still about to agree on keys too. */
function socketsOf(server: PlainServer): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return sockets;
}

/** New calls on open connections are the last there, those under way have until the limit, and then everything is cut off. */
async function closeWithin(
  app: FastifyInstance,
  { sockets, waiting }: { readonly sockets: ReadonlySet<Socket>; readonly waiting: Waiting },
  limitMs: number,
): Promise<void> {
  const limit = setTimeout(() => {
    for (const abort of waiting) abort.abort();
    for (const socket of sockets) socket.destroy();
  }, limitMs);
  try {
    await app.close();
  } finally {
    clearTimeout(limit);
  }
}
