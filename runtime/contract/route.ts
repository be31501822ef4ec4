/**
 * An HTTP route as a pipeline declares it: what may be sent, who may send it, how much of it, and what is answered. The server
 * holds every call to it before the handler hears of it, and every answer after; the interface's description (OpenAPI) is made
 * of the same words.
 *
 * A handler gets a call that keeps to the schemas and limits, from a caller whose role is allowed, and the route's own ports.
 * It resolves to the answer, or throws a PavilionError of one of the codes that the route names, which the caller reads as
 * problem details (RFC 9457). Whatever else it throws is told as INTERNAL_ERROR and nothing more.
 */
import type { ErrorCode } from "../../errors/errors.ts";
import type { Schema, Schemas, TypeOf } from "./schema.ts";

/** Who calls, as the token proved. */
export interface Caller {
  readonly name: string;
  readonly role: string;
}

/** Roles that may call, or `anyone`, who then stays unknown. */
export type Callers = "anyone" | readonly string[];

export interface RouteLimits {
  /** Most bytes of a body. */
  readonly bodyBytes: number;
  /** Most calls a minute of one caller; of one address where anyone may call. */
  readonly callsPerMinute: number;
  /** Longest time to answer in, in milliseconds. */
  readonly answerMs: number;
}

export const routeLimits: RouteLimits = { bodyBytes: 64 * 1024, callsPerMinute: 60, answerMs: 10_000 };

/** What is answered when all is well: a JSON value, a text of a media type, or nothing (204). */
export type Answer =
  | { readonly status: 200 | 201 | 202; readonly schema: Schema }
  | { readonly status: 200; readonly mediaType: string }
  | { readonly status: 204 };

type AnswerOf<A> = A extends { readonly schema: infer S }
  ? TypeOf<S>
  : A extends { readonly mediaType: string }
    ? string
    : undefined;

interface Call<Parameters, Query, Body, C> {
  readonly parameters: { readonly [N in keyof Parameters]: TypeOf<Parameters[N]> };
  readonly query: { readonly [N in keyof Query]?: TypeOf<Query[N]> };
  readonly body: TypeOf<Body>;
  readonly caller: C extends "anyone" ? undefined : Caller;
  /** A UUID of the server's making, which the answer and the log name too. */
  readonly id: string;
  /** When the call came, in milliseconds since 1970. */
  readonly time: number;
  /** Aborted when the time to answer has passed or the server closes: nobody waits any more. */
  readonly signal: AbortSignal;
}

/** What of a route is described; it needs no ports. */
export interface RouteDeclaration {
  /** Unique on a server: the operation's id in its description, and the route's name in logs. */
  readonly name: string;
  /** One sentence for those who call. */
  readonly summary: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Parameters in braces, each a whole segment: `/credentials/{id}/status`. */
  readonly path: `/${string}`;
  /** One for each name in the path. Nothing with a slash, a backslash or a control character gets here. */
  readonly parameters?: Schemas;
  /** What may stand after the question mark, all optional. Where there is none, no question mark is let pass. */
  readonly query?: Schemas;
  /** Absent where no body is taken. Each object in it says in `additionalProperties` whether it takes members that it does not name. */
  readonly body?: Schema;
  readonly answer: Answer;
  readonly callers: Callers;
  /** Those that differ from `routeLimits`. */
  readonly limits?: Partial<RouteLimits>;
  /** What the handler may throw; the server's own codes go without saying. */
  readonly codes: readonly ErrorCode[];
}

export interface Route<Ports, Parameters, Query, Body, A, C> extends RouteDeclaration {
  readonly parameters?: Parameters & Schemas;
  readonly query?: Query & Schemas;
  readonly body?: Body & Schema;
  readonly answer: A & Answer;
  readonly callers: C & Callers;
  readonly handle: (call: Call<Parameters, Query, Body, C>, ports: Ports) => Promise<AnswerOf<A>>;
}

/** Declares a route: the handler's types follow from its schemas, its ports from what the handler says it takes. */
export function route<
  const Parameters extends Schemas,
  const Query extends Schemas,
  const Body extends Schema,
  const A extends Answer,
  const C extends Callers,
  Ports = unknown,
>(declared: Route<Ports, Parameters, Query, Body, A, C>): Route<Ports, Parameters, Query, Body, A, C> {
  return declared;
}

/** A route with its ports: what a server is handed. */
export interface ServedRoute {
  readonly route: RouteDeclaration;
  readonly answer: (call: Call<Schemas, Schemas, Schema, Callers>) => Promise<unknown>;
}

/** Binds a route to its ports. */
export function serveRoute<Ports, Parameters, Query, Body, A, C>(
  declared: Route<Ports, Parameters, Query, Body, A, C>,
  ports: NoInfer<Ports>,
): ServedRoute {
  const handle = declared.handle as (call: unknown, ports: Ports) => Promise<unknown>;
  return { route: declared, answer: (call) => handle(call, ports) };
}
