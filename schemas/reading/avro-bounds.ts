/**
 * Walks Avro binary by its writer's schema before anything is decoded (Avro 1.12, "Binary Encoding"). A decoder that
 * trusts a block count or a length allocates for data that is not there: ten bytes can ask for gigabytes.
 *
 * Promises: every count, length and index fits the bytes, every block has the size it states, and the value ends where
 * the bytes end; so decoding takes memory in proportion to them. Does not: look at values, or check UTF-8.
 */
import { PavilionError } from "../../errors/errors.ts";

/** Values within values; no event nests a quarter as deep. */
const depthMax = 64;

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  depth: number;
}

interface Walk {
  readonly over: (cursor: Cursor) => void;
  /** True where every value of the type takes no bytes. */
  readonly empty: boolean;
}

const walks = new WeakMap<object, Walk>();

/**
 * Throws EVENT_UNREADABLE unless the bytes are exactly one value of the schema, by their lengths. The schema is parsed
 * JSON with every named type inside; its walk is remembered by the object, so hand in the same one each time.
 */
export function requireWithinBounds(schema: object, bytes: Uint8Array): void {
  let walk = walks.get(schema);
  if (walk === undefined) {
    walk = walkOf(schema, { namespace: "", named: new Map() });
    walks.set(schema, walk);
  }
  const cursor = { bytes, at: 0, depth: 0 };
  walk.over(cursor);
  if (cursor.at !== bytes.length) throw outOfBounds();
}

const outOfBounds = (): PavilionError =>
  new PavilionError("EVENT_UNREADABLE", "The record's bytes do not follow its schema.");

const unwalkable = (): PavilionError =>
  new PavilionError("EVENT_UNREADABLE", "The record's schema is not that of an event.");

/** The namespace that encloses a schema, and the types named so far. */
interface Scope {
  readonly namespace: string;
  readonly named: Map<string, Walk>;
}

const primitives = new Map<string, Walk>([
  ["null", { over: () => undefined, empty: true }],
  ["boolean", bytesOf(1)],
  ["int", { over: readLong, empty: false }],
  ["long", { over: readLong, empty: false }],
  ["float", bytesOf(4)],
  ["double", bytesOf(8)],
  ["bytes", { over: skipCounted, empty: false }],
  ["string", { over: skipCounted, empty: false }],
]);

function walkOf(schema: unknown, scope: Scope): Walk {
  if (Array.isArray(schema)) return unionOf(schema.map((branch) => walkOf(branch, scope)));
  if (typeof schema === "string") {
    const known = primitives.get(schema) ?? scope.named.get(fullNameOf(schema, scope.namespace));
    if (known === undefined) throw unwalkable();
    return known;
  }
  if (typeof schema !== "object" || schema === null || !("type" in schema)) throw unwalkable();
  switch (schema.type) {
    case "record":
      return recordOf(schema, scope);
    case "enum":
      return named(schema, scope, indexBelow(listOf(schema, "symbols").length));
    case "fixed":
      return named(schema, scope, bytesOf(sizeOf(schema)));
    case "array":
      return blocksOf(walkOf("items" in schema ? schema.items : undefined, scope));
    case "map":
      return blocksOf(entryOf(walkOf("values" in schema ? schema.values : undefined, scope)));
    default:
      return walkOf(schema.type, scope);
  }
}

const fullNameOf = (name: string, namespace: string): string =>
  name.includes(".") || namespace === "" ? name : `${namespace}.${name}`;

function nameOf(schema: object, scope: Scope): string {
  if (!("name" in schema) || typeof schema.name !== "string") throw unwalkable();
  const own = "namespace" in schema && typeof schema.namespace === "string" ? schema.namespace : undefined;
  return fullNameOf(schema.name, own ?? scope.namespace);
}

function listOf(schema: object, member: "fields" | "symbols"): unknown[] {
  const list: unknown = member in schema ? (schema as Record<string, unknown>)[member] : undefined;
  if (!Array.isArray(list)) throw unwalkable();
  return list;
}

function sizeOf(schema: object): number {
  if (!("size" in schema) || !Number.isSafeInteger(schema.size) || Number(schema.size) < 0)
    throw unwalkable();
  return Number(schema.size);
}

function named(schema: object, scope: Scope, walk: Walk): Walk {
  scope.named.set(nameOf(schema, scope), walk);
  return walk;
}

function recordOf(schema: object, scope: Scope): Walk {
  const name = nameOf(schema, scope);
  const fields: Walk[] = [];
  const over = nested((cursor) => {
    for (const field of fields) field.over(cursor);
  });
  // Known before its fields are, since they may name it.
  const walk = { over, empty: false };
  scope.named.set(name, walk);
  const inside = { ...scope, namespace: name.slice(0, Math.max(0, name.lastIndexOf("."))) };
  for (const field of listOf(schema, "fields")) {
    if (typeof field !== "object" || field === null || !("type" in field)) throw unwalkable();
    fields.push(walkOf(field.type, inside));
  }
  // Records of nothing, nested, cost a decoder time that no bytes account for.
  if (fields.every((field) => field.empty)) throw unwalkable();
  return walk;
}

function unionOf(branches: readonly Walk[]): Walk {
  const over = nested((cursor) => {
    const branch = branches[readLong(cursor)];
    if (branch === undefined) throw outOfBounds();
    branch.over(cursor);
  });
  return { over, empty: false };
}

function indexBelow(count: number): Walk {
  const over = (cursor: Cursor): void => {
    const index = readLong(cursor);
    if (index < 0 || index >= count) throw outOfBounds();
  };
  return { over, empty: false };
}

const entryOf = (value: Walk): Walk => ({
  over: (cursor) => {
    skipCounted(cursor);
    value.over(cursor);
  },
  empty: false,
});

/** Blocks of items until an empty one; a negative count is followed by the block's size in bytes. */
function blocksOf(item: Walk): Walk {
  if (item.empty) throw unwalkable();
  const over = nested((cursor) => {
    for (let count = readLong(cursor); count !== 0; count = readLong(cursor)) {
      const size = count < 0 ? readLong(cursor) : undefined;
      const start = cursor.at;
      // Every item takes a byte at least.
      if (Math.abs(count) > cursor.bytes.length - start) throw outOfBounds();
      for (let left = Math.abs(count); left > 0; left--) item.over(cursor);
      if (size !== undefined && cursor.at - start !== size) throw outOfBounds();
    }
  });
  return { over, empty: false };
}

function nested(over: (cursor: Cursor) => void): (cursor: Cursor) => void {
  return (cursor) => {
    if (++cursor.depth > depthMax) throw outOfBounds();
    over(cursor);
    cursor.depth -= 1;
  };
}

function bytesOf(size: number): Walk {
  const over = (cursor: Cursor): void => {
    skip(cursor, size);
  };
  return { over, empty: size === 0 };
}

function skipCounted(cursor: Cursor): void {
  skip(cursor, readLong(cursor));
}

function skip(cursor: Cursor, size: number): void {
  if (size < 0 || size > cursor.bytes.length - cursor.at) throw outOfBounds();
  cursor.at += size;
}

/** A zigzag number of at most ten bytes and 64 bits; rounded above 2^53, where it is out of every bound anyway. */
function readLong(cursor: Cursor): number {
  let value = 0;
  let unit = 1;
  for (let place = 1; ; place++) {
    const byte = cursor.bytes[cursor.at];
    // The tenth byte holds the 64th bit alone.
    if (byte === undefined || (place === 10 && byte > 1)) throw outOfBounds();
    cursor.at += 1;
    value += (byte & 0x7f) * unit;
    if (byte < 0x80) break;
    unit *= 128;
  }
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
