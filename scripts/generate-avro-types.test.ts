import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { render } from "./generate-avro-types.ts";
import { compare, write } from "./generated.ts";

const order = {
  type: "record",
  name: "Order",
  namespace: "pavilion",
  doc: "What was asked.",
  fields: [
    { name: "ref", type: "pavilion.Ref", doc: "Declared in a file\nthat comes later." },
    { name: "note", type: ["null", "string"], default: null },
    { name: "parts", type: { type: "array", items: ["null", "pavilion.Ref"] } },
    { name: "counts", type: { type: "map", values: "long" } },
    { name: "body", type: "bytes" },
    { name: "urgent", type: "boolean" },
    { name: "state", type: { type: "enum", name: "State", symbols: ["OPEN", "DONE"] } },
  ],
};
const ref = {
  type: "record",
  name: "Ref",
  namespace: "pavilion",
  fields: [{ name: "weight", type: { type: "double" } }],
};

async function folderOf(t: TestContext, schemas: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pavilion-avro-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, schema] of Object.entries(schemas)) {
    await writeFile(join(folder, `${name}.avsc`), JSON.stringify(schema));
  }
  return folder;
}

test("renders a record with its references, unions, collections and enums", async (t) => {
  const files = await render(await folderOf(t, { Ref: ref, Order: order }));
  assert.deepEqual(
    files.map((file) => file.name),
    ["Order.ts", "Ref.ts", "index.ts"],
  );
  assert.equal(
    files[0]?.text,
    `// Generated from Order.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { Ref } from "./Ref.ts";

/** What was asked. */
export interface Order {
  /**
   * Declared in a file
   * that comes later.
   */
  ref: Ref;
  note: string | null;
  parts: (Ref | null)[];
  counts: Record<string, number>;
  body: Buffer;
  urgent: boolean;
  state: State;
}

export type State = "OPEN" | "DONE";
`,
  );
});

test("renders an index of every type, with the records by name", async (t) => {
  const files = await render(await folderOf(t, { Ref: ref, Order: order }));
  assert.equal(
    files[2]?.text,
    `// Generated from *.avsc by scripts/generate-avro-types.ts. Edit the schema, then run the script.

import type { Order } from "./Order.ts";
import type { Ref } from "./Ref.ts";

export type { Order, State } from "./Order.ts";
export type { Ref } from "./Ref.ts";

/** Every record that has a schema of its own, by name. */
export interface EventTypes {
  Order: Order;
  Ref: Ref;
}

export type EventName = keyof EventTypes;
`,
  );
});

test("names what is stale, what is missing and what has lost its schema", async (t) => {
  const folder = await folderOf(t, { Ref: ref, Order: order });
  await write(folder, await render(folder));
  assert.deepEqual(await compare(folder, await render(folder)), []);

  await writeFile(join(folder, "Ref.ts"), "export type Ref = string;\n");
  await rm(join(folder, "Order.avsc"));
  assert.deepEqual(await compare(folder, await render(folder)), ["Order.ts", "Ref.ts", "index.ts"]);
});

test("removes a generated file whose schema is gone and leaves a handwritten one", async (t) => {
  const folder = await folderOf(t, { Ref: ref, Order: order });
  await write(folder, await render(folder));
  await writeFile(join(folder, "handwritten.ts"), "export {};\n");
  await rm(join(folder, "Order.avsc"));
  await write(folder, await render(folder));
  assert.deepEqual((await readdir(folder)).sort(), ["Ref.avsc", "Ref.ts", "handwritten.ts", "index.ts"]);
  assert.equal(await readFile(join(folder, "handwritten.ts"), "utf8"), "export {};\n");
});

const withField = (type: unknown): unknown => ({ ...ref, fields: [{ name: "field", type }] });
const refused: Readonly<Record<string, readonly [unknown, RegExp]>> = {
  "a reference that no schema declares": [
    withField("pavilion.Absent"),
    /no schema declares pavilion\.Absent/,
  ],
  "a union whose branches look alike": [withField(["int", "double"]), /two branches of the same kind/],
  "a record that does not bear its file's name": [{ ...ref, name: "Other" }, /must declare pavilion\.Ref/],
  "a file without a record": [["null", "string"], /holds no record/],
};
for (const [what, [schema, message]] of Object.entries(refused)) {
  test(`refuses ${what}`, async (t) => {
    const folder = await folderOf(t, { Ref: schema });
    await assert.rejects(render(folder), message);
  });
}
