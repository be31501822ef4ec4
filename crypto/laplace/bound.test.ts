import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fraction, parseFraction, type Fraction } from "../fraction/fraction.ts";
import { bitSourceOver } from "./bits.ts";
import { errorBound } from "./bound.ts";
import { sampleDiscreteLaplace } from "./sampler.ts";

function toNumber({ numerator, denominator }: Fraction): number {
  return Number(numerator) / Number(denominator);
}

/** The tail as a plain sum of probabilities, from far outside inward. */
function bruteForceTail(k: number, t: number): number {
  const q = Math.exp(-1 / t);
  let tail = 0;
  for (let x = k + Math.ceil(60 * t) + 60; x > k; x--) tail += 2 * ((1 - q) / (1 + q)) * q ** x;
  return tail;
}

describe("errorBound", () => {
  const scales = ["1", "2", "1/2", "1/5", "7/2", "10/3", "20", "123/4"].map(parseFraction);
  const confidences = ["0", "1/10", "1/2", "9/10", "19/20", "99/100", "9999/10000"].map(parseFraction);

  test("is the smallest k whose tail, summed term by term, is small enough", () => {
    for (const scale of scales) {
      for (const confidence of confidences) {
        const k = Number(errorBound(scale, confidence));
        const allowed = 1 - toNumber(confidence);
        assert.ok(bruteForceTail(k, toNumber(scale)) <= allowed + 1e-12);
        if (k > 0) assert.ok(bruteForceTail(k - 1, toNumber(scale)) > allowed - 1e-12);
      }
    }
  });

  test("agrees with the closed form in floating point, where that is exact enough", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 50 }), (a, b) => {
        const t = a / b;
        const exact = t * Math.log(2 / (0.05 * (1 + Math.exp(-1 / t)))) - 1;
        fc.pre(Math.abs(exact - Math.round(exact)) > 1e-6);
        const bound = errorBound(fraction(BigInt(a), BigInt(b)), parseFraction("19/20"));
        assert.equal(bound, BigInt(Math.max(0, Math.ceil(exact))));
      }),
      { numRuns: 100 },
    );
  });

  test("grows with the confidence and with the scale", () => {
    const confidence = fc.tuple(fc.bigInt({ min: 0n, max: 998n }), fc.bigInt({ min: 1n, max: 900n }));
    fc.assert(
      fc.property(confidence, fc.bigInt({ min: 1n, max: 10n ** 6n }), ([c, step], t) => {
        const low = fraction(c, 1000n);
        const high = fraction(c + step < 1000n ? c + step : 999n, 1000n);
        const scale = fraction(t, 17n);
        assert.ok(errorBound(scale, low) <= errorBound(scale, high));
        assert.ok(errorBound(scale, low) <= errorBound(fraction(t + 1n, 17n), low));
      }),
      { numRuns: 50 },
    );
  });

  test("holds draws as often as it says", async () => {
    let block = 0;
    const source = bitSourceOver(() =>
      createHash("sha256")
        .update(`bound/${String(block++)}`)
        .digest(),
    );
    const scale = parseFraction("10/3");
    const bound = errorBound(scale, parseFraction("9/10"));
    let outside = 0;
    for (let index = 0; index < 10_000; index++) {
      const draw = await sampleDiscreteLaplace(scale, source);
      if (draw > bound || draw < -bound) outside++;
    }
    const expected = 10_000 * bruteForceTail(Number(bound), 10 / 3);
    assert.ok(outside <= 1000 + 4 * 30 && Math.abs(outside - expected) < 4 * 30);
  });

  test("handles the ends of its range", () => {
    const most = (1n << 128n) - 1n;
    assert.equal(errorBound({ numerator: 1n, denominator: most }, fraction(most - 1n, most)), 0n);
    assert.equal(errorBound(fraction(5n), fraction(0n)), 0n);
    const widest = errorBound({ numerator: most, denominator: 1n }, fraction(most - 1n, most));
    const inScales = Number(widest) / 2 ** 128;
    assert.ok(Math.abs(inScales - 128 * Math.LN2) < 1e-9);
  });

  test("rejects a confidence outside [0, 1) and terms above its range", () => {
    for (const confidence of [fraction(1n), fraction(3n, 2n), fraction(-1n, 2n), fraction(1n, 1n << 128n)]) {
      assert.throws(() => errorBound(fraction(5n), confidence), {
        name: "CryptoError",
        code: "LAPLACE_CONFIDENCE_INVALID",
      });
    }
    assert.throws(() => errorBound(fraction(0n), fraction(1n, 2n)), { code: "LAPLACE_SCALE_INVALID" });
  });
});
