/** What is settled before a byte of a call's body is read: that the call is plain, who makes it, that they may, and how often. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { PavilionError } from "../../errors/errors.ts";
import { routeLimits, type Caller, type RouteDeclaration } from "../../runtime/contract/route.ts";
import type { Callers } from "./callers.ts";
import { Rates } from "./rates.ts";

const HEADERS_MAX = 64;
/** Of addresses, whose counts strangers can push out, and of callers, whose counts they cannot. */
const ADDRESSES_MAX = 10_000;
const COUNTS_MAX = 100_000;

export class Gate {
  readonly #callers: () => Callers | undefined;
  readonly #addresses = new Rates(ADDRESSES_MAX);
  readonly #known = new Rates(COUNTS_MAX);

  constructor(callers: () => Callers | undefined) {
    this.#callers = callers;
  }

  /** Who calls; undefined where anyone may. Throws what the caller is told, and sets the headers that go with it. */
  admit(route: RouteDeclaration, request: FastifyRequest, reply: FastifyReply): Caller | undefined {
    if (request.raw.httpVersionMajor < 1)
      throw new PavilionError("CALL_UNREADABLE", "What was sent is not HTTP/1.1.");
    if (request.raw.rawHeaders.length > 2 * HEADERS_MAX)
      throw new PavilionError("HEADERS_TOO_LARGE", "There are more headers than are read.");
    if (route.query === undefined && request.raw.url?.includes("?") === true) throw unknownRoute();
    const caller = route.callers === "anyone" ? undefined : this.#identify(route.callers, request, reply);
    this.#count(route, caller, request, reply);
    requirePlainBody(route, request);
    return caller;
  }

  #identify(roles: readonly string[], request: FastifyRequest, reply: FastifyReply): Caller {
    const headers = request.raw.headersDistinct.authorization ?? [];
    const caller = this.#callers()?.find(headers, Date.now());
    if (caller === undefined) {
      reply.header("www-authenticate", 'Bearer realm="pavilion"');
      throw new PavilionError("CALL_UNAUTHENTICATED", "The call brings no token that is admitted.");
    }
    if (!roles.includes(caller.role))
      throw new PavilionError("CALL_FORBIDDEN", "The token's role may not do this.");
    return caller;
  }

  #count(
    { name, limits }: RouteDeclaration,
    caller: Caller | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const { callsPerMinute } = { ...routeLimits, ...limits };
    const now = performance.now();
    const wait =
      caller === undefined
        ? this.#addresses.wait(`${name} ${request.ip}`, callsPerMinute, now)
        : this.#known.wait(`${name} ${caller.name}`, callsPerMinute, now);
    if (wait === 0) return;
    reply.header("retry-after", String(Math.ceil(wait / 1_000)));
    throw new PavilionError("TOO_MANY_CALLS", "The caller has called here too often within a minute.");
  }
}

export const unknownRoute = (): PavilionError =>
  new PavilionError("ROUTE_UNKNOWN", "Nothing answers at this address.");

/** Whether the call says that a body follows. */
export const bringsBody = ({ headers }: FastifyRequest): boolean =>
  headers["transfer-encoding"] !== undefined || !["0", undefined].includes(headers["content-length"]);

function requirePlainBody({ body, limits }: RouteDeclaration, request: FastifyRequest): void {
  const brings = bringsBody(request);
  if (brings && body === undefined) throw new PavilionError("CALL_INVALID", "No body is taken here.");
  if (!brings) return;
  if (request.headers["content-encoding"] !== undefined)
    throw new PavilionError("MEDIA_TYPE_UNKNOWN", "The body is compressed.");
  const { bodyBytes } = { ...routeLimits, ...limits };
  if (Number(request.headers["content-length"] ?? 0) > bodyBytes)
    throw new PavilionError("CALL_TOO_LARGE", "The body is larger than is read here.");
}
