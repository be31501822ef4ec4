import assert from "node:assert/strict";
import { test } from "node:test";
import avsc from "avsc";
import fc from "fast-check";
import { requireWithinBounds } from "./avro-bounds.ts";
import { eventNames, schemaText } from "./avro-schemas.ts";

const unreadable = { code: "EVENT_UNREADABLE" };
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const parsed = (text: string): object => JSON.parse(text) as object;

/** Avro's long, zigzag and variable length. */
const long = (value: number): string => avsc.Type.forSchema("long").toBuffer(value).toString("hex");

function accepts(schema: object, bytes: string): void {
  requireWithinBounds(schema, hex(bytes));
}

function refuses(schema: object, bytes: string): void {
  assert.throws(() => {
    requireWithinBounds(schema, hex(bytes));
  }, unreadable);
}

const strings = { type: "array", items: "string" };
const longs = { type: "array", items: "long" };

test("accepts every event that avsc writes, and refuses it cut anywhere or with a byte more", () => {
  for (const event of eventNames()) {
    const schema = parsed(schemaText(event));
    const type = avsc.Type.forSchema(schema as avsc.Schema);
    for (let round = 0; round < 10; round++) {
      const bytes = type.toBuffer(type.random());
      requireWithinBounds(schema, bytes);
      refuses(schema, `${bytes.toString("hex")}00`);
      for (let end = 0; end < bytes.length; end += 1 + Math.floor(bytes.length / 50)) {
        refuses(schema, bytes.subarray(0, end).toString("hex"));
      }
    }
  }
});

test("what it accepts avsc reads to the end, whatever the bytes", () => {
  const schema = {
    type: "record",
    name: "test.Mixed",
    fields: [
      { name: "list", type: { type: "array", items: ["null", "boolean", "bytes"] } },
      { name: "map", type: { type: "map", values: "string" } },
      { name: "kind", type: { type: "enum", name: "Kind", symbols: ["A", "B"] } },
    ],
  };
  const type = avsc.Type.forSchema(schema as avsc.Schema);
  let accepted = 0;
  // Mostly zeros, which end lists: of bytes that are all alike likely, next to nothing would be accepted.
  const byte = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 12 }), (input) => {
      const bytes = Buffer.from(input);
      try {
        requireWithinBounds(schema, bytes);
      } catch {
        return;
      }
      accepted += 1;
      type.fromBuffer(bytes);
    }),
    { numRuns: 20_000 },
  );
  assert.ok(accepted > 10, String(accepted));
});

test("refuses a block of more items than there are bytes", () => {
  for (const items of ["string", "long", { type: "array", items: "long" }]) {
    refuses({ type: "array", items }, long(2 ** 30));
    refuses({ type: "array", items }, `${long(2 ** 30)} 00`);
    refuses({ type: "array", items }, `${long(-(2 ** 30))} ${long(1)} 00 00`);
  }
  refuses({ type: "map", values: "string" }, long(2 ** 30));
  refuses(longs, `${long(1)} 02 ${long(2 ** 30)} 00`);
  refuses(longs, `${long(2 ** 52)} 00`);
  refuses(longs, "feffffffffffffffff 01 00");
});

test("refuses a length beyond the bytes, or a negative one", () => {
  for (const schema of [{ type: "string" }, { type: "bytes" }]) {
    accepts(schema, "02 61");
    refuses(schema, "04 61");
    refuses(schema, `${long(2 ** 30)} 61`);
    refuses(schema, "01");
  }
  refuses({ type: "map", values: "long" }, `02 ${long(2 ** 30)} 61 02 00`);
  accepts({ type: "fixed", name: "F", size: 3 }, "010203");
  refuses({ type: "fixed", name: "F", size: 4 }, "010203");
  refuses({ type: "double" }, "00000000000000");
  refuses({ type: "float" }, "000000");
  refuses({ type: "boolean" }, "");
});

test("Avro 1.12, arrays and maps: a negative count is followed by the block's size in bytes", () => {
  accepts(strings, "02 02 61 00");
  accepts(strings, "01 04 02 61 00");
  accepts(strings, "01 04 02 61 02 02 62 00");
  accepts({ type: "map", values: "long" }, "01 06 02 61 02 00");
  refuses(strings, "01 02 02 61 00");
  refuses(strings, "01 06 02 61 00");
  refuses(strings, "01 03 02 61 00");
  refuses({ type: "map", values: "long" }, "01 03 02 61 02 00");
});

test("refuses an array whose items take no bytes, and a record that takes none", () => {
  const empty = { type: "record", name: "Empty", fields: [] };
  const holder = { type: "record", name: "Holder", fields: [{ name: "nothing", type: "null" }] };
  for (const items of ["null", { type: "null" }, { type: "fixed", name: "F", size: 0 }, empty, holder]) {
    refuses({ type: "array", items }, "00");
    refuses({ type: "array", items }, `${long(2 ** 30)} 00`);
  }
  refuses({ type: "record", name: "R", fields: [{ name: "a", type: ["null", empty] }] }, "00");
  accepts({ type: "array", items: ["null", "long"] }, "04 00 02 02 00");
});

test("refuses an index that its union or enum does not have", () => {
  const union = ["null", "long"];
  accepts(union, "00");
  accepts(union, "02 05");
  for (const bytes of ["04", "01", long(2 ** 40)]) refuses(union, bytes);
  const kind = { type: "enum", name: "Kind", symbols: ["A", "B"] };
  accepts(kind, "02");
  for (const bytes of ["04", "01"]) refuses(kind, bytes);
});

test("refuses a number of more than ten bytes, or beyond 64 bits", () => {
  const schema = { type: "long" };
  accepts(schema, "ffffffffffffffffff 01");
  refuses(schema, "ffffffffffffffffff 02");
  refuses(schema, "8080808080808080808000");
  refuses(schema, "ffffffffff");
  refuses(longs, "8080808080808080808000");
});

test("resolves names in their namespaces, and refuses a schema it does not know", () => {
  const inner = { type: "record", name: "Inner", fields: [{ name: "n", type: "long" }] };
  const outer = {
    ...{ type: "record", name: "Outer", namespace: "a.b" },
    fields: [
      { name: "first", type: inner },
      { name: "second", type: "Inner" },
      { name: "third", type: { type: "a.b.Inner" } },
    ],
  };
  accepts(outer, "02 04 06");
  refuses(outer, "02 04");
  refuses({ type: "record", name: "R", fields: [{ name: "x", type: "Absent" }] }, "00");
  refuses({ type: "surprise" }, "00");
});

test("refuses values nested deeper than any event", () => {
  const list = { type: "record", name: "List", fields: [{ name: "next", type: ["null", "List"] }] };
  accepts(list, "02 02 02 00");
  refuses(list, `${"02".repeat(100_000)}00`);
  const itself = { type: "record", name: "Self", fields: [{ name: "self", type: "Self" }] };
  refuses(itself, "00");
});
