/**
 * A match record as it is sealed in a batch: Avro binary of schemas/avro/MatchRecord.avsc, without framing, then padding
 * by ISO/IEC 7816-4 (0x80, then zeros). The batch's signed header says which version of the collaboration, and so which
 * columns, the values belong to.
 *
 * Promises: records of equally many columns have equal lengths, since a ciphertext's length is its plaintext's, and
 * Avro's integers are as long as they are large. Bytes that decode have exactly the padding that encoding gives.
 */
import avsc from "avsc";
import { pad, unpad } from "../../crypto/padding/iso7816.ts";
import type { MatchRecord } from "../../schemas/avro/index.ts";
import { requireWithinBounds } from "../../schemas/reading/avro-bounds.ts";
import { schemaText } from "../../schemas/reading/avro-schemas.ts";

const schema = JSON.parse(schemaText("MatchRecord")) as avsc.Schema & object;
const type = avsc.Type.forSchema(schema);

const TOKEN_LENGTH = 16;
const BLINDING_LENGTH = 32;
/** At most: the lengths of token and blinding, the count of values in two bytes, the end of the list, the padding's mark. */
const FRAMING_LENGTH = 2 + 2 + 1 + 1;
/** At most: the union's branch in one byte and an integer below 2^53 in eight; one more is to spare. */
const VALUE_LENGTH = 10;

/** Bytes of an encoded record with so many values. */
export const encodedLength = (values: number): number =>
  FRAMING_LENGTH + TOKEN_LENGTH + BLINDING_LENGTH + values * VALUE_LENGTH;

/** Throws for a value that is no record of the schema, and for a token above 16 or a blinding above 32 bytes that does not fit. */
export function encodeRecord(record: MatchRecord): Buffer {
  return pad(type.toBuffer(record), encodedLength(record.values.length));
}

/** Throws for bytes that are not exactly one record with its padding. */
export function decodeRecord(bytes: Uint8Array): MatchRecord {
  const encoded = unpad(bytes);
  if (encoded === undefined) throw new Error("the record has no padding");
  requireWithinBounds(schema, encoded);
  const decoded = type.fromBuffer(
    Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length),
  ) as MatchRecord;
  if (bytes.length !== encodedLength(decoded.values.length)) throw new Error("the record has another length");
  // A plain object, where the library makes an instance of a class of its own.
  return { ...decoded };
}
