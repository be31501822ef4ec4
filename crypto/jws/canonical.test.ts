import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalBytes, digestOf } from "./canonical.ts";

const text = (document: unknown): string => new TextDecoder().decode(canonicalBytes(document));

test("RFC 8785 section 3.2.2: the sample object", () => {
  const sample: unknown = JSON.parse(String.raw`{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  }`);
  const expected =
    "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333" +
    "332e333333333333332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75" +
    "303030665c6e4127425c225c5c5c5c5c222f227d";
  assert.equal(Buffer.from(canonicalBytes(sample)).toString("hex"), expected);
});

test("RFC 8785 section 3.2.3: members are sorted by UTF-16 code units", () => {
  const sample: unknown = JSON.parse(String.raw`{
    "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
    "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
  }`);
  const members = Object.values(JSON.parse(text(sample).replace('"1":', '"_1":')) as Record<string, string>);
  assert.deepEqual(members, [
    "Carriage Return",
    "One",
    "Control",
    "Latin Small Letter O With Diaeresis",
    "Euro Sign",
    "Emoji: Grinning Face",
    "Hebrew Letter Dalet With Dagesh",
  ]);
});

test("RFC 8785 appendix B: numbers by their IEEE 754 bits", () => {
  const vectors: [string, string][] = [
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555553", "333333333.3333332"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ];
  for (const [bits, expected] of vectors) {
    assert.equal(text(Buffer.from(bits, "hex").readDoubleBE()), expected);
  }
});

test("the order in which members were written does not matter, and parsing gives the document back", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue()), (document) => {
      const reversed = Object.fromEntries(Object.entries(document).reverse());
      assert.equal(text(reversed), text(document));
      assert.equal(text(JSON.parse(text(document))), text(document));
    }),
  );
});

test("the digest is the lowercase hexadecimal SHA-256 of the canonical bytes", () => {
  const expected = createHash("sha256").update('{"a":1,"b":[]}').digest("hex");
  assert.equal(digestOf({ b: [], a: 1 }), expected);
});

test("refuses everything that JSON cannot carry", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const sparse: unknown[] = [1];
  sparse[2] = 3;
  const refused: Record<string, unknown> = {
    undefined: undefined,
    "undefined member": { a: undefined },
    "undefined element": [undefined],
    hole: sparse,
    "named member of an array": Object.assign([1], { extra: 2 }),
    NaN: { a: NaN },
    infinity: [Infinity],
    bigint: { a: 1n },
    function: { a: () => 1 },
    symbol: [Symbol("a")],
    "symbol member": { [Symbol("a")]: 1 },
    date: { a: new Date(0) },
    map: new Map([["a", 1]]),
    bytes: Uint8Array.of(1),
    "boxed string": { a: Object("a") as unknown },
    "lone surrogate": ["\ud800"],
    "lone surrogate as a name": { "\udc00": 1 },
    "value that contains itself": cyclic,
  };
  for (const [name, document] of Object.entries(refused)) {
    assert.throws(() => canonicalBytes(document), { code: "CANONICAL_NOT_JSON" }, name);
  }
});

test("accepts 128 levels of nesting and refuses more", () => {
  const nested = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));
  assert.equal(canonicalBytes(nested(128)).length, 256);
  assert.throws(() => canonicalBytes(nested(129)), { code: "CANONICAL_NOT_JSON" });
  assert.throws(() => canonicalBytes(nested(100_000)), { code: "CANONICAL_NOT_JSON" });
});
