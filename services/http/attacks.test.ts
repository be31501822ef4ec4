/** What strangers and careless clients send. After each attack the server answers the next caller. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { oddTexts } from "../../test/odd-names.ts";
import { callers, routesWith, sendRaw, statusIn, token } from "../../test/http.ts";
import { openServer, type HttpServer } from "./server.ts";

const receiveMs = 1_500;
const connections = 64;
let server: HttpServer;
let notes: string[];

beforeEach(async () => {
  notes = [];
  const routes = routesWith(async (text) => {
    notes.push(text);
    return Promise.resolve();
  });
  server = await openServer({ host: "127.0.0.1", port: 0 }, routes, {
    callers,
    limits: { receiveMs, connections, closeMs: 100 },
  });
});

afterEach(async () => {
  try {
    const hello = await fetch(`http://127.0.0.1:${String(server.port)}/hello`);
    assert.equal(hello.status, 200);
    await hello.text();
  } finally {
    await server.close();
  }
});

const raw = (lines: readonly string[], body: string | Buffer = ""): Buffer =>
  Buffer.concat([Buffer.from(`${[...lines, "Connection: close"].join("\r\n")}\r\n\r\n`), Buffer.from(body)]);

const signedIn = `Authorization: Bearer ${token}`;
const json = "Content-Type: application/json";

function put(body: string | Buffer, ...headers: readonly string[]): Buffer {
  const length = `Content-Length: ${String(Buffer.byteLength(body))}`;
  return raw(["PUT /notes/1 HTTP/1.1", "Host: x", signedIn, length, ...headers], body);
}

async function answer(bytes: Buffer | string): Promise<{ status: number; code: string }> {
  const text = await sendRaw(server.port, bytes);
  return { status: statusIn(text), code: /"code":"(\w+)"/.exec(text)?.[1] ?? "" };
}

const chunked = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

test("a body that is too large is refused, at its announced length or at the first byte too many", async () => {
  const large = JSON.stringify({ text: "x".repeat(32 * 1024) });
  assert.deepEqual(await answer(put(large, json)), { status: 413, code: "CALL_TOO_LARGE" });
  const announced = raw(["PUT /notes/1 HTTP/1.1", "Host: x", signedIn, json, "Content-Length: 999999999999"]);
  assert.deepEqual(await answer(announced), { status: 413, code: "CALL_TOO_LARGE" });
  const head = ["PUT /notes/1 HTTP/1.1", "Host: x", signedIn, json, "Transfer-Encoding: chunked"];
  const endless = raw(head, chunked("x".repeat(20_000)).repeat(2));
  assert.deepEqual(await answer(endless), { status: 413, code: "CALL_TOO_LARGE" });
  assert.deepEqual(notes, []);
});

test("who calls is settled before the body is asked for: a stranger's is never waited for", async () => {
  const head = ["PUT /notes/1 HTTP/1.1", "Host: x", json, "Content-Length: 20000"];
  assert.deepEqual(await answer(raw(head)), { status: 401, code: "CALL_UNAUTHENTICATED" });
  assert.deepEqual(await answer(raw(["PUT /nowhere HTTP/1.1", ...head.slice(1)])), {
    status: 404,
    code: "ROUTE_UNKNOWN",
  });
});

test("a call that comes slowly is cut off, be it its headers or its body", async () => {
  const head = ["PUT /notes/1 HTTP/1.1", "Host: x", signedIn, json, "Content-Length: 100"];
  for (const bytes of ["GET /hello HTTP/1.1\r\nHost:", raw(head, '{"text":')]) {
    assert.deepEqual(await answer(bytes), { status: 408, code: "CALL_TOO_SLOW" });
  }
  assert.deepEqual(notes, []);
});

test("JSON that is deep, has many values, names a member twice or is none is refused in little time", async () => {
  const deep = `{"text":"","more":${"[".repeat(15_000)}${"]".repeat(15_000)}}`;
  const many = `{"text":"","more":[${"1,".repeat(12_000)}1]}`;
  for (const body of [
    deep,
    many,
    "[".repeat(30_000),
    '{"text":"a","text":"b"}',
    '{"text":"a","te\\u0078t":"b"}',
    '{"text":"a"',
    "",
    "undefined",
    "{'text':1}",
    Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
    Buffer.from('{"text":"a"}', "utf16le"),
  ]) {
    const { status } = await answer(put(body, json));
    assert.equal(status, 400, body.toString().slice(0, 40));
  }
  assert.deepEqual(notes, []);
});

test("names that every object has are members like others: unknown ones", async () => {
  for (const name of oddTexts) {
    const body = `{"text":"a",${JSON.stringify(name)}:{"polluted":true}}`;
    assert.deepEqual(await answer(put(body, json)), { status: 400, code: "CALL_INVALID" }, name);
    const query = raw(
      [`PUT /notes/1?${name}=1 HTTP/1.1`, "Host: x", signedIn, json, "Content-Length: 2"],
      "{}",
    );
    assert.deepEqual(await answer(query), { status: 400, code: "CALL_INVALID" }, name);
    const path = raw(
      [`PUT /notes/${name} HTTP/1.1`, "Host: x", signedIn, json, "Content-Length: 12"],
      '{"text":"a"}',
    );
    assert.equal((await answer(path)).status, 201, name);
  }
  assert.equal(({} as { polluted?: true }).polluted, undefined);
});

test("a body that is not said to be plain JSON is refused", async () => {
  for (const headers of [
    [],
    ["Content-Type: text/plain"],
    ["Content-Type: application/x-www-form-urlencoded"],
    ["Content-Type: multipart/form-data; boundary=x"],
    ["Content-Type: application/jsonx"],
    ["Content-Type: application/json/x"],
    ["Content-Type: ,application/json"],
    ["Content-Type: text/plain; application/json"],
    [json, "Content-Encoding: gzip"],
    [json, "Content-Encoding: identity"],
  ]) {
    const told = await answer(put('{"text":"a"}', ...headers));
    assert.deepEqual(told, { status: 415, code: "MEDIA_TYPE_UNKNOWN" }, headers.join());
  }
  assert.equal(
    (await answer(put('{"text":"a"}', "Content-Type: Application/JSON; charset=utf-8"))).status,
    201,
  );
  const get = raw(["GET /hello HTTP/1.1", "Host: x", "Content-Length: 5"], "hello");
  assert.deepEqual(await answer(get), { status: 400, code: "CALL_INVALID" });
});

test("floods of headers are refused, long or many", async () => {
  const long = raw(["GET /hello HTTP/1.1", "Host: x", `X-Long: ${"x".repeat(10_000)}`]);
  assert.deepEqual(await answer(long), { status: 431, code: "HEADERS_TOO_LARGE" });
  const many = raw([
    "GET /hello HTTP/1.1",
    "Host: x",
    ...Array.from({ length: 70 }, (_, at) => `X-${String(at)}: y`),
  ]);
  assert.deepEqual(await answer(many), { status: 431, code: "HEADERS_TOO_LARGE" });
  const address = raw([`GET /${"a".repeat(10_000)} HTTP/1.1`, "Host: x"]);
  assert.deepEqual(await answer(address), { status: 431, code: "HEADERS_TOO_LARGE" });
});

test("no trick with a path reaches another address, or a parameter with a slash in it", async () => {
  for (const path of [
    "/hello/",
    "//hello",
    "/./hello",
    "/notes/../hello",
    "/hello/..",
    "/HELLO",
    "/hello;x",
    "/hello?x",
    "/hello%3Fx",
    "/%2e%2e/hello",
    "/hello%00",
    "/%",
    "/%zz",
    "/%ff",
    "/hello%2F",
    "\\hello",
    "/notes",
    "/notes/",
    "*",
  ]) {
    const { status } = await answer(raw([`GET ${path} HTTP/1.1`, "Host: x"]));
    assert.ok(status === 404 || status === 400, `${path} ${String(status)}`);
  }
  for (const id of [
    "a%2Fb",
    "..%2F..",
    "a%5Cb",
    "a%00b",
    "a%0Ab",
    "%C2%85",
    "x".repeat(65),
    "x".repeat(1000),
    "%ff",
  ]) {
    const head = [
      `PUT /notes/${id} HTTP/1.1`,
      "Host: x",
      "Connection: close",
      signedIn,
      json,
      "Content-Length: 12",
    ];
    const { status } = await answer(raw(head, '{"text":"a"}'));
    assert.ok(status === 404 || status === 400, `${id} ${String(status)}`);
  }
  assert.deepEqual(notes, []);
});

test("two tokens in one call are nobody's, and neither are two queries of one name", async () => {
  const twice = put('{"text":"a"}', json, signedIn);
  assert.deepEqual(await answer(twice), { status: 401, code: "CALL_UNAUTHENTICATED" });
  const queries = raw(
    ["PUT /notes/1?times=1&times=2 HTTP/1.1", "Host: x", signedIn, json, "Content-Length: 12"],
    '{"text":"a"}',
  );
  assert.deepEqual(await answer(queries), { status: 400, code: "CALL_INVALID" });
});

test("what is no HTTP, or two calls at once by one reading, is refused and the connection ended", async () => {
  for (const bytes of [
    "hello\r\n\r\n",
    "GET /hello\r\n\r\n",
    "GET /hello HTTP/9.9\r\nHost: x\r\n\r\n",
    "GET /hello HTTP/1.1\r\n\r\n",
    "GET /hello HTTP/1.1\r\nHost: x\r\nHost: y\r\nX\r\n\r\n",
    "PUT /notes/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "PUT /notes/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "PUT /notes/1 HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "GET /hello HTTP/1.1\r\nHost: x\r\n bad: folded\r\n\r\n",
    `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${"\x00".repeat(100)}`,
  ]) {
    assert.equal(statusIn(await sendRaw(server.port, bytes)), 400, bytes);
  }
});

/** Fewer than the system lets wait to be accepted (511): what is above that waits for seconds. */
const AT_ONCE = 400;

/** Opens so many connections at once, and waits until the server holds no more than its share. */
async function flood(count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(server.port, "127.0.0.1"));
  const known = sockets.map(
    async (socket) =>
      new Promise((resolve) => {
        socket.on("error", () => undefined);
        socket.once("close", resolve);
        socket.once("connect", resolve);
        socket.resume();
      }),
  );
  await Promise.all(known);
  const open = (): Socket[] => sockets.filter((socket) => !socket.destroyed);
  for (let round = 0; round < 500 && open().length > connections; round++) await sleep(10);
  assert.ok(open().length <= connections, String(open().length));
  return open();
}

test("ten thousand connections, four hundred at once, hold no more than their share, and not for long", async () => {
  for (let wave = 0; wave < 25; wave++) for (const socket of await flood(AT_ONCE)) socket.destroy();
  const idle = await flood(2 * connections);
  await Promise.all(
    idle.map(async (socket) => socket.destroyed || new Promise((resolve) => socket.once("close", resolve))),
  );
});
