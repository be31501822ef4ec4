/** HTTP for tests: a server's routes to try, and bytes sent as they are. */
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { PavilionError } from "../errors/errors.ts";
import { route, serveRoute, type ServedRoute } from "../runtime/contract/route.ts";
import { Callers } from "../services/http/callers.ts";

export const token = "p7Qb3XkW9sLd2VmZ5tRc8YhN1uGf6JaE";
export const otherToken = "c4Tz8NqH2wPf7KvB1xMd6RsL9yGj3UaE";

export const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** `ada` is a clerk, `bob` a guest. */
export const tokens = {
  tokens: [
    { name: "ada", role: "clerk", sha256: digestOf(token) },
    { name: "bob", role: "guest", sha256: digestOf(otherToken) },
  ],
};
export const callers = (): Callers => new Callers(tokens);

const hello = route({
  name: "hello",
  summary: "Says hello to anyone.",
  method: "GET",
  path: "/hello",
  answer: { status: 200, mediaType: "text/plain" },
  callers: "anyone",
  limits: { callsPerMinute: 1_000_000 },
  codes: [],
  handle: async () => Promise.resolve("hello\n"),
});

/** What the handler of `/notes/{id}` does; it is told the body's text. */
export type Noting = (text: string, signal: AbortSignal) => Promise<void>;

const note = route({
  name: "note",
  summary: "Takes a note.",
  method: "PUT",
  path: "/notes/{id}",
  parameters: { id: { type: "string", maxLength: 64 } },
  query: { times: { type: "integer", minimum: 1, maximum: 9 } },
  body: {
    type: "object",
    additionalProperties: false,
    required: ["text"],
    properties: { text: { type: "string" }, more: { type: "array", items: {} } },
  },
  answer: {
    status: 201,
    schema: {
      type: "object",
      additionalProperties: false,
      required: ["id", "by", "times"],
      properties: { id: { type: "string" }, by: { type: "string" }, times: { type: "integer" } },
    },
  },
  callers: ["clerk"],
  limits: { bodyBytes: 32 * 1024, callsPerMinute: 6_000, answerMs: 2_000 },
  codes: ["STALE_HEAD"],
  async handle({ parameters, query, body, caller, signal }, noting: Noting) {
    await noting(body.text, signal);
    return { id: parameters.id, by: caller.name, times: query.times ?? 1 };
  },
});

const drop = route({
  name: "drop",
  summary: "Drops a note.",
  method: "DELETE",
  path: "/notes/{id}",
  parameters: { id: { type: "string", maxLength: 64 } },
  answer: { status: 204 },
  callers: ["clerk", "guest"],
  limits: { callsPerMinute: 3 },
  codes: [],
  handle: async () => Promise.resolve(undefined),
});

const wrong = route({
  name: "wrong",
  summary: "Answers what it does not declare.",
  method: "GET",
  path: "/wrong/{how}",
  parameters: { how: { enum: ["answer", "code", "defect", "part"] } },
  answer: { status: 200, schema: { type: "object", additionalProperties: false, properties: {} } },
  callers: "anyone",
  codes: [],
  async handle({ parameters: { how } }): Promise<object> {
    if (how === "answer") return Promise.resolve({ secret: "hush" });
    if (how === "code") throw new PavilionError("STALE_HEAD", "hush");
    if (how === "part") throw new PavilionError("CONFIG_INVALID", "hush");
    throw new TypeError("hush");
  },
});

export const routesWith = (noting: Noting): ServedRoute[] => [
  serveRoute(hello, undefined),
  serveRoute(note, noting),
  serveRoute(drop, undefined),
  serveRoute(wrong, undefined),
];

/** Sends bytes as they are, and resolves to all that comes back before the connection ends, or to what came within the limit. */
export async function sendRaw(port: number, bytes: string | Buffer, limitMs = 10_000): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1");
    const done = (): void => {
      clearTimeout(limit);
      socket.destroy();
      resolve(Buffer.concat(chunks).toString("latin1"));
    };
    const limit = setTimeout(done, limitMs);
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", done);
    socket.on("end", done);
    socket.on("close", done);
    socket.write(bytes);
  });
}

/** The status of the first answer in what came back. */
export const statusIn = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0);
