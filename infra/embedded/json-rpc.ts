/**
 * JSON-RPC 2.0 over HTTP to a node of this machine, on connections that stay open. No proxy stands between.
 */
import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";

export interface RpcAnswer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

const limitMs = 20_000;
const agent = new Agent({ keepAlive: true, maxSockets: 16 });

export class JsonRpc {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** The node's answer, its complaint too. Rejects where there is none within 20 s: whether it did as it was asked is open. */
  async ask(method: string, params: unknown): Promise<RpcAnswer> {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    return JSON.parse(await this.#post(body)) as RpcAnswer;
  }

  /** The result. Rejects with the node's complaint as well. */
  async result(method: string, params: unknown): Promise<unknown> {
    const { result, error } = await this.ask(method, params);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  #post(body: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      const signal = AbortSignal.timeout(limitMs);
      const asked = request(this.#url, { method: "POST", headers, agent, signal }, (response) => {
        text(response).then(resolve, reject);
      });
      asked.once("error", reject);
      asked.end(body);
    });
  }
}
