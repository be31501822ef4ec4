import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fraction, parseFraction, type Fraction } from "../fraction/fraction.ts";
import { bitSourceOver, type BitSource, type ByteStream } from "./bits.ts";
import { bernoulliExponential, sampleDiscreteLaplace, uniformBelow } from "./sampler.ts";

/** Block n is SHA-256(label, n): a stand-in for HMAC blocks out of an HSM. */
function blocksOf(label: string): ByteStream {
  let block = 0;
  return () =>
    createHash("sha256")
      .update(`${label}/${String(block++)}`)
      .digest();
}

async function draws(count: number, scale: Fraction, label: string): Promise<bigint[]> {
  const source = bitSourceOver(blocksOf(label));
  const values: bigint[] = [];
  for (let index = 0; index < count; index++) values.push(await sampleDiscreteLaplace(scale, source));
  return values;
}

/** The exact law, in floating point, which is the test's alone. */
function lawOf(scale: Fraction) {
  const t = Number(scale.numerator) / Number(scale.denominator);
  const q = Math.exp(-1 / t);
  return {
    probability: (x: number) => ((1 - q) / (1 + q)) * q ** Math.abs(x),
    meanMagnitude: (2 * q) / (1 - q * q),
    variance: (2 * q) / (1 - q) ** 2,
  };
}

type Probability = (x: number) => number;

/** Chi-square in standard deviations above its mean, over single values where at least 20 are expected and two pooled tails. */
function chiSquareDeviation(values: readonly bigint[], probability: Probability): number {
  let edge = 0;
  while (values.length * probability(edge + 1) >= 20) edge++;
  const seen = new Map<number, number>();
  for (const value of values) {
    const bin = Math.max(-edge - 1, Math.min(edge + 1, Number(value)));
    seen.set(bin, (seen.get(bin) ?? 0) + 1);
  }
  let inside = 0;
  for (let x = -edge; x <= edge; x++) inside += probability(x);
  let statistic = 0;
  for (let x = -edge - 1; x <= edge + 1; x++) {
    const expected = values.length * (Math.abs(x) > edge ? (1 - inside) / 2 : probability(x));
    statistic += ((seen.get(x) ?? 0) - expected) ** 2 / expected;
  }
  const freedom = 2 * edge + 2;
  return (statistic - freedom) / Math.sqrt(2 * freedom);
}

const COUNT = 8_000;
const SCALES = ["1", "7/2", "2/3", "1/2", "25", "1000/7"];

describe("draws against the exact law", () => {
  for (const text of SCALES) {
    const scale = parseFraction(text);
    const law = lawOf(scale);

    test(`scale ${text}: frequencies, symmetry, magnitude, zeros`, async () => {
      const values = await draws(COUNT, scale, `law ${text}`);
      assert.ok(Math.abs(chiSquareDeviation(values, law.probability)) < 4);
      const numbers = values.map(Number);
      const sum = numbers.reduce((total, x) => total + x, 0);
      assert.ok(Math.abs(sum) < 4 * Math.sqrt(COUNT * law.variance));
      const magnitude = numbers.reduce((total, x) => total + Math.abs(x), 0) / COUNT;
      assert.ok(Math.abs(magnitude - law.meanMagnitude) < 4 * Math.sqrt(law.variance / COUNT));
      const zeros = numbers.filter((x) => x === 0).length;
      const p = law.probability(0);
      assert.ok(Math.abs(zeros - COUNT * p) < 4 * Math.sqrt(COUNT * p * (1 - p)));
    });
  }

  test("the same statistic rejects a law that counts zero twice, and one with a neighbouring scale", async () => {
    const values = await draws(3 * COUNT, fraction(3n), "power");
    const { probability } = lawOf(fraction(3n));
    assert.ok(Math.abs(chiSquareDeviation(values, probability)) < 4);
    const zeroTwice = (x: number) => (probability(x) * (x === 0 ? 2 : 1)) / (1 + probability(0));
    assert.ok(chiSquareDeviation(values, zeroTwice) > 20);
    assert.ok(chiSquareDeviation(values, lawOf(parseFraction("31/10")).probability) > 4);
  });

  test("an unreduced scale gives the law of the reduced one", async () => {
    const values = await draws(COUNT, { numerator: 14n, denominator: 4n }, "unreduced");
    assert.ok(Math.abs(chiSquareDeviation(values, lawOf(parseFraction("7/2")).probability)) < 4);
  });
});

class OutOfBits extends Error {}

/** Hands out the bits of a finite word. */
function wordSource(word: string): BitSource {
  let offset = 0;
  return {
    take: (count) => {
      if (offset + count > word.length) throw new OutOfBits();
      offset += count;
      return count === 0 ? 0n : BigInt(`0b${word.slice(offset - count, offset)}`);
    },
  };
}

/**
 * Follows every possible sequence of bits up to a depth: for each result the exact probability of the sequences that decide it,
 * and what is undecided. So a probability is enclosed without any randomness.
 */
async function enumerate<T>(depth: number, draw: (source: BitSource) => Promise<T>) {
  const decided = new Map<T, number>();
  let undecided = 0;
  const words = [""];
  for (let word = words.pop(); word !== undefined; word = words.pop()) {
    try {
      const result = await draw(wordSource(word));
      decided.set(result, (decided.get(result) ?? 0) + 2 ** -word.length);
    } catch (error) {
      if (!(error instanceof OutOfBits)) throw error;
      if (word.length === depth) undecided += 2 ** -depth;
      else words.push(`${word}0`, `${word}1`);
    }
  }
  return { decided, undecided };
}

describe("every sequence of bits", () => {
  for (const text of ["1", "2", "1/2"]) {
    test(`scale ${text}: encloses the exact probabilities`, async () => {
      const scale = parseFraction(text);
      const { decided, undecided } = await enumerate(14, (source) => sampleDiscreteLaplace(scale, source));
      const { probability } = lawOf(scale);
      assert.ok(undecided < 0.3);
      for (const value of [0n, 1n, -1n, 2n, -2n]) {
        const low = decided.get(value) ?? 0;
        assert.ok(low <= probability(Number(value)) && probability(Number(value)) <= low + undecided);
        assert.equal(low, decided.get(-value) ?? 0);
      }
    });
  }

  test("Bernoulli(e^-gamma) is enclosed", async () => {
    for (const [a, b] of [
      [0n, 1n],
      [1n, 1n],
      [1n, 2n],
      [2n, 3n],
    ] as const) {
      const { decided, undecided } = await enumerate(14, (source) => bernoulliExponential(a, b, source));
      const exact = Math.exp(-Number(a) / Number(b));
      const low = decided.get(true) ?? 0;
      assert.ok(undecided < 0.11 && low <= exact && exact <= low + undecided);
    }
  });

  test("a uniform draw gives every value below the bound equally often", async () => {
    for (const bound of [1n, 2n, 3n, 5n, 7n, 8n, 11n]) {
      const { decided } = await enumerate(8, (source) => uniformBelow(bound, source));
      assert.deepEqual(
        [...decided.keys()].sort(),
        Array.from({ length: Number(bound) }, (_, x) => BigInt(x)).sort(),
      );
      assert.equal(new Set(decided.values()).size, 1);
    }
  });
});

describe("a draw is a function of its bytes", () => {
  test("the same blocks give the same draws, whether they come at once or later", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.bigInt({ min: 1n, max: 10n ** 9n }), async (label, numerator) => {
        const scale = fraction(numerator, 7n);
        const later = blocksOf(label);
        const source = bitSourceOver(async (length) => {
          await Promise.resolve();
          return later(length);
        });
        const first = [
          await sampleDiscreteLaplace(scale, source),
          await sampleDiscreteLaplace(scale, source),
        ];
        assert.deepEqual(first, await draws(2, scale, label));
      }),
      { numRuns: 50 },
    );
  });

  test("other blocks give other draws", async () => {
    const scale = fraction(10n ** 12n);
    const values = new Set<bigint>();
    for (let index = 0; index < 100; index++) {
      values.add((await draws(1, scale, `seed ${String(index)}`))[0] ?? 0n);
    }
    assert.equal(values.size, 100);
  });

  test("a known draw, so that results stay the same from version to version", async () => {
    assert.deepEqual(await draws(8, parseFraction("20/3"), "golden"), [12n, 0n, -8n, -2n, -8n, 1n, 13n, 12n]);
  });
});

describe("refusals", () => {
  const fair = () => bitSourceOver(blocksOf("refusals"));

  test("rejects scales that are not positive fractions with terms below 2^128", async () => {
    for (const [numerator, denominator] of [
      [0n, 1n],
      [-1n, 2n],
      [1n, 0n],
      [1n, -1n],
      [1n << 128n, 1n],
      [1n, 1n << 128n],
    ] as const) {
      await assert.rejects(sampleDiscreteLaplace({ numerator, denominator }, fair()), {
        name: "CryptoError",
        code: "LAPLACE_SCALE_INVALID",
      });
    }
  });

  test("draws at the largest and the smallest scale", async () => {
    const most = (1n << 128n) - 1n;
    const wide = await sampleDiscreteLaplace({ numerator: most, denominator: 1n }, fair());
    assert.ok(wide > 1n << 100n || wide < -(1n << 100n));
    assert.equal(await sampleDiscreteLaplace({ numerator: 1n, denominator: most }, fair()), 0n);
  });

  test("fails, rather than answer, on a source that is stuck", async () => {
    const exhausted = { name: "CryptoError", code: "LAPLACE_EXHAUSTED" };
    const stuck = (bit: bigint): BitSource => ({ take: (count) => bit * ((1n << BigInt(count)) - 1n) });
    await assert.rejects(sampleDiscreteLaplace(fraction(5n), stuck(1n)), exhausted);
    await assert.rejects(sampleDiscreteLaplace(fraction(5n), stuck(0n)), exhausted);
    await assert.rejects(uniformBelow(5n, stuck(1n)), exhausted);
    await assert.rejects(bernoulliExponential(1n, 1n, stuck(0n)), exhausted);
  });

  test("passes on the failure of the byte stream", async () => {
    const source = bitSourceOver(() => Promise.reject(new Error("token gone")));
    await assert.rejects(sampleDiscreteLaplace(fraction(5n), source), { message: "token gone" });
  });
});
