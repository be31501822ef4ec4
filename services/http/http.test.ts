import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect as connectPlain } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type ConnectionOptions } from "node:tls";
import { Validator } from "@seriousme/openapi-schema-validator";
import type { Log } from "../../runtime/log.ts";
import type { HttpConfig } from "../../schemas/json/connector-config.ts";
import { selfSigned } from "../../test/certificate.ts";
import { digestOf, routesWith, sendRaw, statusIn, token, tokens } from "../../test/http.ts";
import { Callers } from "./callers.ts";
import { openHttp } from "./http.ts";

const errors: string[] = [];
const log = {
  info: () => undefined,
  debug: () => undefined,
  error: (_: unknown, text: string) => void errors.push(text),
} as unknown as Log;

const folders = new Set<string>();
const open = new Set<Awaited<ReturnType<typeof openHttp>>>();
afterEach(async () => {
  for (const server of open) await server.close();
  for (const folder of folders) rmSync(folder, { recursive: true });
  open.clear();
  folders.clear();
  errors.length = 0;
});

function file(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "pavilion-http-"));
  folders.add(folder);
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const tokensFile = (content: unknown = tokens): string => file("tokens.json", JSON.stringify(content));

async function serve(config: Partial<HttpConfig> = {}, receiveMs = 10_000): Promise<number> {
  const routes = routesWith(async () => Promise.resolve());
  const given = { port: 0, tokensFile: tokensFile(), ...config };
  const server = await openHttp(given, routes, {
    log,
    reloadMs: 50,
    limits: { closeMs: 100, receiveMs },
  });
  open.add(server);
  return server.port;
}

const drop = async (port: number, by = token): Promise<number> => {
  const url = `http://127.0.0.1:${String(port)}/notes/1`;
  return (await fetch(url, { method: "DELETE", headers: { authorization: `Bearer ${by}` } })).status;
};

test("describes itself to anyone, validly, itself among what is described", async () => {
  const response = await fetch(`http://127.0.0.1:${String(await serve())}/openapi.json`);
  const document = (await response.json()) as { paths: object };
  assert.equal(response.status, 200);
  assert.ok((await new Validator().validate(document)).valid);
  assert.deepEqual(Object.keys(document.paths), ["/hello", "/notes/{id}", "/wrong/{how}", "/openapi.json"]);
});

test("is plain on loopback alone, and starts without tokens only where nobody needs one", async () => {
  const routes = routesWith(async () => Promise.resolve());
  const refused = async (config: Partial<HttpConfig>): Promise<void> =>
    assert.rejects(openHttp({ port: 0, tokensFile: tokensFile(), ...config }, routes, { log }), {
      code: "CONFIG_INVALID",
    });
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "::ffff:192.0.2.1", "localhost", "127.0.0.1.example"])
    await refused({ host });
  for (const content of [{}, { tokens: [{ name: "ada", role: "clerk", sha256: token }] }, "text"])
    await refused({ tokensFile: tokensFile(content) });
  await refused({ tokensFile: "/nowhere/tokens.json" });
  await refused({ tokensFile: tokensFile({ tokens: [tokens.tokens[0], tokens.tokens[0]] }) });
  await refused({
    tokensFile: tokensFile({ tokens: [{ ...tokens.tokens[0], until: "2026-13-01T00:00:00Z" }] }),
  });
  await assert.rejects(openHttp({ port: 0 }, routes, { log }), { code: "CONFIG_INVALID" });
  open.add(await openHttp({ port: 0 }, routes.slice(0, 1), { log }));
});

test("a token that has ended, or was taken out of the file, is nobody's", async () => {
  const path = tokensFile({
    tokens: [
      { name: "ada", role: "clerk", sha256: digestOf(token), until: "2099-01-01T00:00:00Z" },
      { name: "eve", role: "clerk", sha256: digestOf("e".repeat(32)), until: "2020-01-01T00:00:00Z" },
      { name: "may", role: "clerk", sha256: digestOf("short") },
    ],
  });
  const port = await serve({ tokensFile: path });
  assert.equal(await drop(port), 204);
  assert.equal(await drop(port, "e".repeat(32)), 401);
  assert.equal(await drop(port, "short"), 401);
  writeFileSync(path, JSON.stringify({ tokens: [] }));
  while ((await drop(port)) !== 401) await sleep(20);
  writeFileSync(path, JSON.stringify(tokens));
  while ((await drop(port)) === 401) await sleep(20);
  writeFileSync(path, "{");
  while ((await drop(port)) !== 401) await sleep(20);
  assert.ok(errors.includes("nobody is let in over HTTP: the tokens cannot be read"));
});

test("a token's admission ends at its very moment", () => {
  const until = "2026-01-01T00:00:00Z";
  const at = Date.parse(until);
  const ending = new Callers({
    tokens: [{ name: "ada", role: "clerk", sha256: digestOf(token), until }],
  });
  assert.deepEqual(ending.find([`Bearer ${token}`], at - 1), { name: "ada", role: "clerk" });
  assert.equal(ending.find([`Bearer ${token}`], at), undefined);
});

const helloOver = async (port: number, tls: ConnectionOptions): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    const asking = request({ host: "127.0.0.1", port, path: "/hello", agent: false, ...tls }, (response) => {
      response.resume();
      resolve(response.headers["strict-transport-security"]);
    });
    asking.on("error", reject);
    asking.end();
  });

test("speaks TLS 1.3 and nothing older, and takes a renewed certificate by itself", async () => {
  const [first, second] = [selfSigned(), selfSigned()];
  const certificateFile = file("certificate.pem", first.certificate);
  const keyFile = file("key.pem", first.key);
  const port = await serve({ host: "127.0.0.1", tls: { certificateFile, keyFile } });
  assert.equal(await helloOver(port, { ca: first.certificate }), "max-age=31536000");
  await assert.rejects(helloOver(port, { ca: first.certificate, maxVersion: "TLSv1.2" }));
  await assert.rejects(helloOver(port, { ca: second.certificate }));
  assert.equal(statusIn(await sendRaw(port, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")), 0);

  writeFileSync(certificateFile, second.certificate);
  while (!errors.includes("the earlier certificate for HTTP stays in force")) await sleep(20);
  await helloOver(port, { ca: first.certificate });
  writeFileSync(keyFile, second.key);
  const renewed = async (): Promise<boolean> =>
    helloOver(port, { ca: second.certificate }).then(
      () => true,
      () => false,
    );
  while (!(await renewed())) await sleep(20);
});

test("who never agrees on keys is cut off, and keeps no server from closing", async () => {
  const { certificate, key } = selfSigned();
  const tls = { certificateFile: file("certificate.pem", certificate), keyFile: file("key.pem", key) };
  const port = await serve({ tls }, 1_000);
  const ended = new Promise((resolve) => connectPlain(port, "127.0.0.1").resume().once("close", resolve));
  await ended;
  connectPlain(port, "127.0.0.1").on("error", () => undefined);
  const secure = connect({ host: "127.0.0.1", port, ca: certificate });
  secure.on("error", () => undefined);
  await new Promise((resolve) => secure.once("secureConnect", resolve));
  const before = performance.now();
  for (const server of open) await server.close();
  open.clear();
  assert.ok(performance.now() - before < 5_000);
});

test("a key that others may read, or that is another certificate's, is refused at the start", async () => {
  const [one, other] = [selfSigned(), selfSigned()];
  const certificateFile = file("certificate.pem", one.certificate);
  const shared = file("key.pem", one.key);
  chmodSync(shared, 0o644);
  for (const keyFile of [shared, file("key.pem", other.key), file("key.pem", "no key"), "/nowhere/key.pem"]) {
    await assert.rejects(serve({ tls: { certificateFile, keyFile } }), { code: "CONFIG_INVALID" });
  }
});
