/**
 * The embedded chain's HTTP: JSON-RPC 2.0 by POST, one question or a list of them. What a web page sends is refused.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ChainKeeper } from "./chain-keeper.ts";
import type { RpcAnswer } from "./json-rpc.ts";

const bodyMaxBytes = 1024 * 1024;
const listMax = 100;

interface Reply {
  readonly status: number;
  readonly answer?: object;
}

/** Never rejects. */
export async function answerRpc(
  keeper: ChainKeeper,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Where there is no reply the node is gone, or the asker.
  const { status, answer } = await replyTo(keeper, request).catch((): Reply => ({ status: 503 }));
  // Whoever sends too much may be sending still.
  if (status === 413) response.setHeader("connection", "close");
  response.writeHead(status, { "content-type": "application/json" });
  response.end(answer === undefined ? "" : JSON.stringify(answer));
}

async function replyTo(keeper: ChainKeeper, request: IncomingMessage): Promise<Reply> {
  const body = await bodyOf(request);
  if (body === undefined) return { status: 413 };
  if (request.method !== "POST") return { status: 405 };
  if (request.headers.origin !== undefined) return { status: 403 };
  const asked = parsed(body);
  if (!Array.isArray(asked)) return { status: 200, answer: await answered(keeper, asked) };
  if (asked.length === 0 || asked.length > listMax) return { status: 200, answer: refused(null) };
  const answers: object[] = [];
  for (const one of asked) answers.push(await answered(keeper, one));
  return { status: 200, answer: answers };
}

async function answered(keeper: ChainKeeper, asked: unknown): Promise<object> {
  if (typeof asked !== "object" || asked === null) return refused(null);
  const { id = null, method, params = [] } = asked as Record<string, unknown>;
  if (typeof method !== "string") return refused(id);
  const { result = null, error }: RpcAnswer = await keeper.answer(method, params);
  return { jsonrpc: "2.0", id, ...(error === undefined ? { result } : { error }) };
}

const refused = (id: unknown): object => ({
  ...{ jsonrpc: "2.0", id },
  error: { code: -32600, message: "this is no request" },
});

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Undefined where it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bodyMaxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
