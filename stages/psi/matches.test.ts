import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import type { Outcome } from "../../runtime/contract/stage.ts";
import type { Cell, PartialAggregate } from "../../schemas/avro/index.ts";
import { planAt, questionOf } from "../../test/stage-plan.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { matchIn } from "./matches.ts";
import { listedIn, people, preimagesIn, question, run, slice, visits } from "./testing/questions.ts";

/** How often records were read. */
class CountedState extends MemoryState {
  reads = 0;

  override records(...of: Parameters<MemoryState["records"]>): ReturnType<MemoryState["records"]> {
    this.reads += 1;
    return super.records(...of);
  }
}

const cellsIn = ({ outputs }: Outcome): readonly Cell[] =>
  outputs.flatMap(({ topic, value }) => (topic === "psi.partials" ? (value as PartialAggregate).cells : []));
const pushed = [slice("people", 1, people), slice("visits", 1, visits)];

test("questions over the same heads share their match, whatever else they ask", async () => {
  const state = new CountedState();
  const first = await run([...pushed, question(questionOf(1))], state);
  assert.equal(state.reads, 1);
  const statistics = planAt().statistics.slice(0, 1);
  for (const asked of [questionOf(2), questionOf(3, planAt(1, 1, { statistics }))]) {
    const { last } = await run([question(asked)], state);
    assert.deepEqual(cellsIn(last), cellsIn(first.last));
    assert.deepEqual(listedIn(last), listedIn(first.last));
    assert.notEqual(preimagesIn(last)[0]?.text, preimagesIn(first.last)[0]?.text);
  }
  assert.equal(state.reads, 1);
});

test("a new head, and other groupings, are matches of their own", async () => {
  const state = new CountedState();
  await run([...pushed, question(questionOf(1))], state);
  const [everybody, ...others] = planAt().groupings;
  assert.ok(everybody && others.length > 0);
  const total = await run([question(questionOf(2, planAt(1, 1, { groupings: [everybody] })))], state);
  assert.equal(cellsIn(total.last).length, 1);
  const fresh = [slice("people", 2, { 4: [30, 0] }), question(questionOf(3, planAt(2, 1)))];
  const after = await run(fresh, state);
  assert.deepEqual(cellsIn(after.last), cellsIn((await run([...pushed, ...fresh])).last));
  assert.equal(cellsIn(after.last)[0]?.sums[0], 3);
  assert.equal(state.reads, 3);
});

test("what one state's records gave is not another's", async () => {
  const [first] = pushed;
  assert.ok(first);
  await run([...pushed, question(questionOf(1))]);
  const { last } = await run([first, slice("visits", 1, { 2: [3, 1] }), question(questionOf(1))]);
  assert.equal(cellsIn(last)[0]?.sums[0], 1);
});

test("many groups count in what is remembered, though nobody matched", () => {
  const state = new MemoryState();
  const nobody = { count: 0, entries: () => [], recordOf: () => undefined };
  const matched = (number: number) => {
    const categories = Array.from({ length: 1_000 }, (_, at) => `${String(number)} ${String(at)}`);
    const groupings = [{ name: "state", dataset: "people", column: 1, categories }];
    return matchIn(state, planAt(1, 1, { groupings }), [nobody, nobody]);
  };
  const first = matched(0);
  assert.equal(matched(0), first);
  for (let number = 1; number <= 150; number++) matched(number);
  assert.notEqual(matched(0), first);
});

test("the list of who matched is canonical", async () => {
  const { last } = await run([...pushed, question(questionOf(1))]);
  for (const { text } of preimagesIn(last))
    assert.equal(text, new TextDecoder().decode(canonicalBytes(JSON.parse(text))));
});
