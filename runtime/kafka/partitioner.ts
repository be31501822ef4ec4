/**
 * Which partition a key belongs to: Kafka's default, murmur2 of the key's bytes (Austin Appleby's, as in Kafka's Java
 * client, Utils.murmur2), positive, modulo the partition count. kafkajs's own takes quadratic time in the key.
 */
import type { ICustomPartitioner } from "kafkajs";

const seed = 0x9747b28c;
const mix = 0x5bd1e995;

/** A whole number of 32 bits, with sign. */
export function murmur2(key: Uint8Array): number {
  const { length } = key;
  const byte = (index: number): number => key[index] ?? 0;
  let hash = seed ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let word = byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24);
    word = Math.imul(word, mix);
    word = Math.imul(word ^ (word >>> 24), mix);
    hash = Math.imul(hash, mix) ^ word;
  }
  if (at < length) {
    hash ^= byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16);
    hash = Math.imul(hash, mix);
  }
  hash = Math.imul(hash ^ (hash >>> 13), mix);
  return hash ^ (hash >>> 15);
}

/** 0 to `partitions` - 1. */
export const partitionOf = (key: Uint8Array, partitions: number): number =>
  (murmur2(key) & 0x7fffffff) % partitions;

/** For kafkajs's producers. A record names its partition or has a key; one that has neither goes to the first. */
export const byKey: ICustomPartitioner =
  () =>
  ({ message: { key, partition }, partitionMetadata }) =>
    partition ??
    (key === null || key === undefined ? 0 : partitionOf(Buffer.from(key), partitionMetadata.length));
