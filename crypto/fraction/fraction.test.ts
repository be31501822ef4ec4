import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  addFractions,
  compareFractions,
  divideFractions,
  formatFraction,
  fraction,
  multiplyFractions,
  parseFraction,
  subtractFractions,
} from "./fraction.ts";

const integer = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });
const any = fc
  .tuple(
    integer,
    integer.filter((value) => value !== 0n),
  )
  .map(([numerator, denominator]) => fraction(numerator, denominator));
const INVALID = { name: "CryptoError", code: "FRACTION_INVALID" };

describe("parsing", () => {
  const read: [string, bigint, bigint][] = [
    ["2", 2n, 1n],
    ["0", 0n, 1n],
    ["1/3", 1n, 3n],
    ["6/4", 3n, 2n],
    ["0/7", 0n, 1n],
    ["-6/4", -3n, 2n],
    ["123456789012345678901234567890/3", 41152263004115226300411522630n, 1n],
  ];
  for (const [text, numerator, denominator] of read) {
    test(`reads ${text}`, () => {
      assert.deepEqual(parseFraction(text), { numerator, denominator });
    });
  }

  const refused = [
    ...["", " ", "1 ", " 1", "1/ 3", "1/0", "/3", "1/", "1/-3", "--1", "+1", "0.5", ".5", "1e3", "0x10"],
    ...["01", "1/03", "00", "1/3/5", "1\n", "١", "1_000", "NaN", "Infinity", "1,5", "9".repeat(129)],
  ];
  for (const text of refused) {
    test(`refuses ${JSON.stringify(text.slice(0, 12))}`, () => {
      assert.throws(() => parseFraction(text), INVALID);
    });
  }

  test("reads back what it wrote", () => {
    fc.assert(
      fc.property(any, (value) => {
        assert.deepEqual(parseFraction(formatFraction(value)), value);
      }),
    );
  });

  test("writes an unreduced value in lowest terms", () => {
    assert.equal(formatFraction({ numerator: 4n, denominator: 8n }), "1/2");
    assert.equal(formatFraction({ numerator: 8n, denominator: 4n }), "2");
  });
});

describe("laws", () => {
  test("is in normal form, and equal fractions have equal members", () => {
    fc.assert(
      fc.property(
        any,
        integer.filter((value) => value !== 0n),
        (value, factor) => {
          assert.ok(value.denominator > 0n);
          assert.deepEqual(fraction(value.numerator * factor, value.denominator * factor), value);
        },
      ),
    );
  });

  test("adds and multiplies as a field does", () => {
    fc.assert(
      fc.property(any, any, any, (a, b, c) => {
        assert.deepEqual(addFractions(a, b), addFractions(b, a));
        assert.deepEqual(multiplyFractions(a, b), multiplyFractions(b, a));
        assert.deepEqual(addFractions(addFractions(a, b), c), addFractions(a, addFractions(b, c)));
        assert.deepEqual(
          multiplyFractions(a, addFractions(b, c)),
          addFractions(multiplyFractions(a, b), multiplyFractions(a, c)),
        );
        assert.deepEqual(subtractFractions(addFractions(a, b), b), a);
        if (b.numerator !== 0n) assert.deepEqual(multiplyFractions(divideFractions(a, b), b), a);
      }),
    );
  });

  test("adds ten tenths to exactly one", () => {
    let sum = fraction(0n);
    for (let index = 0; index < 10; index++) sum = addFractions(sum, parseFraction("1/10"));
    assert.deepEqual(sum, fraction(1n));
  });

  test("orders as the difference's sign does", () => {
    fc.assert(
      fc.property(any, any, (a, b) => {
        const { numerator } = subtractFractions(a, b);
        assert.equal(compareFractions(a, b), numerator === 0n ? 0 : numerator < 0n ? -1 : 1);
      }),
    );
    assert.equal(compareFractions(parseFraction("1/3"), parseFraction("1/2")), -1);
    assert.equal(compareFractions(parseFraction("-1/3"), parseFraction("-1/2")), 1);
    assert.equal(compareFractions(parseFraction("2/4"), parseFraction("1/2")), 0);
  });

  test("refuses a denominator and a divisor of zero", () => {
    assert.throws(() => fraction(1n, 0n), INVALID);
    assert.throws(() => divideFractions(fraction(1n), fraction(0n)), INVALID);
  });
});
