import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse, stringify } from "yaml";
import { TextFault } from "./json-text.ts";
import { parseYaml, yamlBounds } from "./yaml-text.ts";

const fault = (clause: RegExp) => (error: unknown) =>
  error instanceof TextFault && clause.test(error.message);

test("reads what the parser reads", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = stringify(value);
      assert.deepEqual(parseYaml(text), parse(text));
    }),
  );
  assert.deepEqual(parseYaml("a: &x [1, 2]\nb: *x\n# a comment\n"), { a: [1, 2], b: [1, 2] });
});

test("what takes a parser long or much is refused before it is parsed, or bounded by it", () => {
  const [length, levels] = [yamlBounds.lengthMax, yamlBounds.depthMax];
  const list = (name: string): string => `[${Array.from({ length: 10 }, () => `*${name}`).join()}]`;
  const bomb = Array.from(
    { length: 20 },
    (_, at) => `a${String(at + 1)}: &a${String(at + 1)} ${list(`a${String(at)}`)}`,
  );
  const wrong: [RegExp, string][] = [
    [/^is larger than 512 KiB/, "x".repeat(length + 1)],
    [/^is nested more than 64 levels deep/, "[".repeat(length)],
    [/^is nested more than 64 levels deep/, "{a: ".repeat(levels + 1)],
    [/^has more values/, `[${"a,".repeat(length / 2 - 2)}]`],
    [/^has more values/, "- a\n".repeat(length / 4)],
    [
      /^is nested more than 64 levels deep/,
      Array.from({ length: 1_000 }, (_, at) => `${" ".repeat(at)}a:`).join("\n"),
    ],
    [/^is nested more than 64 levels deep/, "- ".repeat(levels + 1)],
    [/^is nested more than 64 levels deep/, "? ".repeat(levels + 1)],
    [/^has aliases that stand for too much/, ["a0: &a0 [x]", ...bomb].join("\n")],
    [/^has aliases/, "a: *nothing"],
  ];
  for (const [clause, text] of wrong) assert.throws(() => parseYaml(text), fault(clause), text.slice(0, 40));
});

test("a member that is named twice is refused, with its line", () => {
  for (const text of ["a: 1\nb: 2\na: 3", "{b: 1,\nc: 2,\nb: 3}", "x:\n  1: a\n  '1': b"])
    assert.throws(() => parseYaml(text), fault(/^names a member of an object twice in line 3$/), text);
});

test("thirty thousand members of one object take no longer than as many elsewhere", () => {
  const names = Array.from({ length: 30_000 }, (_, at) => `k${String(at)}: 1`);
  assert.equal(Object.keys(parseYaml(names.join("\n")) as object).length, names.length);
});

test("members may be called what JavaScript's own objects have", () => {
  const value = parseYaml("__proto__: {a: 1}\nconstructor: 2\ntoString: 3\n") as object;
  assert.deepEqual(Object.keys(value), ["__proto__", "constructor", "toString"]);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
});
