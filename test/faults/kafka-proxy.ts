/**
 * Stands before the broker and does what networks do: delays, drops or cuts chosen requests, on either side of the
 * acknowledgement. A fault before it: the broker never sees the request. After it: the broker did what was asked, and
 * the client never hears.
 *
 * The broker tells its clients the proxy's address (KafkaPorts.proxied), so that none goes around it. A broker answers a
 * connection's requests in order, so a delay holds up what stands behind it on that connection, as a slow network does.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { apis, correlationIdOf, Frames, requestHead, type Api, type RequestHead } from "./kafka-frames.ts";

export type Side = "before" | "after";

/** `drop`: no answer on a connection that stays. `cut`: the connection is closed. `until` holds until it is settled. */
export type Action = "drop" | "cut" | { readonly delayMs: number } | { readonly until: Promise<unknown> };

export interface Rule {
  readonly api: Api;
  readonly side: Side;
  readonly action: Action;
  /** Only requests of clients whose name starts with this. */
  readonly client?: string;
  /** The chance that a request that fits is met, 0 to 1; certain unless given. */
  readonly chance?: number;
  /** The first request that is met is the nth that fits; the first unless given. */
  readonly nth?: number;
  /** So many requests and no more; one unless given. */
  readonly times?: number;
}

/** A rule at work. */
export interface Applied {
  readonly rule: Rule;
  hits(): number;
  /** Resolves with the first request that the rule meets, as soon as it does. */
  readonly hit: Promise<Buffer>;
  lift(): void;
}

export interface Deed {
  readonly api: Api;
  readonly side: Side;
  readonly did: "delayed" | "dropped" | "cut";
  readonly client: string;
  readonly correlationId: number;
}

interface Standing {
  readonly rule: Rule;
  /** Requests that fitted. */
  fitting: number;
  hits: number;
  readonly met: PromiseWithResolvers<Buffer>;
}

/** Told a request and its answer, whole frames both. */
type Watcher = (request: Buffer, response: Buffer) => void;

export class KafkaProxy {
  /** Every fault done, in order. */
  readonly log: Deed[] = [];
  readonly #server: Server;
  readonly #random: () => number;
  #standing: Standing[] = [];
  readonly #passages = new Set<Passage>();
  readonly #watchers = new Map<number, Set<Watcher>>();

  /** Listens on the loopback address, at a free port unless one is given, and passes on to the port `target`. */
  static async open(plan: { port?: number; target: number; random: () => number }): Promise<KafkaProxy> {
    const server = createServer();
    const proxy = new KafkaProxy(server, plan.random);
    server.on("connection", (client) => {
      proxy.#pass(client, connect(plan.target, "127.0.0.1"));
    });
    server.listen(plan.port ?? 0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  private constructor(server: Server, random: () => number) {
    this.#server = server;
    this.#random = random;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  apply(rule: Rule): Applied {
    const standing: Standing = { rule, fitting: 0, hits: 0, met: Promise.withResolvers<Buffer>() };
    this.#standing.push(standing);
    return {
      rule,
      hits: () => standing.hits,
      hit: standing.met.promise,
      lift: () => {
        this.#standing = this.#standing.filter((one) => one !== standing);
      },
    };
  }

  /** Tells the broker's answers to one kind of request, before anything is done to them. */
  watch(api: Api, tell: Watcher): () => void {
    const watchers = this.#watchers.get(apis[api]) ?? new Set();
    this.#watchers.set(apis[api], watchers.add(tell));
    return () => watchers.delete(tell);
  }

  /** Cuts every connection there is. */
  cutAll(): void {
    for (const passage of this.#passages) passage.close();
  }

  async close(): Promise<void> {
    this.#standing = [];
    this.#server.close();
    this.cutAll();
    await once(this.#server, "close");
  }

  #pass(client: Socket, broker: Socket): void {
    const passage = new Passage(client, broker, {
      actionFor: (request, side) => this.#actionFor(request, side),
      tell: (request, response) => {
        for (const tell of this.#watchers.get(requestHead(request).apiKey) ?? []) tell(request, response);
      },
    });
    this.#passages.add(passage);
    void passage.ended.then(() => this.#passages.delete(passage));
  }

  #meets(standing: Standing, head: RequestHead, side: Side): boolean {
    const { rule, hits } = standing;
    const { chance = 1, nth = 1, times = 1 } = rule;
    if (!fits(rule, head, side) || hits >= times) return false;
    standing.fitting += 1;
    return standing.fitting >= nth && (chance === 1 || this.#random() < chance);
  }

  /** The first rule that meets the request on this side. */
  #actionFor(request: Buffer, side: Side): Action | undefined {
    const head = requestHead(request);
    const standing = this.#standing.find((one) => this.#meets(one, head, side));
    if (standing === undefined) return undefined;
    const { rule, met } = standing;
    standing.hits += 1;
    met.resolve(request);
    const { client, correlationId } = head;
    this.log.push({ api: rule.api, side, did: nameOf(rule.action), client, correlationId });
    return rule.action;
  }
}

function fits({ api, side, client = "" }: Rule, head: RequestHead, at: Side): boolean {
  return apis[api] === head.apiKey && side === at && head.client.startsWith(client);
}

function nameOf(action: Action): Deed["did"] {
  if (action === "drop") return "dropped";
  return action === "cut" ? "cut" : "delayed";
}

interface Judge {
  readonly actionFor: (request: Buffer, side: Side) => Action | undefined;
  readonly tell: Watcher;
}

/** One client's connection, and the one to the broker that stands behind it. */
class Passage {
  readonly ended: Promise<void>;
  readonly #client: Socket;
  readonly #broker: Socket;
  readonly #judge: Judge;
  readonly #closing = new AbortController();
  /** What the broker has yet to answer, in the order in which it will. */
  readonly #asked: Buffer[] = [];

  constructor(client: Socket, broker: Socket, judge: Judge) {
    this.#client = client;
    this.#broker = broker;
    this.#judge = judge;
    for (const socket of [client, broker]) socket.setNoDelay(true).on("error", () => undefined);
    this.ended = Promise.allSettled([
      this.#relay(client, (frame) => this.#request(frame)),
      this.#relay(broker, (frame) => this.#response(frame)),
    ]).then(() => undefined);
  }

  close(): void {
    this.#closing.abort();
    this.#client.destroy();
    this.#broker.destroy();
  }

  /** Where one side ends, so does the other. */
  async #relay(from: Socket, take: (frame: Buffer) => Promise<void>): Promise<void> {
    const frames = new Frames();
    try {
      for await (const chunk of from) {
        for (const frame of frames.push(chunk as Buffer)) await take(frame);
      }
    } finally {
      this.close();
    }
  }

  async #request(frame: Buffer): Promise<void> {
    if (!(await this.#passes(frame, "before"))) return;
    this.#asked.push(frame);
    this.#broker.write(frame);
  }

  async #response(frame: Buffer): Promise<void> {
    const request = this.#asked.shift();
    if (request === undefined || requestHead(request).correlationId !== correlationIdOf(frame)) {
      throw new Error("the broker answers out of order");
    }
    this.#judge.tell(request, frame);
    if (await this.#passes(request, "after")) this.#client.write(frame);
  }

  async #passes(request: Buffer, side: Side): Promise<boolean> {
    const action = this.#judge.actionFor(request, side);
    if (action === undefined) return true;
    if (action === "drop") return false;
    if (action === "cut") {
      this.close();
      return false;
    }
    const { signal } = this.#closing;
    if ("delayMs" in action) await sleep(action.delayMs, undefined, { signal });
    else if (!signal.aborted) await Promise.race([action.until, once(signal, "abort")]);
    return !signal.aborted;
  }
}
