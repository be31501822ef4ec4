/**
 * Kafka's framing (the protocol guide's "Protocol Primitives" and "Request Header v1"): each request and response is an
 * INT32 length and as many bytes. A request begins with its API's key and version, a correlation id and the client's
 * name; a response with the correlation id.
 */

/** The requests that faults are about, and those that a reader of a log wants named. */
export const apis = {
  Produce: 0,
  Fetch: 1,
  OffsetCommit: 8,
  Heartbeat: 12,
  InitProducerId: 22,
  AddPartitionsToTxn: 24,
  EndTxn: 26,
  SaslAuthenticate: 36,
} as const;

export type Api = keyof typeof apis;

const lengthBytes = 4;
/** Far above what the brokers of these tests take or give. */
const frameBytesMax = 128 * 1024 * 1024;

/** Cuts a stream of bytes into frames, each with its length before it. */
export class Frames {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** The frames that the chunk completes, in order. Throws where a length cannot be one. */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const frames: Buffer[] = [];
    for (;;) {
      const length = this.#length();
      if (length === undefined || this.#bytes < lengthBytes + length) return frames;
      const all = this.#joined();
      frames.push(all.subarray(0, lengthBytes + length));
      this.#chunks = [all.subarray(lengthBytes + length)];
      this.#bytes = all.length - lengthBytes - length;
    }
  }

  #length(): number | undefined {
    if (this.#bytes < lengthBytes) return undefined;
    const [first] = this.#chunks;
    const head = first !== undefined && first.length >= lengthBytes ? first : this.#joined();
    const length = head.readInt32BE(0);
    if (length < 4 || length > frameBytesMax) throw new Error("the stream is not Kafka's protocol");
    return length;
  }

  #joined(): Buffer {
    const [first, ...more] = this.#chunks;
    if (first !== undefined && more.length === 0) return first;
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }
}

export interface RequestHead {
  readonly apiKey: number;
  readonly version: number;
  readonly correlationId: number;
  /** Empty where the client gave none. */
  readonly client: string;
}

export function requestHead(frame: Buffer): RequestHead {
  const nameLength = frame.length < 14 ? -1 : frame.readInt16BE(12);
  return {
    apiKey: frame.readInt16BE(4),
    version: frame.readInt16BE(6),
    correlationId: frame.readInt32BE(8),
    client: nameLength < 0 ? "" : frame.toString("utf8", 14, 14 + nameLength),
  };
}

/** What InitProducerId and EndTxn name first: the transactional id; empty for a producer without one. */
export function transactionalIdOf(frame: Buffer): string {
  const at = 14 + Math.max(0, frame.readInt16BE(12));
  const length = frame.readInt16BE(at);
  return length < 0 ? "" : frame.toString("utf8", at + 2, at + 2 + length);
}

/** The answer to EndTxn: THROTTLE_TIME_MS, then the error code; 0 for none. */
export const endTxnErrorOf = (response: Buffer): number => response.readInt16BE(2 * lengthBytes + 4);

export const correlationIdOf = (response: Buffer): number => response.readInt32BE(lengthBytes);
