/**
 * Which partition a key belongs to: Kafka's default, murmur2 of the key's bytes, positive, modulo the partition count.
 */
import { Partitioners } from "kafkajs";

const choose = Partitioners.DefaultPartitioner();

/** 0 to `partitions` - 1. */
export function partitionOf(key: Buffer, partitions: number): number {
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: 0,
    replicas: [],
    isr: [],
  }));
  return choose({ topic: "", partitionMetadata, message: { key, value: null } });
}
