/**
 * Dead letters outlive the version that wrote them: each version reads every other's, as the registry demands.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import avsc from "avsc";
import type { DeadLetter } from "../../schemas/avro/index.ts";
import { schemaText } from "../../schemas/reading/avro-schemas.ts";

const typeOf = (text: string): avsc.Type => avsc.Type.forSchema(JSON.parse(text) as avsc.Schema);
const current = typeOf(schemaText("DeadLetter"));

/** The first version, before a letter told of cause, trace and what was cut off. */
const first = avsc.Type.forSchema({
  type: "record",
  name: "DeadLetter",
  namespace: "pavilion",
  fields: [
    ...["stage", "code", "message", "sourceTopic"].map((name) => ({ name, type: "string" as const })),
    { name: "sourcePartition", type: "int" },
    { name: "sourceOffset", type: "long" },
    { name: "eventType", type: ["null", "string"], default: null },
    { name: "attempts", type: "int" },
    { name: "sealed", type: "bytes" },
  ],
});

const old = {
  ...{ stage: "psi", code: "INTERNAL_ERROR", message: "It failed.", sourceTopic: "eu.dataset.heads" },
  ...{ sourcePartition: 1, sourceOffset: 7, eventType: null, attempts: 3, sealed: Buffer.from("sealed") },
};

test("a letter of the first version is read, as one that tells no cause or trace and is whole", () => {
  const read = current.fromBuffer(first.toBuffer(old), current.createResolver(first)) as DeadLetter;
  assert.deepEqual(
    { ...read },
    {
      ...old,
      ...{ truncated: false, cause: null, traceparent: null, sourceLastOffset: null },
    },
  );
});

test("the first version reads a letter of today", () => {
  const letter = { ...old, truncated: true, cause: "TypeError", traceparent: "00-1-2-01" };
  const read: unknown = first.fromBuffer(current.toBuffer(letter), first.createResolver(current));
  assert.deepEqual({ ...(read as object) }, old);
});
