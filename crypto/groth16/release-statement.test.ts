import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { releaseExample } from "../../test/release-example.ts";
import { FIELD_MODULUS } from "./field.ts";
import {
  BOUND_LIMIT,
  type ReleaseOpening,
  type ReleaseStatement,
  UNUSED_STATISTIC,
  releaseInputs,
  releaseSignals,
} from "./release-statement.ts";

const { statement, opening } = releaseExample();
const invalid = { name: "CryptoError", code: "GROTH16_INVALID_INPUT" };

describe("the signals of a release", () => {
  test("stand in the circuit's order", () => {
    const digest = Uint8Array.from({ length: 32 }, (_, index) => (index === 15 ? 1 : index === 31 ? 2 : 0));
    const bases = [
      { x: 11n, y: 14n },
      { x: 12n, y: 15n },
      { x: 13n, y: 16n },
    ];
    const ordered: ReleaseStatement = {
      digest,
      seedCommitment: 3n,
      group: 4,
      part: 5,
      statistics: [6, 7, 8],
      point: { x: 9n, y: 10n },
      bases,
      released: [17n, 18n, 19n],
      bounds: [20n, 21n, 22n],
    };
    assert.deepEqual(
      releaseSignals(ordered),
      Array.from({ length: 22 }, (_, index) => BigInt(index + 1)),
    );
  });

  test("write a negative number as its residue", () => {
    const signals = releaseSignals({ ...statement, released: [-1n, 0n, -5n] });
    assert.deepEqual(signals.slice(16, 19), [FIELD_MODULUS - 1n, 0n, FIELD_MODULUS - 5n]);
  });

  test("fill a slot that is not used in one way: no statistic, the identity, zero, zero", () => {
    const signals = releaseSignals(releaseExample({ exact: [28n] }).statement);
    const unused = BigInt(UNUSED_STATISTIC);
    assert.deepEqual(signals.slice(6, 8), [unused, unused]);
    assert.deepEqual(signals.slice(11, 13), [0n, 0n]);
    assert.deepEqual(signals.slice(14, 16), [1n, 1n]);
    assert.deepEqual([...signals.slice(17, 19), ...signals.slice(20, 22)], [0n, 0n, 0n, 0n]);
  });
});

const refused: Record<string, Partial<ReleaseStatement>> = {
  "a digest of another length": { digest: new Uint8Array(31) },
  "no statistic": { statistics: [], bases: [], released: [], bounds: [] },
  "four statistics": {
    statistics: [0, 1, 2, 3],
    bases: [...statement.bases, { x: 0n, y: 1n }],
    released: [0n, 0n, 0n, 0n],
    bounds: [0n, 0n, 0n, 0n],
  },
  "a base too few": { bases: statement.bases.slice(1) },
  "a released value too few": { released: [1n, 2n] },
  "a bound too many": { bounds: [1n, 2n, 3n, 4n] },
  "a statistic twice": { statistics: [0, 1, 1] },
  "the unused slot's number for a statistic": { statistics: [0, 1, UNUSED_STATISTIC] },
  "a statistic that is no whole number": { statistics: [0, 1, 1.5] },
  "a group below zero": { group: -1 },
  "a part of 2^32": { part: 2 ** 32 },
  "a commitment plus the modulus": { seedCommitment: statement.seedCommitment + FIELD_MODULUS },
  "a point's coordinate plus the modulus": {
    point: { x: statement.point.x + FIELD_MODULUS, y: statement.point.y },
  },
  "a negative coordinate": { bases: [{ x: -1n, y: 1n }, ...statement.bases.slice(1)] },
  "a bound of 2^53": { bounds: [BOUND_LIMIT, 0n, 0n] },
  "a negative bound": { bounds: [0n, 0n, -1n] },
  "a released value of 2^54": { released: [2n * BOUND_LIMIT, 0n, 0n] },
  "a released value of −2^54": { released: [0n, -2n * BOUND_LIMIT, 0n] },
};

describe("a statement that no verifier may accept", () => {
  for (const [name, part] of Object.entries(refused)) {
    test(`is one with ${name}`, () => {
      assert.throws(() => releaseSignals({ ...statement, ...part }), invalid);
    });
  }
});

describe("the inputs of the prover", () => {
  test("are the public signals under their names, and the opening, filled up to three slots", () => {
    const { statement: single, opening: secret } = releaseExample({ exact: [28n], noise: [-30n] });
    const inputs = releaseInputs(single, secret);
    assert.deepEqual(inputs.exact, ["28", "0", "0"]);
    assert.equal(inputs.blinding, String(secret.blinding));
    assert.equal(inputs.seedCommitment, String(single.seedCommitment));
    assert.deepEqual(inputs.released, [String(FIELD_MODULUS - 2n), "0", "0"]);
    const names = [
      "baseX",
      "baseY",
      "blinding",
      "bound",
      "digest",
      "exact",
      "group",
      "part",
      "pointX",
      "pointY",
    ];
    assert.deepEqual(Object.keys(inputs).sort(), [
      ...names,
      "released",
      "seed",
      "seedCommitment",
      "statistic",
    ]);
  });

  const unfit: Record<string, Partial<ReleaseOpening>> = {
    "a value too few": { exact: [1n, 2n] },
    "a negative value": { exact: [-1n, 0n, 0n] },
    "a blinding beyond the field": { blinding: FIELD_MODULUS },
    "a seed beyond the field": { seed: FIELD_MODULUS },
  };
  for (const [name, part] of Object.entries(unfit)) {
    test(`do not take an opening with ${name}`, () => {
      assert.throws(() => releaseInputs(statement, { ...opening, ...part }), invalid);
    });
  }
});
