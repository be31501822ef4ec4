/**
 * Puts bytes on a partition as they are, by a Produce request of their own: what another library's client could send, and
 * what none of ours would.
 */
import type { Kafka } from "kafkajs";

type Lookup = (
  apiKey: number,
  definition: object,
) => (parameters: object) => { readonly request: object; readonly response: object };

/** What of kafkajs's internals carries the request. */
interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  findTopicPartitionMetadata(
    topic: string,
  ): readonly { readonly partitionId: number; readonly leader: number }[];
  findBroker(of: {
    nodeId: number;
  }): Promise<{ lookupRequest: Lookup; produce(of: object): Promise<unknown> }>;
}

const produceKey = 0;

/** Rejects where Kafka refuses the batch. `partitionOf` chooses among as many partitions as the topic has. */
export async function produceRaw(
  kafka: Kafka,
  topic: string,
  batch: Buffer,
  partitionOf: (partitions: number) => number = () => 0,
): Promise<void> {
  const cluster = clusterOf(kafka);
  await cluster.connect();
  try {
    await cluster.addTargetTopic(topic);
    const metadata = cluster.findTopicPartitionMetadata(topic);
    const partition = partitionOf(metadata.length);
    const leader = metadata.find(({ partitionId }) => partitionId === partition)?.leader ?? 0;
    const broker = await cluster.findBroker({ nodeId: leader });
    const lookup = broker.lookupRequest;
    const buffer = bodyOf(topic, partition, batch);
    const encode = () => Promise.resolve({ buf: buffer, buffer, size: () => buffer.length });
    broker.lookupRequest = (apiKey, definition) => (parameters) => {
      const protocol = lookup(apiKey, definition)(parameters);
      return apiKey === produceKey ? { ...protocol, request: { ...protocol.request, encode } } : protocol;
    };
    await broker.produce({ topicData: [] });
  } finally {
    await cluster.disconnect();
  }
}

function clusterOf(kafka: Kafka): Cluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === "private:Kafka:createCluster",
  );
  const create = (kafka as unknown as Record<symbol, (of: object) => Cluster>)[symbol ?? Symbol()];
  if (create === undefined) throw new Error("this is not the kafkajs that is known");
  return create({ metadataMaxAge: 300_000, allowAutoTopicCreation: false });
}

/** A Produce request's body, versions 3 to 7: no transaction, all replicas, 30 s, one topic, one partition. */
function bodyOf(topic: string, partition: number, batch: Buffer): Buffer {
  const name = Buffer.from(topic);
  const head = Buffer.alloc(14 + name.length + 12);
  head.writeInt16BE(-1, 0);
  head.writeInt16BE(-1, 2);
  head.writeInt32BE(30_000, 4);
  head.writeInt32BE(1, 8);
  head.writeInt16BE(name.length, 12);
  name.copy(head, 14);
  head.writeInt32BE(1, 14 + name.length);
  head.writeInt32BE(partition, 18 + name.length);
  head.writeInt32BE(batch.length, 22 + name.length);
  return Buffer.concat([head, batch]);
}
