import assert from "node:assert/strict";
import { test } from "node:test";
import { route, serveRoute } from "./route.ts";

interface Names {
  readonly nameOf: (id: string) => string | undefined;
}

const named = route({
  name: "name-of",
  summary: "Says what something is called.",
  method: "POST",
  path: "/things/{id}/name",
  parameters: { id: { type: "string", pattern: "^[a-z]{1,8}$" } },
  query: { times: { type: "integer", minimum: 1, maximum: 3 } },
  body: {
    type: "object",
    additionalProperties: false,
    required: ["greeting"],
    properties: { greeting: { enum: ["hello", "bye"] }, loud: { type: "boolean" } },
  },
  answer: {
    status: 200,
    schema: {
      type: "object",
      additionalProperties: false,
      required: ["words"],
      properties: { words: { type: "array", items: { type: "string" } } },
    },
  },
  callers: ["visitor"],
  codes: [],
  async handle({ parameters, query, body, caller }, { nameOf }: Names) {
    // Each of these would not compile if the schemas gave another type.
    const id: string = parameters.id;
    const times: number | undefined = query.times;
    const greeting: "hello" | "bye" = body.greeting;
    const loud: boolean | undefined = body.loud;
    const text = `${greeting} ${nameOf(id) ?? "stranger"} from ${caller.name}`;
    const words = Array<string>(times ?? 1).fill(loud === true ? text.toUpperCase() : text);
    return Promise.resolve({ words });
  },
});

test("a served route answers by its handler, on its own ports", async () => {
  const { route: declared, answer } = serveRoute(named, {
    nameOf: (id) => (id === "it" ? "Ada" : undefined),
  });
  assert.equal(declared.name, "name-of");
  const call = {
    parameters: { id: "it" },
    query: { times: 2 },
    body: { greeting: "hello" },
    caller: { name: "lin", role: "visitor" },
    id: "8c0f1b9e-5d5e-4d0e-8a53-0f6f1a3d3c11",
    time: 0,
    signal: AbortSignal.abort(),
  };
  assert.deepEqual(await answer(call as never), { words: ["hello Ada from lin", "hello Ada from lin"] });
});
