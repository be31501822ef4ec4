import assert from "node:assert/strict";
import { test } from "node:test";
import { Kafka } from "kafkajs";
import { easeTransactions } from "./transaction-coordinator.ts";
import type { FetchResponse } from "./wire/fetch-response.ts";
import { fetchBody, rawBatch } from "./wire/raw-batch.ts";

const transactionType = 1;
const groupType = 0;

interface FakeCluster {
  findBroker(of: object): Promise<{ lookupRequest: unknown }>;
  findGroupCoordinator(of: { groupId: string; coordinatorType?: number }): Promise<{
    addPartitionsToTxn(request: object): Promise<unknown>;
  }>;
}

/** A client whose brokers answer with what is queued, and then well; it counts what it is asked. */
function fakeClient(answers: Error[] = []) {
  const asked = { lookups: 0, requests: 0 };
  const state = { connected: true };
  const request = (): Promise<string> => {
    asked.requests += 1;
    const error = answers.shift();
    return error === undefined ? Promise.resolve("done") : Promise.reject(error);
  };
  const cluster: FakeCluster = {
    findBroker: () => Promise.resolve({ lookupRequest: () => () => ({ request: { apiVersion: 7 } }) }),
    findGroupCoordinator: () => {
      asked.lookups += 1;
      const broker = {
        isConnected: () => state.connected,
        addPartitionsToTxn: request,
      };
      return Promise.resolve(broker);
    },
  };
  const symbol = Symbol("private:Kafka:createCluster");
  const client = { [symbol]: () => cluster };
  easeTransactions(client as unknown as Kafka);
  return { cluster: client[symbol](), asked, state };
}

const brokerError = (type: string): Error => Object.assign(new Error(type), { type });
const transaction = { groupId: "region.stage.0", coordinatorType: transactionType };

test("this kafkajs has what is changed, and another is refused", () => {
  easeTransactions(new Kafka({ brokers: ["127.0.0.1:1"] }));
  assert.throws(() => {
    easeTransactions({} as unknown as Kafka);
  }, /not the kafkajs/);
});

test("a coordinator is looked up once, for each group and kind", async () => {
  const { cluster, asked } = fakeClient();
  for (let time = 0; time < 3; time++) {
    await cluster.findGroupCoordinator(transaction);
    await cluster.findGroupCoordinator({ ...transaction, coordinatorType: groupType });
  }
  assert.equal(asked.lookups, 2);
});

test("a consumer's lookup is always made", async () => {
  const { cluster, asked } = fakeClient();
  for (let time = 0; time < 3; time++) await cluster.findGroupCoordinator({ groupId: "region.stage" });
  assert.equal(asked.lookups, 3);
});

test("one that lost its connection is looked up again", async () => {
  const { cluster, asked, state } = fakeClient();
  await cluster.findGroupCoordinator(transaction);
  state.connected = false;
  await cluster.findGroupCoordinator(transaction);
  assert.equal(asked.lookups, 2);
});

test("while markers of the last commit are written, partitions are added again until they are taken", async () => {
  const busy = Array.from({ length: 5 }, () => brokerError("CONCURRENT_TRANSACTIONS"));
  const { cluster, asked } = fakeClient(busy);
  const coordinator = await cluster.findGroupCoordinator(transaction);
  assert.equal(await coordinator.addPartitionsToTxn({}), "done");
  assert.deepEqual(asked, { lookups: 1, requests: 6 });
});

test("any other failure is passed on at once, and the coordinator is looked up again", async () => {
  const { cluster, asked } = fakeClient([brokerError("NOT_COORDINATOR")]);
  const coordinator = await cluster.findGroupCoordinator(transaction);
  await assert.rejects(coordinator.addPartitionsToTxn({}), { type: "NOT_COORDINATOR" });
  await cluster.findGroupCoordinator(transaction);
  assert.deepEqual(asked, { lookups: 2, requests: 1 });
});

interface Exchange {
  readonly response: {
    readonly decode: (body: Buffer) => Promise<unknown>;
    readonly parse: (decoded: unknown) => Promise<unknown>;
  };
}

/** How a client of ours asks, where kafkajs would look its requests up like this. */
async function changedBy(
  lookup: () => () => object,
): Promise<(apiKey: number) => (request: object) => Exchange> {
  const symbol = Symbol("private:Kafka:createCluster");
  const broker = { lookupRequest: lookup as unknown };
  const client = {
    [symbol]: () => ({ findBroker: () => Promise.resolve(broker), findGroupCoordinator: lookup }),
  };
  easeTransactions(client as unknown as Kafka);
  await client[symbol]().findBroker();
  return broker.lookupRequest as Awaited<ReturnType<typeof changedBy>>;
}

const fetchKey = 1;

test("a fetch's response is parsed by kafkajs, and what was aborted is then hidden", async () => {
  const message = (offset: string) => ({
    ...{ offset, key: null, isControlRecord: false },
    batchContext: { producerId: "7", inTransaction: true },
  });
  const partition = {
    messages: [message("4"), message("5")],
    abortedTransactions: [{ producerId: "7", firstOffset: "5" }],
  };
  const parsed = { responses: [{ partitions: [partition] }] };
  const changed = await changedBy(() => () => ({
    request: { apiVersion: 11 },
    response: { parse: () => Promise.resolve(parsed) },
  }));
  assert.equal(await changed(fetchKey)({}).response.parse({}), parsed);
  assert.deepEqual(
    partition.messages.map(({ isControlRecord }) => isControlRecord),
    [false, true],
  );
});

test("a fetch's response is decoded by our decoder, and one of another version is refused", async () => {
  const answering = (apiVersion: number) => () => () => ({
    request: { apiVersion },
    response: { decode: () => Promise.reject(new Error("kafkajs decodes")) },
  });
  const request = { topics: [{ topic: "t", partitions: [{ partition: 0, fetchOffset: "3" }] }] };
  const changed = await changedBy(answering(11));
  const body = fetchBody("t", rawBatch({ first: 3, attributes: 5 }));
  const decoded = (await changed(fetchKey)(request).response.decode(body)) as FetchResponse;
  const [fetched] = decoded.responses.flatMap(({ partitions }) => partitions);
  assert.deepEqual(
    fetched?.messages.map(({ offset, fault }) => [offset, fault?.code]),
    [["3", "RECORD_UNREADABLE"]],
  );
  const older = await changedBy(answering(10));
  assert.throws(() => older(fetchKey)(request), /older than 2\.3/);
});
