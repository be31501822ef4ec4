import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, test } from "node:test";
import type { Log } from "../../runtime/log.ts";
import { callers, otherToken, routesWith, token, type Noting } from "../../test/http.ts";
import { openServer, type HttpServer, type ServerOptions } from "./server.ts";

const open = new Set<HttpServer>();
afterEach(async () => {
  for (const server of open) await server.close();
  open.clear();
});

const quick: Noting = async () => Promise.resolve();

async function serve(noting: Noting = quick, options: ServerOptions = {}): Promise<string> {
  const server = await openServer({ host: "127.0.0.1", port: 0 }, routesWith(noting), {
    callers,
    ...options,
  });
  open.add(server);
  return `http://127.0.0.1:${String(server.port)}`;
}

const put = (body: unknown, more: Record<string, string> = {}): RequestInit => ({
  method: "PUT",
  body: typeof body === "string" ? body : JSON.stringify(body),
  headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...more },
});

async function problemIn(response: Response): Promise<Record<string, unknown>> {
  assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json(;|$)/);
  return (await response.json()) as Record<string, unknown>;
}

test("answers a call by its route's handler, with who called and what was asked as the schemas have it", async () => {
  const texts: string[] = [];
  const url = await serve(async (text) => {
    texts.push(text);
    return Promise.resolve();
  });
  const response = await fetch(`${url}/notes/n1?times=3`, put({ text: "buy milk" }));
  assert.equal(response.status, 201);
  assert.deepEqual(await response.json(), { id: "n1", by: "ada", times: 3 });
  assert.deepEqual(texts, ["buy milk"]);
  assert.equal(await (await fetch(`${url}/hello`)).text(), "hello\n");
});

test("every answer forbids being stored, framed, sniffed or read by another origin's page", async () => {
  const url = await serve();
  for (const path of ["/hello", "/nowhere", "/notes/1"]) {
    const { headers } = await fetch(`${url}${path}`, { headers: { origin: "https://elsewhere.example" } });
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'/);
    assert.equal(headers.get("access-control-allow-origin"), null);
    assert.equal(headers.get("server"), null);
  }
});

test("tells what went wrong as problem details, under the call's id, which is the server's own", async () => {
  const url = await serve();
  const response = await fetch(`${url}/nowhere`, { headers: { "x-request-id": "mine" } });
  const { instance, ...problem } = await problemIn(response);
  assert.equal(response.status, 404);
  assert.equal(instance, `urn:uuid:${response.headers.get("x-request-id") ?? ""}`);
  assert.match(instance, /^urn:uuid:[0-9a-f-]{36}$/);
  assert.deepEqual(problem, {
    type: "urn:pavilion:error:ROUTE_UNKNOWN",
    title: "Route unknown",
    status: 404,
    detail: "Nothing answers at this address.",
    code: "ROUTE_UNKNOWN",
    remedy: "Take the address from the interface's description at /openapi.json.",
  });
});

test("a method that the address does not answer is refused, with those that it does", async () => {
  const url = await serve();
  for (const [path, method, allow] of [
    ["/notes/1", "GET", "PUT, DELETE"],
    ["/notes/1", "OPTIONS", "PUT, DELETE"],
    ["/hello", "HEAD", "GET"],
    ["/hello", "PATCH", "GET"],
  ] as const) {
    const response = await fetch(`${url}${path}`, { method });
    assert.deepEqual([response.status, response.headers.get("allow")], [405, allow], `${method} ${path}`);
  }
});

test("lets in whose token is admitted and whose role may, and nobody else", async () => {
  let notes = 0;
  const url = await serve(async () => {
    notes++;
    return Promise.resolve();
  });
  const call = async (authorization: string): Promise<number> =>
    (await fetch(`${url}/notes/1`, put({ text: "" }, { authorization }))).status;
  assert.equal(await call(`bearer ${token}`), 201);
  assert.equal(await call(`BEARER ${token}`), 201);
  const off = (at: number): string =>
    token.slice(0, at) + (token.charAt(at) === "x" ? "y" : "x") + token.slice(at + 1);
  const refused = [
    "",
    "Bearer",
    "Bearer ",
    `Basic ${token}`,
    `Bearer  ${token}`,
    `Bearer ${token} ${token}`,
    `Bearer ${token},Bearer ${token}`,
    `Bearer ${token.toLowerCase()}`,
    `Bearer ${token.toUpperCase()}`,
    `Bearer ${token}x`,
    `Bearer ${token.slice(0, -1)}`,
    "Bearer __proto__",
    `Bearer ${"a".repeat(4_000)}`,
    token,
    ...Array.from({ length: token.length }, (_, at) => `Bearer ${off(at)}`),
  ];
  for (const authorization of refused) assert.equal(await call(authorization), 401, authorization);
  assert.equal(await call(`Bearer ${otherToken}`), 403);
  assert.equal(notes, 2);
  const response = await fetch(`${url}/notes/1`, put({ text: "" }, { authorization: "none" }));
  assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="pavilion"');
  assert.equal((await problemIn(response)).code, "CALL_UNAUTHENTICATED");
});

test("a caller has so many calls a minute at an address, whatever others and other addresses have", async () => {
  const url = await serve();
  const drop = async (by: string): Promise<Response> =>
    fetch(`${url}/notes/1`, { method: "DELETE", headers: { authorization: `Bearer ${by}` } });
  for (let call = 0; call < 3; call++) assert.equal((await drop(token)).status, 204);
  const refused = await drop(token);
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  assert.equal((await problemIn(refused)).code, "TOO_MANY_CALLS");
  assert.equal((await drop(otherToken)).status, 204);
  assert.equal((await fetch(`${url}/notes/1`, put({ text: "" }))).status, 201);
});

test("a handler that takes too long is told so, and the caller too", async () => {
  let told = false;
  const url = await serve(
    async (_, signal) =>
      new Promise(() => {
        signal.addEventListener("abort", () => (told = true));
      }),
  );
  const response = await fetch(`${url}/notes/1`, put({ text: "" }));
  assert.deepEqual([response.status, (await problemIn(response)).code, told], [503, "ANSWER_OVERDUE", true]);
});

test("what a route does not declare is a defect: the caller hears nothing of it, the log where it is", async () => {
  const lines: unknown[] = [];
  const line = (...words: unknown[]): void => void lines.push(words);
  const url = await serve(quick, { log: { info: line, debug: line, error: line } as unknown as Log });
  for (const [how, status, code] of [
    ["answer", 500, "INTERNAL_ERROR"],
    ["code", 500, "INTERNAL_ERROR"],
    ["defect", 500, "INTERNAL_ERROR"],
    ["part", 500, "INTERNAL_ERROR"],
  ] as const) {
    const response = await fetch(`${url}/wrong/${how}`);
    const text = await response.text();
    assert.equal(response.status, status, how);
    assert.equal((JSON.parse(text) as { code: string }).code, code, how);
    assert.doesNotMatch(text, /hush|TypeError/, how);
  }
  const failed = lines.filter((words) => (words as unknown[])[1] === "call failed");
  assert.equal(failed.length, 4);
  assert.match(JSON.stringify(failed), /"kind":"TypeError","at":\["at .*test\/http\.ts/);
});

test("a failure that the route declares reaches the caller in its own words", async () => {
  const { PavilionError } = await import("../../errors/errors.ts");
  const url = await serve(async () =>
    Promise.reject(new PavilionError("STALE_HEAD", "The note is an old one.")),
  );
  const response = await fetch(`${url}/notes/1`, put({ text: "" }));
  const { code, detail } = await problemIn(response);
  assert.deepEqual([response.status, code, detail], [409, "STALE_HEAD", "The note is an old one."]);
});

test("logs of a call its id, route, caller, status and time, and nothing that the caller wrote", async () => {
  const lines: string[] = [];
  const line = (...words: unknown[]): void => void lines.push(JSON.stringify(words));
  const url = await serve(quick, { log: { info: line, debug: line, error: line } as unknown as Log });
  await fetch(
    `${url}/notes/parameter-value?times=7`,
    put({ text: "body-value" }, { "x-more": "header-value" }),
  );
  await fetch(`${url}/notes/parameter-value`, put("{ body-value"));
  await fetch(`${url}/path-value?query-value`, { headers: { authorization: `Bearer ${token}` } });
  const all = lines.join("\n");
  assert.doesNotMatch(all, new RegExp(`-value|${token}`));
  assert.match(all, /"route":"note","caller":"ada","status":201,"ms":\d+/);
  assert.match(all, /"route":"note","caller":"ada","status":400/);
});

test("when it closes, quick calls are answered, slow ones cut off, and nobody is let in, all within five seconds", async () => {
  const begun = new Map<string, () => void>();
  const beginning = ["quick", "slow"].map(
    async (text) =>
      new Promise<void>((resolve) => {
        begun.set(text, resolve);
      }),
  );
  const noted: string[] = [];
  const end = Promise.withResolvers<undefined>();
  const server = await openServer(
    { host: "127.0.0.1", port: 0 },
    routesWith(async (text, signal) => {
      begun.get(text)?.();
      if (text === "quick") await end.promise;
      else await once(signal, "abort");
      noted.push(text);
    }),
    { callers, limits: { closeMs: 1_000 } },
  );
  const url = `http://127.0.0.1:${String(server.port)}`;
  const calls = ["quick", "slow"].map(async (text) => fetch(`${url}/notes/1`, put({ text })));
  const outcomes = Promise.allSettled(calls);
  await Promise.all(beginning);
  const closed = server.close();
  end.resolve(undefined);
  await closed;
  const [one, other] = await outcomes;
  assert.equal(one?.status === "fulfilled" && one.value.status, 201);
  assert.equal(other?.status, "rejected");
  assert.deepEqual(noted, ["quick", "slow"]);
  await assert.rejects(fetch(`${url}/hello`));
});

test("routes that are called alike, or answer at one address, or say too little are refused at the start", async () => {
  const [hello, note] = routesWith(quick);
  assert.ok(hello !== undefined && note !== undefined);
  const place = { host: "127.0.0.1", port: 0 };
  const changed = (more: Partial<typeof note.route>): typeof note => ({
    ...note,
    route: { ...note.route, ...more },
  });
  for (const [routes, words] of [
    [[hello, hello], /two routes are called hello/],
    [[note, changed({ name: "again", path: "/notes/{other}" })], /are one address/],
    [[changed({ path: "/notes" })], /parameters are not those of its path/],
    [[changed({ path: "/notes/{id}/:x" })], /is no path/],
    [[changed({ path: "/notes/*" })], /is no path/],
    [[changed({ body: { type: "object", properties: {} } })], /does not say whether it takes other members/],
  ] as const) {
    await assert.rejects(openServer(place, routes), words);
  }
});
