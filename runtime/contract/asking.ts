/**
 * Requests, as far as the runtime knows them: an id, a digest and a tenant. Each pipeline says which of its events are
 * about one, and how its asker is told of a refusal or an error.
 */
import type { EventName, EventTypes } from "../../schemas/avro/index.ts";
import type { TopicName } from "../../schemas/topics.ts";
import type { ErrorCode } from "../../errors/errors.ts";

/** What every request is known by, whatever else its pipeline holds of it. */
export interface Asked {
  readonly requestId: string;
  readonly digest: string;
  readonly tenant: string;
}

/** What an asker is told. */
interface Told {
  readonly request: Asked;
  readonly stage: string;
  readonly code: ErrorCode;
  readonly message: string;
  /** True where nobody has checked who signed it: `request` is then in nobody's name. */
  readonly unsigned: boolean;
  /** The signed document, where no event before told of it. */
  readonly document: string | null;
}

/** A record whose signature nobody has checked, or which has none that counts. */
interface UnsignedRecord {
  /** A UUID in the record's key, or empty. */
  readonly requestId: string;
  /** The record's own digest, see runtime/record-digest.ts. */
  readonly digest: string;
  /** Whose topic it lies on, where each has one of its own: Kafka's ACL vouches for the writer. */
  readonly owner?: string;
  /** What the record says of who wrote it: a claim. */
  readonly source: string;
  /** The broker's timestamp, in milliseconds. */
  readonly time: number;
}

/** Where a pipeline's askers are told of refusals and errors: every stage of it may write there. */
interface Replies {
  readonly topic: TopicName;
  readonly type: EventName;
  readonly refusal: (told: Told) => EventTypes[EventName];
  /** In whose name a record is answered that no admitted party signed. */
  readonly unsigned: (record: UnsignedRecord) => Asked;
}

export interface Asking {
  /** The request that an event of the region's own is about. */
  readonly requestOf: (value: EventTypes[EventName]) => Asked | undefined;
  /** Absent where nobody asks: what is given up is then told to operators alone, in the dead letters. */
  readonly replies?: Replies;
}
