/**
 * What the port makes of a node that is down, slow, or answers what cannot be, by a server that answers as told.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { openAnchorChain, type AnchorChain } from "./anchor-chain.ts";
import type { Anchored } from "./anchor-contract.ts";

const secret = secp256k1.utils.randomSecretKey();
const publicKey = secp256k1.getPublicKey(secret, false);
const word = (digits: string): string => `0x${digits.padStart(64, "0")}`;
const unavailable = { code: "CHAIN_UNAVAILABLE" };

type Answers = Readonly<Record<string, unknown>>;

/** As a node answers that has one anchor of no leaf fewer than it should. */
const honest: Answers = {
  eth_chainId: "0x7a69",
  eth_getCode: "0x60",
  eth_getBlockByNumber: { number: "0x5", hash: word("5"), baseFeePerGas: "0x7" },
  eth_call: word(""),
  eth_getTransactionCount: "0x0",
  eth_maxPriorityFeePerGas: "0x1",
  eth_estimateGas: "0x5208",
  eth_sendRawTransaction: word("1"),
  eth_getTransactionByHash: {},
  eth_getLogs: [],
  eth_getProof: { accountProof: [], storageProof: [{ proof: [] }] },
};

async function portTo(
  context: TestContext,
  respond: (response: ServerResponse, body: string) => void,
): Promise<AnchorChain> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      respond(response, body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const chain = openAnchorChain({
    ...{ url: `http://127.0.0.1:${String(address.port)}/secret-path`, chainId: 31337, confirmations: 1 },
    ...{ contract: `0x${"11".repeat(20)}`, publicKey },
    sign: (digest) => Promise.resolve(secp256k1.sign(digest, secret, { prehash: false })),
  });
  context.after(() => {
    chain.close();
    server.closeAllConnections();
    server.close();
  });
  return chain;
}

function answering(context: TestContext, answers: Answers, asked: string[] = []): Promise<AnchorChain> {
  return portTo(context, (response, body) => {
    const { id, method } = JSON.parse(body) as { id: number; method: string };
    asked.push(method);
    const result = answers[method];
    const answer =
      result instanceof Error ? { error: { code: -32000, message: result.message } } : { result };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
  });
}

const next = { size: 3, root: word("abc") };

test("with a node that answers as it should, the anchor is sent and pending", async (context) => {
  const asked: string[] = [];
  const chain = await answering(context, honest, asked);
  assert.deepEqual(await chain.anchor(undefined, next), { state: "pending" });
  assert.ok(asked.includes("eth_sendRawTransaction"));
});

test("an answer of the wrong form is unavailability, whichever it is", async (context) => {
  const methods = [
    ...["eth_chainId", "eth_getCode", "eth_getBlockByNumber", "eth_call", "eth_getTransactionCount"],
    ...["eth_maxPriorityFeePerGas", "eth_estimateGas"],
  ];
  for (const method of methods) {
    for (const nonsense of [undefined, null, 7, "7", "0xzz", [], {}, `0x${"ff".repeat(40)}`]) {
      if (method === "eth_getCode" && nonsense === `0x${"ff".repeat(40)}`) continue;
      const chain = await answering(context, { ...honest, [method]: nonsense });
      await assert.rejects(
        chain.anchor(undefined, next),
        unavailable,
        `${method}: ${JSON.stringify(nonsense)}`,
      );
    }
  }
});

test("an error for an answer is unavailability, and what the node said is not passed on", async (context) => {
  for (const method of Object.keys(honest).filter((name) => !/Logs|Proof|ByHash/.test(name))) {
    const chain = await answering(context, { ...honest, [method]: new Error("internal secret-words") });
    await assert.rejects(chain.anchor(undefined, next), (error: Error & { code?: string }) => {
      assert.equal(error.code, "CHAIN_UNAVAILABLE");
      assert.doesNotMatch(`${String(error.stack)}${String(error.cause)}`, /secret|127\.0\.0\.1/);
      return true;
    });
  }
});

test("a transaction that the node has, or has a better one of, is pending", async (context) => {
  for (const complaint of [
    "already known",
    "replacement transaction underpriced",
    "nonce too low",
    "transaction underpriced",
  ]) {
    const chain = await answering(context, { ...honest, eth_sendRawTransaction: new Error(complaint) });
    assert.deepEqual(await chain.anchor(undefined, next), { state: "pending" }, complaint);
  }
});

test("a contract that refuses the call though its slot has not moved is no registry", async (context) => {
  const chain = await answering(context, { ...honest, eth_estimateGas: new Error("execution reverted") });
  await assert.rejects(chain.anchor(undefined, next), { code: "CHAIN_MISMATCH" });
});

test("events that are missing, invented or cut, and a proof that does not hold, are not believed", async (context) => {
  const log = {
    data: `0x${word("").slice(2)}${next.root.slice(2)}${word("3").slice(2)}${word("9").slice(2)}`,
    ...{ blockNumber: "0x4", blockHash: word("4"), transactionHash: word("44") },
  };
  for (const logs of [[], null, {}, [7], [log], [{ ...log, data: "0x" }], [{ ...log, blockHash: "0x" }]]) {
    const chain = await answering(context, { ...honest, eth_call: word("5a5a"), eth_getLogs: logs });
    await assert.rejects(chain.anchor(undefined, next), unavailable);
  }
  for (const proof of [null, [], {}, { accountProof: [], storageProof: [] }, honest.eth_getProof]) {
    const chain = await answering(context, { ...honest, eth_getProof: proof, debug_getRawHeader: "0xc0" });
    await assert.rejects(chain.prove(5), unavailable);
  }
});

test("a block of another number than asked for is not believed", async (context) => {
  const link = { previous: word(""), root: word("1"), size: 1, time: 1 };
  const last: Anchored = { link, transaction: word("1"), block: 4, blockHash: word("5") };
  const chain = await answering(context, honest);
  await assert.rejects(chain.standing([last]), unavailable);
});

test("checks the chain once while all goes well, and again after a failure", async (context) => {
  const asked: string[] = [];
  const answers: Record<string, unknown> = { ...honest };
  const chain = await answering(context, answers, asked);
  const checks = (): number => asked.filter((method) => method === "eth_chainId").length;
  await chain.anchor(undefined, next);
  await chain.anchor(undefined, next);
  assert.equal(checks(), 1);
  answers.eth_call = new Error("down");
  await assert.rejects(chain.anchor(undefined, next), unavailable);
  answers.eth_chainId = "0x1";
  await assert.rejects(chain.anchor(undefined, next), { code: "CHAIN_MISMATCH" });
});

test("pages of a proxy, broken JSON and closed connections are unavailability", async (context) => {
  const responses: ((response: ServerResponse) => void)[] = [
    (response) => response.end("<html>"),
    (response) => response.end("{"),
    (response) => response.writeHead(502).end(),
    (response) => response.writeHead(429).end(),
    (response) => response.destroy(),
    (response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
  ];
  for (const respond of responses) {
    const chain = await portTo(context, respond);
    await assert.rejects(chain.anchor(undefined, next), unavailable);
  }
});

test(
  "a node that is silent, or goes on sending without an end, is given up on",
  { timeout: 20_000 },
  async (context) => {
    const silent = await portTo(context, () => undefined);
    const endless = await portTo(context, (response) => {
      const sending = setInterval(() => response.write(" "), 100);
      response.once("close", () => {
        clearInterval(sending);
      });
    });
    await Promise.all(
      [silent, endless].map((chain) => assert.rejects(chain.anchor(undefined, next), unavailable)),
    );
  },
);
