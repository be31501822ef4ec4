import assert from "node:assert/strict";
import { test } from "node:test";
import avsc from "avsc";
import { schemaText } from "../../schemas/reading/avro-schemas.ts";
import { StateStore } from "../../runtime/state/store.ts";
import type { StageEvent } from "../../runtime/contract/stage.ts";
import type { EventName } from "../../schemas/avro/index.ts";
import { topics } from "../../pipelines/pipelines.ts";
import { isOutside } from "../../schemas/topics.ts";
import { carriedText, chainIn, hopStages, links, topicsIn } from "./chain.ts";

const bytesOf = (index: number): number => {
  const { event, valueWith } = links[index] ?? assert.fail("no such link");
  return avsc.Type.forSchema(JSON.parse(schemaText(event)) as avsc.Schema).toBuffer(valueWith(carriedText))
    .length;
};

test("every record on the way is of about 200 bytes", () => {
  for (const index of links.keys()) {
    const bytes = bytesOf(index);
    assert.ok(bytes >= 170 && bytes <= 230, `${links[index]?.event ?? ""} has ${String(bytes)} bytes`);
  }
});

test("no topic of the chain is sealed, written by outsiders or of one partition", () => {
  for (const { topic } of links) {
    const declaration = topics.of(topic);
    const { sealed, partitions } = declaration;
    assert.deepEqual([sealed, isOutside(declaration), partitions], [undefined, false, "spread"]);
  }
});

test("seven stages in a row carry text and key from the first topic to the last", async () => {
  assert.equal(hopStages.length, 7);
  const [first] = links;
  assert.ok(first !== undefined);
  let event = {
    type: first.event,
    topic: first.topic,
    value: first.valueWith(carriedText),
    key: "k",
    time: 0,
  };
  for (const stage of hopStages) {
    assert.deepEqual(stage.inputs, [{ topic: event.topic, types: [event.type] }]);
    const outcome = await stage.handle(event as StageEvent<EventName>, new StateStore(), undefined);
    const [output, ...more] = outcome.outputs;
    assert.ok(output !== undefined && more.length === 0 && outcome.changes.length === 0);
    event = { ...output, time: 0 };
  }
  assert.equal(event.key, "k");
  assert.equal(event.topic, links.at(-1)?.topic);
  assert.equal(links.at(-1)?.textOf(event.value), carriedText);
});

test("all topics are the region's, each once", () => {
  const names = topicsIn("ours", 2).map(({ name }) => name);
  assert.equal(new Set(names).size, 8 + 7 * 2);
  assert.ok(names.every((name) => name.startsWith("ours.")));
  assert.ok(chainIn("ours").every((name) => names.includes(name)));
});
