import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pipeline } from "../../runtime/contract/pipeline.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { sectionsOf } from "./sections.ts";

const section = {
  type: "object",
  additionalProperties: false,
  required: ["depth"],
  properties: { depth: { type: "integer", minimum: 1 } },
};
const pipelines = [{ name: "plain" }, { name: "deep", section }] as unknown as readonly Pipeline[];
const sections = (given?: object) =>
  sectionsOf({ pipelines: given } as unknown as ConnectorConfig, pipelines);

test("a pipeline gets its own section, held to its schema", () => {
  assert.deepEqual([...sections({ deep: { depth: 2 } })], [["deep", { depth: 2 }]]);
});

test("what is missing, wrong or nobody's is refused, all of it at once", () => {
  assert.throws(() => sections(), {
    code: "CONFIG_INVALID",
    message: /deep must have required property 'depth'/,
  });
  assert.throws(() => sections({ deep: { depth: 0 }, plain: {}, constructor: {} }), {
    code: "CONFIG_INVALID",
    message:
      /no pipeline plain takes settings; no pipeline constructor takes settings; deep\/depth must be >= 1/,
  });
});
