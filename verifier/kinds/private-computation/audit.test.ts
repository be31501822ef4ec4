import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { publicKeyText } from "../../../domain/terms/signatures.ts";
import type { AnchoredLeaf } from "../../../schemas/avro/index.ts";
import { mutationsOf, pointer } from "../../../test/evidence-mutations.ts";
import { logSigner, population } from "../../../pipelines/private-computation/simulation/region.ts";
import { hashOfText } from "../../anchored-leaf.ts";
import { LogAudit } from "../../audit.ts";
import { auditFaults } from "../../audit-faults.ts";
import { faults as ownFaults } from "./faults.ts";
import {
  leaves,
  bundles,
  trusted,
  trust,
  reportOf,
  spentIn,
  namesOf,
  logOf,
  textOf,
  hex,
  seed,
  match,
  spendOf,
  spentBy,
  logOfLeaves,
} from "./testing/logs.ts";

test("a log that is whole holds, and says what was spent", () => {
  const report = reportOf(
    leaves,
    bundles.map(({ text }) => text),
  );
  const { faults, faultCount, kinds } = report;
  assert.deepEqual([faults, faultCount], [[], 0]);
  assert.deepEqual(Object.fromEntries(kinds), { seed: 1, match: 4, spend: 2 });
  const told = Object.entries(spentIn(report)).map(([id, { spends, epsilon }]) => [id, spends, epsilon]);
  assert.deepEqual(told, [[population.id, 2, "3"]]);
});

/** How many leaves the newest bundle's checkpoint covers. */
const newestSize = Math.max(
  ...bundles.map(({ text }) =>
    Number((JSON.parse(text) as { log: { checkpoint: string } }).log.checkpoint.split("\n")[1]),
  ),
);

test("a leaf that is left out, told twice or moved shows, whichever it is", () => {
  const texts = bundles.map(({ text }) => text);
  // What came after the newest bundle's checkpoint nothing rests on: an operator may not have shown it yet.
  const shown = leaves.filter(({ size }) => size <= newestSize);
  for (const [at, leaf] of shown.entries()) {
    const found = namesOf(shown.toSpliced(at, 1), texts);
    assert.ok(found.includes(at === shown.length - 1 ? "log-end" : "leaf-order"), String(at));
    assert.ok(namesOf(shown.toSpliced(at, 0, leaf)).includes("leaf-order"), String(at));
    const before = shown[at - 1];
    if (before === undefined) continue;
    assert.ok(namesOf(shown.with(at, before).with(at - 1, leaf)).includes("leaf-order"), String(at));
  }
});

/** Where a change of a record's member is found out, whatever else it breaks. */
const responsible: readonly (readonly [RegExp, string])[] = [
  [/^\/log/, "leaf-region"],
  [/^\/index/, "leaf-order"],
  [/^\/kind/, "leaf-kind"],
  [/^\/requestDigest/, "leaf-request"],
  [/^\/(size|root)/, "leaf-checkpoint"],
  [/^\/proof/, "leaf-proof"],
  [/^\/(chainId|contract|anchorer|transaction|block)/, "leaf-anchor"],
];

test("every change of any member of any record that the hash does not bind is told under its name", async () => {
  const bound = "log index kind requestDigest size root proof chainId contract anchorer";
  const inBatch = await logOfLeaves(spentBy(["people", "others"]));
  let made = 0;
  const both: [AnchoredLeaf[], string[]][] = [
    [leaves, bound.split(" ")],
    [inBatch, ["transaction", "block"]],
  ];
  for (const [log, names] of both) {
    for (const [at, record] of log.entries()) {
      const outside = Object.fromEntries(Object.entries(record).filter(([name]) => names.includes(name)));
      for (const { what, at: path, document } of mutationsOf(outside)) {
        // An unknown member of the record is dropped by its Avro schema, and one that is missing has no record.
        if (path.length === 0) continue;
        const changed = { ...record, ...(document as Partial<AnchoredLeaf>) };
        const member = String(path[0]);
        if (!Object.hasOwn(document as object, member)) continue;
        made++;
        const [, expected] = responsible.find(([pattern]) => pattern.test(pointer(path))) ?? [];
        assert.ok(
          expected && namesOf(log.with(at, changed)).includes(expected),
          `leaf ${String(at)}: ${what}`,
        );
      }
    }
  }
  assert.ok(made > 300, `only ${String(made)} changes`);
});

test("another checkpoint of the same log, or one with a second signature, is not a leaf's", () => {
  const checkpoints = [...new Set(leaves.map(({ checkpoint }) => checkpoint))];
  assert.ok(checkpoints.length > 1);
  for (const [at, leaf] of leaves.entries()) {
    for (const other of checkpoints.filter((checkpoint) => checkpoint !== leaf.checkpoint))
      assert.ok(
        namesOf(leaves.with(at, { ...leaf, checkpoint: other })).includes("leaf-checkpoint"),
        String(at),
      );
    for (const { what, document } of mutationsOf({ checkpoint: leaf.checkpoint })) {
      const { checkpoint } = (document ?? {}) as { checkpoint?: unknown };
      if (typeof checkpoint !== "string" || checkpoint === leaf.checkpoint) continue;
      assert.ok(namesOf(leaves.with(at, { ...leaf, checkpoint })).includes("checkpoint"), what);
    }
    const twice = `${leaf.checkpoint}${leaf.checkpoint.split("\n").at(-2) ?? ""}\n`;
    assert.ok(namesOf(leaves.with(at, { ...leaf, checkpoint: twice })).includes("checkpoint"));
  }
});

test("every change of any member of any leaf is told, whether or not it is still a leaf", () => {
  let made = 0;
  for (const [at, leaf] of leaves.entries()) {
    for (const { what, document } of mutationsOf(JSON.parse(leaf.text) as object)) {
      const text = JSON.stringify(document);
      made++;
      assert.ok(
        namesOf(leaves.with(at, { ...leaf, text })).includes("leaf-proof"),
        `leaf ${String(at)}: ${what}`,
      );
    }
  }
  assert.ok(made > 500, `only ${String(made)} changes`);
});

test("a spend that is told as something else still counts: the kind is the leaf's own", async () => {
  const told = spentBy(["people"]);
  for (const kind of ["seed", "match", "note", "", "Spend", "__proto__"]) {
    const report = reportOf(await logOfLeaves(told, ["seed", "match", kind]));
    assert.deepEqual(
      Object.entries(spentIn(report)),
      [["people", { spends: 1, epsilon: "1", delta: "0" }]],
      kind,
    );
    assert.deepEqual(report.faults, [
      { name: "leaf-kind", text: "Leaf 2 is a spend, and is listed as something else." },
    ]);
  }
});

test("a leaf of a kind that nobody here knows is told, never passed over", async () => {
  for (const type of ["pavilion/reserve-leaf", "spend", "constructor", "__proto__", 1, null]) {
    const names = namesOf(await logOfLeaves([seed, { ...seed, type }], ["seed", "seed"]));
    assert.deepEqual(names, ["leaf-unknown"], String(type));
  }
  const { type: _, ...untyped } = seed;
  assert.deepEqual(namesOf(await logOfLeaves([seed, untyped], ["seed", "seed"])), ["leaf-unknown"]);
});

test("a leaf that two readers could read differently is none, though the log signed it", async () => {
  const text = textOf(spendOf("people", match));
  const spellings = [
    text.replace('"total":"1"', '"total":"9","total":"1"'),
    text.replace('"population":"people"', '"population":"nobody","population":"people"'),
    text.replace('"sequence":1', '"sequence":1.0'),
    text.replace('"sequence":1', '"sequence":1e0'),
    text.replace('"type"', '"\\u0074ype"'),
    text.replace("{", "{ "),
    `${text}\n`,
    `\uFEFF${text}`,
    textOf({ ...spendOf("people", match), unknown: 1 }),
    textOf([]),
    '{"type":"pavilion/spend-leaf","total":"\\ud800"}',
    "[".repeat(100_000) + "]".repeat(100_000),
    JSON.stringify("x".repeat(300_000)),
    `{"type":"pavilion/spend-leaf","total":${"9".repeat(200_000)}}`,
  ];
  for (const spelling of spellings) {
    const [told] = await logOf(["{}"], ["spend"]);
    assert.ok(told);
    const names = namesOf([{ ...told, text: spelling }]);
    assert.ok(names.includes("leaf-text") || names.includes("leaf-unknown"), spelling.slice(0, 60));
  }
});

test("spends that do not follow each other, do not add up or do not pay once for a match of their own show", async () => {
  const other = { ...match, request: hex("2") };
  const first = spendOf("people", match);
  const next = { sequence: 2, previous: hashOfText(textOf(first)), total: "2" };
  const second = (more: object): object[] => [
    ...[seed, match, other, first],
    spendOf("people", other, hex("2"), { ...next, ...more }),
  ];
  assert.deepEqual(namesOf(await logOfLeaves(second({}))), []);
  const wrong: [string, object[]][] = [
    ["spend-order", second({ sequence: 3 })],
    ["spend-order", second({ sequence: 1 })],
    ["spend-order", second({ previous: null })],
    ["spend-order", second({ previous: hex("0") })],
    ["spend-total", second({ total: "1" })],
    ["spend-total", second({ total: "4/2" })],
    ["spend-total", second({ epsilon: "2/2" })],
    ["spend-total", second({ epsilon: "0", total: "1" })],
    ["spend-total", second({ epsilon: "1/0" })],
    ["spend-match", second({ match: hex("0") })],
    ["spend-match", second({ match: hashOfText(textOf(match)) })],
    ["spend-match", second({ request: hex("1") })],
    ["spend-match", [seed, first, match]],
    ["match", [match, seed, first]],
    ["match", [seed, { ...match, seed: hex("6") }]],
    ["seed", [seed, { ...seed, seed: 2 }]],
    ["leaf-region", [seed, { ...seed, region: "elsewhere", commitment: hex("6") }]],
  ];
  for (const [name, told] of wrong) {
    assert.ok(namesOf(await logOfLeaves(told)).includes(name), `${name}: ${textOf(told.at(-1) ?? {})}`);
  }
});

const awkward = [
  "constructor",
  "prototype",
  "then",
  "valueof",
  "tostring",
  "hasownproperty",
  "isprototypeof",
];

test("a population may be called what JavaScript's own objects have", async () => {
  const { faults, found } = reportOf(await logOfLeaves(spentBy(awkward)));
  assert.deepEqual(faults, []);
  assert.deepEqual(Object.keys(spentIn({ found })), awkward);
  assert.ok(
    Object.values(spentIn({ found })).every(({ spends, epsilon }) => spends === 1 && epsilon === "1"),
  );
});

test("a checkpoint of another key is none, and one that is over more leaves or other ones shows what is not shown", () => {
  const other = { ...trusted, logKey: publicKeyText(Buffer.from(logSigner.publicKey).reverse()) };
  assert.ok(reportOf(leaves, [], other).faults.some(({ name }) => name === "checkpoint"));
  const known = bundles.map(({ text }) => text);
  const first = leaves[0]?.size ?? 0;
  assert.deepEqual(namesOf(leaves.slice(0, first), known), ["log-end"]);
  const forged = leaves.map((leaf, at) => (at === leaves.length - 1 ? { ...leaf, text: "{}" } : leaf));
  assert.ok(namesOf(forged, known).includes("log-tree"));
});

test("a bundle that is none is told, whatever it is", () => {
  const checkpoints = ['{"log":{}}', '{"log":{"checkpoint":1}}', '{"log":{"checkpoint":"x"}}'];
  for (const text of ["", "{", "{}", "null", "1", ...checkpoints])
    assert.deepEqual(namesOf(leaves, [text]), ["bundle"], text);
});

test("what is no leaf at all is told, and the report of a log that is wrong throughout stays short", () => {
  const audit = new LogAudit(trust, trusted);
  audit.takeUnreadable();
  audit.bundles.takeUnreadable();
  const [leaf] = leaves;
  assert.ok(leaf);
  for (let index = 0; index < 500; index++) audit.take({ ...leaf, index: 7 });
  const { faults, faultCount } = audit.report();
  assert.deepEqual(
    faults.slice(0, 2).map(({ name }) => name),
    ["leaf-record", "bundle"],
  );
  assert.ok(faults.length === 100 && faultCount > 500);
});

test("no record whatever ends an audit otherwise than by a report", () => {
  const member = fc.oneof(fc.string(), fc.constantFrom(...awkward, "__proto__"), fc.constant(hex("1")));
  const record = fc.record({
    ...{ log: member, kind: member, text: fc.oneof(member, fc.json()), root: member, checkpoint: member },
    ...{ contract: member, anchorer: member, transaction: member, requestDigest: fc.option(member) },
    ...{
      index: fc.maxSafeInteger(),
      size: fc.maxSafeInteger(),
      chainId: fc.maxSafeInteger(),
      block: fc.nat(),
    },
    proof: fc.array(member),
  });
  fc.assert(
    fc.property(fc.array(record, { minLength: 1 }), (records) => {
      const { faults } = reportOf([...leaves, ...records]);
      assert.ok(
        faults.length > 0 &&
          faults.every(({ name }) => Object.hasOwn({ ...auditFaults, ...ownFaults }, name)),
      );
    }),
    { numRuns: 200 },
  );
});
