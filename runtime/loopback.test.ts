import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

/** What a proxy is asked for: a tunnel, or a whole address. */
const asked: string[] = [];
const proxy = createServer((request, response) => {
  asked.push(request.url ?? "");
  response.writeHead(502).end();
});
proxy.on("connect", (request, socket) => {
  asked.push(request.url ?? "");
  socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
});
/** A schema registry and a chain, as far as these clients ask. */
const own = createServer((request, response) => {
  response.setHeader("content-type", "application/json");
  const isChain = request.method === "POST" && request.url === "/";
  response.end(
    JSON.stringify(
      isChain
        ? { jsonrpc: "2.0", id: 1, result: "0x7a69" }
        : { id: 1, compatibilityLevel: "FULL_TRANSITIVE" },
    ),
  );
});

before(async () => {
  for (const server of [proxy, own]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
});

after(() => {
  for (const server of [proxy, own]) {
    server.close();
    server.closeAllConnections();
  }
});

const portOf = (server: Server): string => String((server.address() as AddressInfo).port);

/** Runs a script where everything is to go by the proxy; answers what it prints, and what the proxy was asked for. */
async function behindProxy(script: string, more: NodeJS.ProcessEnv = {}): Promise<[string, string[]]> {
  asked.length = 0;
  const address = `http://127.0.0.1:${portOf(proxy)}`;
  const { NO_PROXY: _, no_proxy: __, ...rest } = process.env;
  const env = {
    ...rest,
    HTTP_PROXY: address,
    HTTPS_PROXY: address,
    NODE_USE_ENV_PROXY: "1",
    OWN: portOf(own),
    ...more,
  };
  const args = ["--input-type=module", "-e", script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, cwd: import.meta.dirname });
  return [stdout.trim(), [...asked]];
}

const ask = `
  import http from "node:http";
  const get = (url) => new Promise((resolve) => {
    http.get(url, (answer) => resolve(answer.resume().statusCode)).on("error", () => resolve("failed"));
  });
  const both = async (url) => [(await fetch(url).catch(() => ({ status: "failed" }))).status, await get(url)];
  const told = [];
  for (const host of ["127.0.0.1", "localhost"]) told.push(await both("http://" + host + ":" + process.env.OWN));
  console.log(JSON.stringify(told));
  process.exit();`;
const spared = `const { spareLoopback } = await import("./loopback.ts"); spareLoopback();\n`;

test("Node by itself sends the loopback through the proxy: what is mended here is there", async () => {
  const [, requests] = await behindProxy(ask);
  assert.equal(requests.length, 4);
});

test("neither fetch nor Node's own client sends the loopback through the proxy, whatever else NO_PROXY lists", async () => {
  for (const more of [{}, { NO_PROXY: "example.org" }, { no_proxy: "example.org", NO_PROXY: "localhost" }]) {
    const [told, requests] = await behindProxy(spared + ask, more);
    assert.equal(told, "[[200,200],[200,200]]", JSON.stringify(more));
    assert.deepEqual(requests, []);
  }
});

test("what is elsewhere still goes through the proxy", async () => {
  const elsewhere = ask.replace('"127.0.0.1", "localhost"', '"registry.invalid"');
  const [, requests] = await behindProxy(spared + elsewhere);
  assert.equal(requests.length, 2);
  assert.ok(requests.every((request) => request.includes("registry.invalid")));
});

test("the clients of the registry and of the chain spare it", async () => {
  const [told, requests] = await behindProxy(`
    import { ChainNode } from "./chain/node.ts";
    import { openCodec } from "./registry/codec.ts";
    import { Topics } from "../schemas/topics.ts";
    const url = "http://127.0.0.1:" + process.env.OWN;
    console.log(await new ChainNode(url, 31337).chainId());
    await openCodec(url, new Topics());
    process.exit();`);
  assert.deepEqual(requests, []);
  assert.equal(told, "31337");
});
