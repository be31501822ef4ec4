/**
 * The description of an interface (OpenAPI 3.1), made of the routes' own declarations: what is served is what is described.
 */
import { failureOf, type ErrorCode } from "../../errors/errors.ts";
import { routeLimits, type Answer, type RouteDeclaration } from "../../runtime/contract/route.ts";
import type { Schema } from "../../runtime/contract/schema.ts";
import { problemType } from "./problems.ts";
import { namesIn } from "./shapes.ts";

/** What the server may answer to any call. */
const always: readonly ErrorCode[] = [
  "CALL_UNREADABLE",
  "CALL_INVALID",
  "CALL_TOO_SLOW",
  "TOO_MANY_CALLS",
  "HEADERS_TOO_LARGE",
  "INTERNAL_ERROR",
  "REGION_UNAVAILABLE",
  "ANSWER_OVERDUE",
];
const withBody: readonly ErrorCode[] = ["CALL_TOO_LARGE", "MEDIA_TYPE_UNKNOWN"];
const withToken: readonly ErrorCode[] = ["CALL_UNAUTHENTICATED", "CALL_FORBIDDEN"];

const problem: Schema = {
  type: "object",
  description: "What went wrong (RFC 9457).",
  required: ["type", "title", "status", "detail", "code", "remedy", "instance"],
  properties: {
    type: { type: "string", description: "The code as a URN." },
    title: { type: "string", description: "The code in words." },
    status: { type: "integer" },
    detail: { type: "string", description: "What was wrong this time." },
    code: { type: "string", description: "The code, which is stable." },
    remedy: { type: "string", description: "What to do." },
    instance: { type: "string", description: "The call's id, which the region's operator finds in the log." },
  },
};

export function openApi(routes: readonly RouteDeclaration[], version: string): object {
  const paths = new Map<string, Map<string, object>>();
  for (const route of routes) {
    const methods = paths.get(route.path) ?? new Map<string, object>();
    paths.set(route.path, methods.set(route.method.toLowerCase(), operation(route)));
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Pavilion DP Connector",
      version,
      license: { name: "GPL-3.0-or-later", identifier: "GPL-3.0-or-later" },
    },
    jsonSchemaDialect: "http://json-schema.org/draft-07/schema#",
    servers: [{ url: "/" }],
    paths: Object.fromEntries([...paths].map(([path, methods]) => [path, Object.fromEntries(methods)])),
    components: {
      schemas: { Problem: problem },
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "A token that the region's operator gave." },
      },
    },
  };
}

function operation(route: RouteDeclaration): object {
  const { name, summary, path, parameters = {}, query = {}, body, answer, callers } = route;
  const limits = { ...routeLimits, ...route.limits };
  const roles = callers === "anyone" ? "Anyone may call." : `For ${callers.join(", ")}.`;
  return {
    operationId: name,
    summary,
    description: `${roles} At most ${String(limits.callsPerMinute)} calls a minute.`,
    security: callers === "anyone" ? [] : [{ token: [] }],
    parameters: [
      ...namesIn(path).map((of) => ({
        name: of,
        in: "path",
        required: true,
        schema: new Map(Object.entries(parameters)).get(of),
      })),
      ...Object.entries(query).map(([of, schema]) => ({ name: of, in: "query", required: false, schema })),
    ],
    ...(body === undefined ? {} : { requestBody: bodyOf(body, limits.bodyBytes) }),
    responses: { [String(answer.status)]: response(answer), ...problems(route) },
  };
}

const bodyOf = (schema: Schema, bytes: number): object => ({
  required: true,
  description: `At most ${String(bytes)} bytes.`,
  content: { "application/json": { schema: plain(schema) } },
});

function response(answer: Answer): object {
  if ("mediaType" in answer)
    return { description: "Done.", content: { [answer.mediaType]: { schema: { type: "string" } } } };
  if (!("schema" in answer)) return { description: "Done." };
  return { description: "Done.", content: { "application/json": { schema: plain(answer.schema) } } };
}

/** A schema's own id names a file, which is nowhere to be had here. */
function plain(schema: Schema): Schema {
  const { $id: _id, $schema: _dialect, ...rest } = schema;
  return rest;
}

/** By status, each with its codes. */
function problems({ codes, body, callers }: RouteDeclaration): object {
  const byStatus = new Map<number, ErrorCode[]>();
  const told = [
    ...always,
    ...(body === undefined ? [] : withBody),
    ...(callers === "anyone" ? [] : withToken),
    ...codes,
  ];
  for (const code of new Set(told)) {
    const { status } = failureOf(code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      String(status),
      {
        description: list.map((code) => `${code}: ${failureOf(code).when}`).join("\n\n"),
        content: { [problemType]: { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    ]),
  );
}
