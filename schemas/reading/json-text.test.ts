import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { documentBounds, parseJson, requireWithin, TextFault } from "./json-text.ts";

const isTaken = (text: string): boolean => {
  try {
    parseJson(text);
    return true;
  } catch {
    return false;
  }
};

test("takes every JSON text that names each member once, however it is laid out", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(4), (value, space) => {
      assert.ok(isTaken(JSON.stringify(value, null, space)));
    }),
  );
});

test("refuses a text in which any object names a member twice", () => {
  const value = fc.jsonValue({ maxDepth: 2 });
  fc.assert(
    fc.property(fc.string(), value, value, value, (name, first, second, other) => {
      const member = JSON.stringify(name);
      const doubled = `{${member}:${JSON.stringify(first)}, ${member} :${JSON.stringify(second)}}`;
      assert.ok(!isTaken(doubled));
      assert.ok(!isTaken(`[${JSON.stringify(other)},{"inner":${doubled}}]`));
    }),
  );
});

test("sees through escapes, and takes colons and quotes within texts for what they are", () => {
  assert.ok(!isTaken('{"a":1,"\\u0061":2}'));
  assert.ok(isTaken('{"a":"\\":\\"b\\":", "b":"::", "c\\\\":["d:",{"a":":"}]}'));
});

test("refuses what is no JSON", () => {
  for (const text of ["", "{", "{'a':1}", '{"a":1}{"a":1}', "NaN"]) assert.ok(!isTaken(text));
});

const fault = (clause: RegExp) => (error: unknown) =>
  error instanceof TextFault && clause.test(error.message);
const small = { lengthMax: 1024, depthMax: 3, valuesMax: 10 };

test("says which bound a text breaks, and what is allowed", () => {
  const wrong: [RegExp, string][] = [
    [/^is larger than 1 KiB, /, JSON.stringify("x".repeat(1_023))],
    [/^is nested more than 3 levels deep, /, "[[[[]]]]"],
    [/^is nested more than 3 levels deep, /, '{"a":[{"b":{}}]}'],
    [/^has more than 10 values, /, "[1,2,3,4,5,6,7,8,9,10]"],
    [/^has more than 10 values, /, '{"a":1,"b":2,"c":3,"d":4,"e":5}'],
    [/^has a number or word of more than 64 characters$/, "1".repeat(65)],
    [/^is not JSON$/, "'a'"],
    [/^names a member of an object twice$/, '{"a":1,"a":1}'],
  ];
  for (const [clause, text] of wrong) assert.throws(() => parseJson(text, small), fault(clause), text);
  assert.throws(() => parseJson("[".repeat(4_000_000)), fault(/levels deep/));
});

test("takes what is exactly at a bound", () => {
  for (const text of ["[[[]]]", "[1,2,3,4,5,6,7,8,9]", "1".repeat(64), JSON.stringify("x".repeat(1_022))])
    parseJson(text, small);
});

test("members may be called what JavaScript's own objects have, and are members like others", () => {
  const value = parseJson('{"__proto__":{"a":1},"constructor":2,"toString":3,"hasOwnProperty":4}') as object;
  assert.deepEqual(Object.keys(value), ["__proto__", "constructor", "toString", "hasOwnProperty"]);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.ok(!isTaken('{"__proto__":1,"__proto__":2}'));
});

test("a part of what was parsed may have narrower bounds than the whole", () => {
  const part = { a: ["x".repeat(10), { b: "y".repeat(10) }] };
  requireWithin(part, { lengthMax: 22, valuesMax: 7 });
  assert.throws(() => {
    requireWithin(part, { lengthMax: 21, valuesMax: 7 });
  }, TextFault);
  assert.throws(() => {
    requireWithin(part, { lengthMax: 22, valuesMax: 6 });
  }, TextFault);
});

test("no text whatever gives anything but a value or a reason", () => {
  const piece = fc.constantFrom(
    ...'[]{}:,"\\ -+.eE0123tfn\u0000\ufeff\ud800'.split(""),
    "true",
    "null",
    '"a"',
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join("")),
    fc.string(),
  );
  fc.assert(
    fc.property(text, (given) => {
      let expected: unknown;
      try {
        expected = JSON.parse(given);
      } catch {
        expected = undefined;
      }
      let found: unknown;
      try {
        found = parseJson(given);
      } catch (error) {
        assert.ok(error instanceof TextFault);
        if (/twice|levels|characters/.test(error.message)) return;
      }
      assert.deepEqual(found, expected);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(documentBounds.depthMax < 128, "below what canonical bytes refuse");
});
