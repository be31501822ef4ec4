/**
 * A match record as it is sealed in a batch: Avro binary of schemas/avro/MatchRecord.avsc, without framing. The batch's
 * signed header says which version of the collaboration, and so which columns, the values belong to.
 */
import avsc from "avsc";
import type { MatchRecord } from "../../schemas/avro/index.ts";
import { schemaText } from "./schemas.ts";

const type = avsc.Type.forSchema(JSON.parse(schemaText("MatchRecord")) as avsc.Schema);

/** Throws for a value that is no record of the schema. */
export const encodeRecord = (record: MatchRecord): Buffer => type.toBuffer(record);

/** Throws for bytes that are not exactly one record. */
export function decodeRecord(bytes: Uint8Array): MatchRecord {
  const decoded: unknown = type.fromBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  // A plain object, where the library makes an instance of a class of its own.
  return { ...(decoded as MatchRecord) };
}
