import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { recordDigest, type RecordPlace } from "./record-digest.ts";

const place: RecordPlace = {
  topic: "eu-central.broker.requests",
  partition: 1,
  offset: 42n,
  key: Buffer.from("6f1d4a52-0d0e-4b0f-9a51-000000000001"),
  value: Buffer.from("not a request"),
};

test("the digest is SHA-256 of the parts, each behind its length, as docs/protocol.md says", () => {
  const counted = (text: string): Buffer[] => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(text));
    return [length, Buffer.from(text)];
  };
  const parts = [
    ...counted("pavilion/record/v1"),
    ...counted(place.topic),
    Buffer.from("00000001000000000000002a", "hex"),
    ...counted("6f1d4a52-0d0e-4b0f-9a51-000000000001"),
    place.value,
  ];
  const expected = createHash("sha256").update(Buffer.concat(parts)).digest("hex");
  assert.equal(recordDigest(place), expected);
});

test("another place, key or value is another digest, wherever the bytes are cut", () => {
  const others: Partial<RecordPlace>[] = [
    { topic: "eu-west.broker.requests" },
    { partition: 0 },
    { offset: 43n },
    { offset: 2n ** 63n - 1n },
    { key: Buffer.alloc(0) },
    { key: Buffer.concat([place.key, Buffer.from("n")]), value: Buffer.from("ot a request") },
    { key: Buffer.from([255]) },
    { key: Buffer.from("\u{fffd}") },
    { value: Buffer.alloc(0) },
  ];
  const digests = [place, ...others.map((other) => ({ ...place, ...other }))].map(recordDigest);
  assert.equal(new Set(digests).size, digests.length);
});
