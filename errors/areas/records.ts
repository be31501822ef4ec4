import type { Area } from "../area.ts";

export const records = {
  title: "Records",
  about:
    "The record goes to the dead letters of the stage that read it; a request is answered with the code, a provider is told in a notice where the stage could read its message.",
  codes: {
    RECORD_UNREADABLE: {
      status: 400,
      audience: ["asker", "provider", "operator"],
      when: "The bytes on the topic are not a batch of Kafka's records, are damaged, or are compressed by a codec that Kafka does not know.",
      remedy:
        "Write records by a Kafka client of version 0.11 or later, plain or compressed by gzip, snappy, lz4 or zstd.",
    },
    RECORD_TOO_LARGE: {
      status: 413,
      audience: ["asker", "provider", "operator"],
      when: "A key, the headers, an id, a value or a batch, once inflated, is larger than a record of an outsider may be.",
      remedy: "Keep to the bounds on keys, headers, records and batches in docs/protocol.md.",
    },
    EVENT_UNREADABLE: {
      status: 400,
      audience: ["asker", "provider", "operator"],
      when: "The record's bytes are not the event that its header names, under a schema of the registry.",
      remedy: "Publish the registered Avro schema in the Confluent wire format.",
    },
    EVENT_MISPLACED: {
      status: 400,
      audience: ["asker", "provider", "operator"],
      when: "The record's key is not the one its topic asks for, or the record does not lie in the partition of its key.",
      remedy:
        "Key the record as its topic asks, and let the key choose the partition (murmur2, Kafka's default).",
    },
    EVENT_TYPE_UNKNOWN: {
      status: 400,
      audience: ["asker", "provider", "operator"],
      when: "The record's `ce_type` is not one that its topic carries.",
      remedy: "Publish only the event types that the topic declares.",
    },
  },
} as const satisfies Area;
