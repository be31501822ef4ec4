/**
 * kafkajs's requests about transactions, with four habits changed. It looks the transaction's coordinator up before each
 * request; here it is remembered until it fails or its connection is lost. Right after a
 * commit Kafka may still be writing its markers and answers CONCURRENT_TRANSACTIONS; kafkajs then reloads all metadata,
 * waits and starts over; here the one request is asked again after a moment. Records are
 * encoded by produce-request.ts. What a fetch brings is decoded by wire/fetch-response.ts, for every reader there is, and
 * what it shows of aborted transactions is up to read-committed.ts.
 */
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import type { Kafka } from "kafkajs";
import { encodeProduce, type ProduceRequest } from "./produce-request.ts";
import { hideAborted, type FetchedPartition } from "./read-committed.ts";
import { decodeFetch, fetchVersion, type FetchRequest } from "./wire/fetch-response.ts";

interface Coordinator {
  isConnected(): boolean;
  addPartitionsToTxn(request: object): Promise<unknown>;
}

interface Protocol {
  readonly request: { readonly apiVersion: number; readonly encode: () => Promise<unknown> };
  readonly response: {
    readonly decode: (body: Buffer) => Promise<unknown>;
    readonly parse: (decoded: unknown) => Promise<unknown>;
  };
}

type Lookup = (apiKey: number, definition: object) => (parameters: ProduceRequest & FetchRequest) => Protocol;

interface Broker {
  /** Set anew with each connection. */
  lookupRequest: Lookup;
}

/** What of kafkajs's cluster this is about; not part of its public interface, hence held to version 2.2.4. */
interface Cluster {
  findBroker(of: { nodeId: number }): Promise<Broker>;
  findGroupCoordinator(of: { groupId: string; coordinatorType?: number }): Promise<Coordinator>;
}

type CreateCluster = (options: object) => Cluster;

const markersAfterMs = 1;
const markersLimitMs = 10_000;

const knownVersion = "2.2.4";

/** Changes every cluster object that this client makes from now on. Throws where kafkajs is another than is known. */
export function easeTransactions(kafka: Kafka): void {
  const { version } = createRequire(import.meta.url)("kafkajs/package.json") as { version: string };
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === "private:Kafka:createCluster",
  );
  const members = kafka as unknown as Record<symbol, CreateCluster | undefined>;
  const create = symbol === undefined ? undefined : members[symbol];
  if (version !== knownVersion || symbol === undefined || create === undefined)
    throw new Error("this is not the kafkajs that is known");
  members[symbol] = (options) => eased(create(options));
}

function eased(cluster: Cluster): Cluster {
  const find = cluster.findGroupCoordinator.bind(cluster);
  const known = new Map<string, Coordinator>();
  cluster.findGroupCoordinator = async (of) => {
    // A consumer names no type. It looks its coordinator up where it lost it, so that must stay a question.
    if (of.coordinatorType === undefined) return find(of);
    const key = `${String(of.coordinatorType)} ${of.groupId}`;
    const remembered = known.get(key);
    if (remembered?.isConnected() === true) return remembered;
    const coordinator = patient(await find(of), () => known.delete(key));
    known.set(key, coordinator);
    return coordinator;
  };
  const findBroker = cluster.findBroker.bind(cluster);
  cluster.findBroker = async (of) => {
    const broker = await findBroker(of);
    if (!changed.has(broker.lookupRequest)) {
      broker.lookupRequest = changing(broker.lookupRequest);
      changed.add(broker.lookupRequest);
    }
    return broker;
  };
  return cluster;
}

const changed = new WeakSet<Lookup>();
const produceKey = 0;
const fetchKey = 1;

function changing(lookup: Lookup): Lookup {
  return (apiKey, definition) => {
    const make = lookup(apiKey, definition);
    if (apiKey === produceKey) return (parameters) => quick(make(parameters), parameters);
    return apiKey === fetchKey ? (parameters) => committed(make(parameters), parameters) : make;
  };
}

/** A produce request by our encoder. */
function quick(protocol: Protocol, parameters: ProduceRequest): Protocol {
  const { apiVersion } = protocol.request;
  if (apiVersion < 3 || apiVersion > 7) return protocol;
  const encode = (): Promise<unknown> => {
    const buffer = encodeProduce(parameters, Date.now());
    // As much of kafkajs's encoder as it looks at.
    return Promise.resolve({ buf: buffer, buffer, size: () => buffer.length });
  };
  return { ...protocol, request: { ...protocol.request, encode } };
}

/** A fetch by our decoder, of which nothing aborted is seen. */
function committed(protocol: Protocol, request: FetchRequest): Protocol {
  const { apiVersion } = protocol.request;
  if (apiVersion !== fetchVersion) throw new Error("Kafka is older than 2.3: its fetch is not understood");
  const { parse } = protocol.response;
  return {
    ...protocol,
    response: {
      decode: (body) => Promise.resolve(decodeFetch(body, request)),
      async parse(decoded) {
        const parsed = (await parse(decoded)) as { responses: { partitions: FetchedPartition[] }[] };
        for (const { partitions } of parsed.responses) partitions.forEach(hideAborted);
        return parsed;
      },
    },
  };
}

/** `forget` is called where the coordinator fails: it may be another one by now. */
function patient(broker: Coordinator, forget: () => void): Coordinator {
  const failed = (error: unknown): never => {
    forget();
    throw error;
  };
  return Object.assign(Object.create(broker) as Coordinator, {
    async addPartitionsToTxn(request: object): Promise<unknown> {
      const deadline = performance.now() + markersLimitMs;
      for (;;) {
        try {
          return await broker.addPartitionsToTxn(request);
        } catch (error) {
          if (!isConcurrent(error) || performance.now() > deadline) return failed(error);
          await sleep(markersAfterMs);
        }
      }
    },
  });
}

const isConcurrent = (error: unknown): boolean =>
  error instanceof Error && "type" in error && error.type === "CONCURRENT_TRANSACTIONS";
