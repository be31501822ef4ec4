import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeRlp as ethersDecode, encodeRlp } from "ethers";
import fc from "fast-check";
import { hexOf } from "./hex.ts";
import { decodeRlp, type RlpItem } from "./rlp.ts";

const invalid = { code: "STATE_PROOF_INVALID" };
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const text = (ascii: string): Uint8Array => Uint8Array.from(Buffer.from(ascii));

type Hex = string | Hex[];
const hexTree = (item: RlpItem): Hex => (item instanceof Uint8Array ? hexOf(item) : item.map(hexTree));

test("decodes the examples of the Ethereum documentation", () => {
  const lorem = "Lorem ipsum dolor sit amet, consectetur adipisicing elit";
  const examples: [string, RlpItem][] = [
    ["83646f67", text("dog")],
    ["c88363617483646f67", [text("cat"), text("dog")]],
    ["80", new Uint8Array()],
    ["c0", []],
    ["00", Uint8Array.of(0)],
    ["0f", Uint8Array.of(15)],
    ["820400", Uint8Array.of(4, 0)],
    ["c7c0c1c0c3c0c1c0", [[], [[]], [[], [[]]]]],
    [`b838${Buffer.from(lorem).toString("hex")}`, text(lorem)],
  ];
  for (const [encoded, item] of examples) assert.deepEqual(decodeRlp(bytes(encoded)), item);
});

test("refuses other encodings of the same values, and what is cut or followed by more", () => {
  const refused = [
    ...["", "81", "b8", "c1", "f8", "83646f", "c883636174", "b90100"],
    // One byte below 0x80 in a string of its own; lengths that would have fitted the first byte; leading zeros.
    ...["8100", "817f", "b80100", `b837${"aa".repeat(55)}`, `b90038${"aa".repeat(56)}`, "f80180", "f800"],
    ...["8080", "c0c0", "83646f6700", "c182", "c2820000"],
    ...["bfffffffffffffffff", "ffffffffffffffffff", "bb7fffffff", "c6c5c4c3c2c1c0"],
  ];
  for (const encoded of refused) assert.throws(() => decodeRlp(bytes(encoded)), invalid, encoded);
});

const string = fc.uint8Array({ maxLength: 300 }).map(hexOf);
const { tree } = fc.letrec<{ tree: Hex }>((tie) => ({
  tree: fc.oneof({ maxDepth: 3 }, string, fc.array(tie("tree"), { maxLength: 20 })),
}));

test("decodes what ethers encodes", () => {
  fc.assert(
    fc.property(tree, (item) => {
      const encoded = encodeRlp(item);
      assert.deepEqual(hexTree(decodeRlp(bytes(encoded.slice(2)))), item);
    }),
  );
});

test("whatever it accepts, ethers decodes alike and encodes back to the same bytes", () => {
  let accepted = 0;
  const mutated = fc.tuple(tree, fc.nat(), fc.nat({ max: 255 })).map(([item, at, value]) => {
    const encoded = bytes(encodeRlp(item).slice(2));
    encoded[at % encoded.length] = value;
    return encoded;
  });
  fc.assert(
    fc.property(mutated, (encoded) => {
      let item: RlpItem;
      try {
        item = decodeRlp(encoded);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "STATE_PROOF_INVALID");
        return;
      }
      accepted++;
      assert.deepEqual(hexTree(item), ethersDecode(encoded));
      assert.equal(encodeRlp(hexTree(item)), hexOf(encoded));
    }),
    { numRuns: 500 },
  );
  assert.ok(accepted > 0);
});
