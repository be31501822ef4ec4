import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { requireDistinctMembers } from "./members.ts";

const isTaken = (text: string): boolean => {
  try {
    return requireDistinctMembers(text) === text;
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
