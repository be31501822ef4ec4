import assert from "node:assert/strict";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { routesWith } from "../../test/http.ts";
import { openApi } from "./openapi.ts";

const routes = routesWith(async () => Promise.resolve()).map(({ route }) => route);
const described = (): Record<string, unknown> =>
  JSON.parse(JSON.stringify(openApi(routes, "1.2.3"))) as Record<string, unknown>;

const faultsOf = async (document: object): Promise<unknown> => {
  const { valid, errors } = await new Validator().validate({ ...document });
  return valid ? undefined : errors;
};

test("routes are described as OpenAPI 3.1, which a validator of its own finds valid", async () => {
  assert.equal(await faultsOf(described()), undefined);
  assert.equal(await faultsOf(openApi([], "1.2.3")), undefined);
});

test("the validator refuses what is no description", async () => {
  for (const [member, value] of [
    ["paths", { hello: {} }],
    ["info", { title: "no version" }],
    ["paths", { "/hello": { get: { responses: { ok: {} } } } }],
  ] as const) {
    assert.notEqual(await faultsOf({ ...described(), [member]: value }), undefined, member);
  }
});

test("each operation says what it takes, from whom, how much and how often, and what it answers", () => {
  const paths = described().paths as Record<string, Record<string, Record<string, unknown>>>;
  assert.deepEqual(Object.keys(paths), ["/hello", "/notes/{id}", "/wrong/{how}"]);
  const { put: note, delete: drop } = paths["/notes/{id}"] ?? {};
  assert.equal(note?.operationId, "note");
  assert.equal(note.description, "For clerk. At most 6000 calls a minute.");
  assert.deepEqual(note.security, [{ token: [] }]);
  assert.deepEqual(note.parameters, [
    { name: "id", in: "path", required: true, schema: { type: "string", maxLength: 64 } },
    { name: "times", in: "query", required: false, schema: { type: "integer", minimum: 1, maximum: 9 } },
  ]);
  assert.match(JSON.stringify(note.requestBody), /At most 32768 bytes.*"required":\["text"\]/);
  const statuses = Object.keys(note.responses as object);
  assert.deepEqual(statuses, [
    "201",
    "400",
    "401",
    "403",
    "408",
    "409",
    "413",
    "415",
    "429",
    "431",
    "500",
    "503",
  ]);
  assert.deepEqual(Object.keys(drop?.responses as object).slice(0, 2), ["204", "400"]);
  assert.deepEqual(paths["/hello"]?.get?.security, []);
});
