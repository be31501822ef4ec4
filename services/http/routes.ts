/** Routes at work on the framework: each call is let in, read, held to its schemas, handled in time, and answered. */
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import { PavilionError } from "../../errors/errors.ts";
import { routeLimits, type Caller, type ServedRoute } from "../../runtime/contract/route.ts";
import type { Schemas } from "../../runtime/contract/schema.ts";
import type { CallLog } from "./call-log.ts";
import { bringsBody, unknownRoute, type Gate } from "./gate.ts";
import { isFailure, problemBody, problemType, requireDeclared } from "./problems.ts";
import { Shapes } from "./shapes.ts";

type AnyCall = Parameters<ServedRoute["answer"]>[0];

const methods: readonly HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** A page in a browser gets nothing of an answer, and nothing in an answer runs there. */
const headers = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** Aborts the signals of calls under way. */
export type Waiting = Set<AbortController>;

declare module "fastify" {
  interface FastifyContextConfig {
    served?: ServedRoute;
    /** Where only the method is unknown: those that are known. */
    allow?: string;
  }
  interface FastifyRequest {
    caller: Caller | undefined;
  }
}

/** Adds the routes to an app whose body parser is there already. Throws where two are called alike or answer at one address. */
export function addRoutes(
  app: FastifyInstance,
  served: readonly ServedRoute[],
  {
    gate,
    log,
    waiting,
    secure,
  }: { readonly gate: Gate; readonly log: CallLog; readonly waiting: Waiting; readonly secure: boolean },
): void {
  requireApart(served);
  app.decorateRequest("caller", undefined);
  app.setErrorHandler((error, request, reply) => refuse(error, request, reply, log));
  app.setNotFoundHandler(() => {
    throw unknownRoute();
  });
  app.addHook("onRequest", async (request, reply) => {
    reply.headers({ ...headers, "x-request-id": request.id });
    if (secure) reply.header("strict-transport-security", "max-age=31536000");
    // The framework takes nothing for a parameter, too.
    if (Object.values(request.params as object).some((text) => text === "")) throw unknownRoute();
    const { served: one, allow } = request.routeOptions.config;
    if (allow !== undefined) {
      reply.header("allow", allow);
      throw new PavilionError("METHOD_UNKNOWN", "This address does not answer the method.");
    }
    if (one === undefined) throw unknownRoute();
    request.caller = gate.admit(one.route, request, reply);
    return Promise.resolve();
  });
  app.addHook("onResponse", (request, reply, done) => {
    log.done({
      id: request.id,
      route: routeName(request),
      caller: request.caller,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    });
    done();
  });
  for (const one of served) addRoute(app, one, waiting);
  for (const [path, known] of methodsByPath(served)) {
    const others = methods.filter((method) => !known.includes(method));
    app.route({ method: others, url: path, config: { allow: known.join(", ") }, handler: unreachable });
  }
}

const unreachable = (): never => {
  throw unknownRoute();
};

const routeName = (request: FastifyRequest): string =>
  request.routeOptions.config.served?.route.name ?? "none";

/** As the framework writes it. */
const patternOf = (path: string): string => path.replaceAll(/\{([^}]*)\}/g, ":$1");

function methodsByPath(served: readonly ServedRoute[]): Map<string, string[]> {
  const known = new Map<string, string[]>();
  for (const { route } of served) {
    const path = patternOf(route.path);
    known.set(path, [...(known.get(path) ?? []), route.method]);
  }
  return known;
}

function requireApart(served: readonly ServedRoute[]): void {
  const names = new Set<string>();
  const paths = new Map<string, string>();
  for (const { route } of served) {
    if (names.has(route.name)) throw new Error(`two routes are called ${route.name}`);
    names.add(route.name);
    const form = route.path.replaceAll(/\{[^}]*\}/g, "{}");
    const other = paths.get(form) ?? route.path;
    if (other !== route.path) throw new Error(`${other} and ${route.path} are one address`);
    paths.set(form, route.path);
  }
}

function addRoute(app: FastifyInstance, served: ServedRoute, waiting: Waiting): void {
  const { route } = served;
  const { bodyBytes, answerMs } = { ...routeLimits, ...route.limits };
  const shapes = new Shapes(route);
  app.route({
    method: route.method,
    url: patternOf(route.path),
    bodyLimit: bodyBytes,
    config: { served },
    async handler(request, reply) {
      const { parameters, query, body } = {
        parameters: request.params as Schemas,
        query: request.query as Schemas,
        body: request.body,
      };
      shapes.requireCall({ parameters, query, body });
      const given = await within(answerMs, waiting, reply, (signal) =>
        handled(served, {
          ...{ parameters, query, body, caller: request.caller, id: request.id, time: Date.now(), signal },
        }),
      );
      shapes.requireAnswer(given);
      reply.code(route.answer.status);
      if ("mediaType" in route.answer) return reply.type(route.answer.mediaType).send(String(given));
      if (!("schema" in route.answer)) return reply.send();
      return reply.type("application/json").send(JSON.stringify(given));
    },
  });
}

/** What the handler answers. A code that the route does not declare is a defect. */
async function handled({ route, answer }: ServedRoute, call: AnyCall): Promise<unknown> {
  try {
    return await answer(call);
  } catch (error) {
    requireDeclared(error, route);
    throw error;
  }
}

/** Rejects with ANSWER_OVERDUE when the time has passed. Where the caller has gone or the server closes, the handler hears of it. */
async function within<T>(
  limitMs: number,
  waiting: Waiting,
  reply: FastifyReply,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const gone = (): void => {
    abort.abort();
  };
  waiting.add(abort);
  reply.raw.once("close", gone);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      abort.abort();
      reject(new PavilionError("ANSWER_OVERDUE", "The answer was not there in time."));
    }, limitMs);
  });
  try {
    return await Promise.race([work(abort.signal), late]);
  } finally {
    clearTimeout(timer);
    waiting.delete(abort);
    reply.raw.removeListener("close", gone);
  }
}

/** Answers with what went wrong. What of the body was not read is not waited for. */
export function refuse(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: CallLog,
): FastifyReply {
  const problem = problemBody(error, request.id);
  if (isFailure(problem)) log.failed(request.id, routeName(request), error);
  if (bringsBody(request) && !request.raw.complete) reply.header("connection", "close");
  return reply.code(problem.status).type(problemType).send(JSON.stringify(problem));
}
