/**
 * How much may stand in what Kafka hands over, declared once. docs/protocol.md tells clients.
 *
 * Two kinds. A batch's bounds hold where it is decoded, for every reader: they keep memory and time in proportion to what
 * was sent. A record's bounds hold on the topics that others than stages write, before anything else looks at it.
 */

/** Bytes of a batch once it is inflated, and of a topic's largest batch (`max.message.bytes`) where stages write. */
export const batchBytesMax = 4 * 1024 * 1024;

/** Bytes of an outsider's batch as Kafka takes it, and of one record's value once it is inflated. */
export const outsideBytesMax = 900_000;

/**
 * Records of a batch that is compressed or outside a transaction: stages compress nothing. As many as librdkafka puts into
 * one unless told otherwise. In a transaction, which providers may have too, its bytes alone bound them.
 */
export const batchRecordsMax = 10_000;

/** What one fetch unfolds to, in bytes, before it leaves the rest to the next one; a batch is decoded in any case. */
export const fetchBytesMax = 32 * 1024 * 1024;

/** What a decoded record takes beside its bytes, about. */
export const recordOverhead = 256;

/** What inflating a batch costs at least, in bytes: as much time and memory as so many are worth, about. */
export const inflateOverhead = 16 * 1024;

/** An outsider's key; also the longest that is named as it is. */
export const keyBytesMax = 256;

/** An outsider's headers: how many, and the bytes of their names and values together. */
export const headersMax = 64;
export const headerBytesMax = 16 * 1024;

/** An outsider's `ce_id` and `ce_source`, in bytes each. */
export const idBytesMax = 512;
