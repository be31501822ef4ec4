import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normalise } from "./normalisation.ts";

const step = fc.constantFrom("trim", "lower-case", "digits", "alphanumeric");

test("applies the steps in their order", () => {
  assert.equal(normalise(" Ab-12 c ", []), " Ab-12 c ");
  assert.equal(normalise(" Ab-12 c ", ["trim"]), "Ab-12 c");
  assert.equal(normalise(" Ab-12 c ", ["trim", "lower-case"]), "ab-12 c");
  assert.equal(normalise(" Ab-12 c ", ["alphanumeric"]), "Ab12c");
  assert.equal(normalise(" Ab-12 c ", ["digits"]), "12");
});

test("NFKC: ways of writing one character come to one", () => {
  assert.equal(normalise("１２３", ["digits"]), "123");
  assert.equal(normalise("e\u0301", []), normalise("\u00e9", []));
  assert.equal(normalise("\u212b", []), "\u00c5");
});

test("keeps letters and numbers of other scripts, and only ASCII digits as digits", () => {
  assert.equal(normalise("Müller-Łódź 九", ["alphanumeric", "lower-case"]), "müllerłódź九");
  assert.equal(normalise("١٢3", ["digits"]), "3");
});

test("a letter does not become another in one locale", () => {
  assert.equal(normalise("I", ["lower-case"]), "i");
});

test("normalising twice changes nothing more", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.array(step, { maxLength: 4 }), (text, steps) => {
      const once = normalise(text.toWellFormed(), [...steps, "alphanumeric"]);
      assert.equal(normalise(once, ["alphanumeric"]), once.normalize("NFKC").replace(/[^\p{L}\p{N}]/gu, ""));
    }),
  );
});
