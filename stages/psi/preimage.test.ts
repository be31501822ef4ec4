import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { blindingOf, tokenOf } from "../../test/stage-match.ts";
import { planAt, questionOf } from "../../test/stage-plan.ts";
import {
  listedIn,
  people,
  ports,
  preimagesIn,
  question,
  run,
  slice,
  visits,
  type PsiEvent,
} from "./testing/questions.ts";
import { runStage } from "../../test/stage-run.ts";
import { blindingUnder } from "../../domain/log/testing/seeds.ts";
import { psi, type PsiPorts } from "./stage.ts";

describe("a preimage", () => {
  const pushed = [slice("people", 1, people), slice("visits", 1, visits)];
  const preimageOf = async (number: number, at: Partial<PsiPorts> = {}): Promise<string> => {
    const own = { ...ports, ...at };
    const events = [...pushed, question(questionOf(number))];
    const { last } = await runStage((event: PsiEvent, view) => psi.handle(event, view, own), events);
    return preimagesIn(last)[0]?.text ?? "";
  };

  test("lists each person's categories, and batch and row of each record, the last one of a token", async () => {
    const second = slice("people", 2, { 9: [20, 0], 2: [17, 0] });
    const { last } = await run([...pushed, second, question(questionOf(1, planAt(2, 1)))]);
    const inRows = [
      {
        categories: [0, 1],
        leaves: [
          [1, 2],
          [1, 1],
        ],
      },
      // Rows follow the numbers of people: 2 comes before 9.
      {
        categories: [0, 0],
        leaves: [
          [2, 0],
          [1, 0],
        ],
      },
    ];
    const [listed] = listedIn(last) as [unknown[]];
    assert.deepEqual(
      new Set(listed.map((entry) => JSON.stringify(entry))),
      new Set(inRows.map((entry) => JSON.stringify(entry))),
    );
  });

  test("names its request and partition, and is salted for them by a key that nobody else has", async () => {
    const { request, partition, salt } = JSON.parse(await preimageOf(1)) as Record<string, unknown>;
    assert.deepEqual([request, partition], [questionOf(1).request.digest, 3]);
    const others = await Promise.all([
      preimageOf(2),
      preimageOf(1, { partition: 2 }),
      preimageOf(1, { blinding: blindingUnder("another key") }),
    ]);
    const salts = others.map((text) => (JSON.parse(text) as { salt: string }).salt);
    assert.equal(new Set([salt, ...salts]).size, 4);
    assert.match(String(salt), /^[0-9a-f]{64}$/);
    assert.equal(await preimageOf(1), await preimageOf(1));
  });

  test("is as long whoever matches, and in as many parts: its size tells nothing", async () => {
    const everybody = Object.fromEntries(Array.from({ length: 5_003 }, (_, person) => [person, [30, 0]]));
    const seen = (first: number): Record<number, [number, number]> =>
      Object.fromEntries(Array.from({ length: 5_001 }, (_, person) => [first + person, [1, 1]]));
    const sizes: number[][] = [];
    for (const first of [0, 2_500, 4_990, 6_000]) {
      const events = [
        slice("people", 1, everybody),
        slice("visits", 1, seen(first)),
        question(questionOf(1)),
      ];
      const listed = preimagesIn((await run(events)).last);
      sizes.push(listed.map(({ text }) => text.length));
    }
    assert.equal(sizes[0]?.length, 2);
    for (const other of sizes) assert.deepEqual(other, sizes[0]);
  });

  test("is there where nobody matches, so that its presence tells nothing", async () => {
    const events = [slice("people", 1, people), slice("visits", 1), question(questionOf(1))];
    assert.deepEqual(listedIn((await run(events)).last), [[]]);
  });

  test("holds no token, value or blinding", async () => {
    const planted = { 1: [77, 0], 2: [77, 2] };
    const seen = { 1: [29, 1], 2: [29, 0] };
    const asked = question(questionOf(1));
    const { last } = await run([slice("people", 1, planted), slice("visits", 1, seen), asked]);
    const { text = "" } = preimagesIn(last)[0] ?? {};
    assert.equal((listedIn(last) as unknown[][])[0]?.length, 2);
    const { salt: _, request: __, ...rest } = JSON.parse(text) as Record<string, unknown>;
    assert.doesNotMatch(JSON.stringify(rest), /77|29/);
    for (const person of [1, 2]) assert.ok(!text.includes(tokenOf(person).toString("hex")));
    for (const row of [0, 1]) assert.ok(!text.includes(blindingOf("people", 1, row).toString("hex")));
  });
});
