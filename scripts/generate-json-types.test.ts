import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { render } from "./generate-json-types.ts";

test("renders a document that refers to another file", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "pavilion-json-"));
  t.after(() => rm(folder, { recursive: true }));
  const parcel = {
    title: "Parcel",
    type: "object",
    additionalProperties: false,
    required: ["to"],
    properties: {
      to: { $ref: "address.schema.json" },
      labels: { type: "array", minItems: 1, items: { enum: ["a"] } },
    },
  };
  const address = {
    title: "Address",
    type: "object",
    additionalProperties: false,
    required: ["street"],
    properties: { street: { type: "string", description: "With its number." } },
  };
  await writeFile(join(folder, "parcel.schema.json"), JSON.stringify(parcel));
  await writeFile(join(folder, "address.schema.json"), JSON.stringify(address));

  const files = await render(folder);
  assert.deepEqual(
    files.map((file) => file.name),
    ["address.ts", "parcel.ts"],
  );
  assert.equal(
    files[1]?.text,
    `// Generated from parcel.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

export interface Parcel {
  to: Address;
  /**
   * @minItems 1
   */
  labels?: "a"[];
}
export interface Address {
  /**
   * With its number.
   */
  street: string;
}
`,
  );
});
