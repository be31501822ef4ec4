import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, mock, test } from "node:test";
import fc from "fast-check";
import { curves, r1cs, wtns } from "snarkjs";
import { blindingGenerator } from "../../crypto/commitment/generators.ts";
import { FIELD_MODULUS } from "../../crypto/groth16/field.ts";
import { releaseInputs, releaseSignals } from "../../crypto/groth16/release-statement.ts";
import { compileRelease } from "../../scripts/build-circuit.ts";
import { type ReleaseExample, releaseExample } from "../../test/release-example.ts";

type Inputs = Record<string, string | string[]>;
/** A linear combination: wires with their coefficients. */
type Combination = readonly (readonly [number, bigint])[];
type Constraint = readonly [Combination, Combination, Combination];

const artifacts = new URL("./artifacts/", import.meta.url);
const wasm = new Uint8Array(readFileSync(new URL("release.wasm", artifacts)));
const manifest = JSON.parse(readFileSync(new URL("artifacts.json", artifacts), "utf8")) as {
  r1csSha256: string;
  constraints: number;
  publicSignals: number;
};
const folder = mkdtempSync(join(tmpdir(), "pavilion-release-"));

let constraints: Constraint[] = [];
/** The constraints that each wire stands in. */
let constraintsOf: Constraint[][] = [];

before(async () => {
  const compiled = await compileRelease(folder);
  assert.equal(createHash("sha256").update(readFileSync(compiled.r1cs)).digest("hex"), manifest.r1csSha256);
  const json = await r1cs.exportJson(compiled.r1cs);
  constraints = json.constraints.map((sides) => sides.map(combination) as unknown as Constraint);
  constraintsOf = Array.from({ length: json.nVars }, () => []);
  for (const constraint of constraints) {
    for (const wire of new Set(constraint.flatMap((side) => side.map(([index]) => index)))) {
      constraintsOf[wire]?.push(constraint);
    }
  }
});

after(async () => {
  rmSync(folder, { recursive: true });
  await (await curves.getCurveFromName("bn128")).terminate();
});

const combination = (side: Readonly<Record<string, string>>): Combination =>
  Object.entries(side).map(([wire, coefficient]) => [Number(wire), BigInt(coefficient)]);

const valueOf = (side: Combination, witness: readonly bigint[]): bigint =>
  side.reduce((sum, [wire, coefficient]) => sum + coefficient * (witness[wire] ?? 0n), 0n) % FIELD_MODULUS;

const isMet = ([a, b, c]: Constraint, witness: readonly bigint[]): boolean =>
  (valueOf(a, witness) * valueOf(b, witness) - valueOf(c, witness)) % FIELD_MODULUS === 0n;

const element = (value: bigint): bigint => ((value % FIELD_MODULUS) + FIELD_MODULUS) % FIELD_MODULUS;

/** The wire that a constraint b · (b − 1) = 0 holds to zero or one. */
function bitOf([a, b, c]: Constraint): number | undefined {
  const wire = [a, b].find((side) => side.length === 1)?.[0]?.[0];
  if (wire === undefined || c.length > 0) return undefined;
  return new Set([...a, ...b].map(([index]) => index)).size === 2 &&
    [a, b].flat().every(([index]) => index === wire || index === 0)
    ? wire
    : undefined;
}

/**
 * The value that a constraint leaves to `wire` when all others are known: affine in it, with a slope that is not zero.
 * The value itself does not matter here, as the witness holds: only that there is no second one.
 */
function determines([a, b, c]: Constraint, wire: number, witness: readonly bigint[]): boolean {
  const slopeOf = (side: Combination): bigint => side.find(([index]) => index === wire)?.[1] ?? 0n;
  if (slopeOf(a) !== 0n && slopeOf(b) !== 0n) return false;
  const slope = slopeOf(a) * valueOf(b, witness) + slopeOf(b) * valueOf(a, witness) - slopeOf(c);
  return element(slope) !== 0n;
}

/** The wires that do not follow, one after the other, from the inputs and the bits by constraints with one unknown each. */
function undetermined(witness: readonly bigint[]): number[] {
  const bits = constraints.map(bitOf).filter((wire) => wire !== undefined);
  // Of each of the ten decompositions the compiler writes one bit as the input less the others.
  assert.equal(new Set(bits).size, 32 + 2 * 53 + 251 + 6 * 55 - 10);
  const inputs = Array.from({ length: 1 + manifest.publicSignals + 5 }, (_, index) => index);
  const known = new Set([...inputs, ...bits]);
  let waiting = constraints;
  for (let progress = true; progress;) {
    const rest = waiting.filter((constraint) => {
      const unknown = [...new Set(constraint.flat().map(([index]) => index))].filter(
        (wire) => !known.has(wire),
      );
      const [wire] = unknown;
      if (unknown.length !== 1 || wire === undefined || !determines(constraint, wire, witness))
        return unknown.length > 0;
      known.add(wire);
      return false;
    });
    progress = rest.length < waiting.length;
    waiting = rest;
  }
  return [...witness.keys()].filter((wire) => !known.has(wire));
}

async function witnessOf(inputs: Inputs): Promise<readonly bigint[]> {
  const file: { type: "mem"; data?: Uint8Array } = { type: "mem" };
  await wtns.calculate(inputs, wasm, file, { memorySize: 1 });
  return wtns.exportJson(file);
}

const inputsOf = ({ statement, opening }: ReleaseExample): Inputs => releaseInputs(statement, opening);

/** True if there is a witness: the generator asserts each constraint that it does not compute by. */
async function isProvable(inputs: Inputs): Promise<boolean> {
  const silenced = mock.method(console, "error", () => undefined);
  try {
    const witness = await witnessOf(inputs);
    assert.ok(constraints.every((constraint) => isMet(constraint, witness)));
    return true;
  } catch (failure) {
    assert.match(String(failure), /Assert Failed/);
    return false;
  } finally {
    silenced.mock.restore();
  }
}

/** The inputs with one of them replaced, or one member of a list. */
function replaced(inputs: Inputs, name: string, value: bigint, at?: number): Inputs {
  const before = inputs[name];
  assert.ok(before !== undefined);
  const text = String(element(value));
  if (at === undefined) return { ...inputs, [name]: text };
  assert.ok(Array.isArray(before));
  return { ...inputs, [name]: before.map((member, index) => (index === at ? text : member)) };
}

const identity = { x: 0n, y: 1n };
const examples = {
  "three statistics": releaseExample(),
  "a count alone": releaseExample({ exact: [28n] }),
  "a used slot on the identity": releaseExample({
    exact: [5n, 6n, 7n],
    bases: [...releaseExample({ exact: [5n, 6n] }).statement.bases, identity],
  }),
  "nothing at all": releaseExample({ exact: [0n], noise: [0n], blinding: 0n, seed: 0n }),
  "the largest values": releaseExample({
    exact: [2n ** 32n - 1n, 2n ** 53n - 1n, 2n ** 53n - 1n],
    noise: [2n ** 53n - 1n, -(2n ** 53n) + 1n, 0n],
    bounds: [2n ** 53n - 1n, 2n ** 53n - 1n, 0n],
    blinding: 2n ** 251n - 1n,
  }),
  "equal bases": releaseExample({
    exact: [9n, 9n, 9n],
    bases: Array<{ x: bigint; y: bigint }>(3).fill(blindingGenerator().toAffine()),
    blinding: 9n,
  }),
};

describe("the circuit as it was compiled", () => {
  test("has the pinned size, in 2^12 rows", () => {
    assert.equal(constraints.length, manifest.constraints);
    assert.ok(constraints.length + manifest.publicSignals + 1 <= 4096);
  });

  test("holds the blinding generator of crypto/commitment", () => {
    const source = readFileSync(new URL("release.circom", import.meta.url), "utf8");
    const constant = /function BLINDING_GENERATOR\(\) \{\s*return \[\s*(\d+),\s*(\d+)\s*\];/.exec(source);
    const { x, y } = blindingGenerator().toAffine();
    assert.deepEqual(constant?.slice(1), [String(x), String(y)]);
  });

  for (const [name, example] of Object.entries(examples)) {
    test(`is satisfied by ${name}, with the public signals in their order`, async () => {
      const witness = await witnessOf(inputsOf(example));
      assert.ok(constraints.every((constraint) => isMet(constraint, witness)));
      assert.deepEqual(witness.slice(1, 1 + manifest.publicSignals), releaseSignals(example.statement));
    });

    test(`has no wire of ${name} that does not follow from its inputs and their bits`, async () => {
      assert.deepEqual(undetermined(await witnessOf(inputsOf(example))), []);
    });

    test(`has no wire of ${name} that can be changed alone`, async () => {
      const witness = [...(await witnessOf(inputsOf(example)))];
      for (let wire = 1; wire < witness.length; wire++) {
        const value = witness[wire] ?? 0n;
        // Of the squares that hold a public signal, its negative is a root too; the verifier's own sum tells the two apart.
        const isPublic = wire <= manifest.publicSignals;
        const others = [value + 1n, value + 2n ** 64n, ...(isPublic ? [] : [1n - value, -value])];
        for (const other of new Set(others.map(element))) {
          if (other === value) continue;
          witness[wire] = other;
          const isNoticed = constraintsOf[wire]?.some((constraint) => !isMet(constraint, witness)) ?? false;
          assert.ok(isNoticed, `wire ${String(wire)}`);
        }
        witness[wire] = value;
      }
    });
  }
});

describe("what can be proven", () => {
  const example = releaseExample();
  const inputs = inputsOf(example);

  const small = fc.bigInt({ min: -1_000n, max: 1_000n });
  const anyRelease = fc.record({
    exact: fc
      .tuple(
        fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }),
        fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
        fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
      )
      .chain((all) => fc.integer({ min: 1, max: 3 }).map((used) => all.slice(0, used))),
    noise: fc.tuple(small, small, small),
    bounds: fc
      .tuple(small, small, small)
      .map((values) => values.map((value) => (value < 0n ? -value : value))),
    blinding: fc.bigInt({ min: 0n, max: 2n ** 251n - 1n }),
    seed: fc.bigInt({ min: 0n, max: FIELD_MODULUS - 1n }),
  });

  test("is every opening whose noise lies within its bound, and no other", async () => {
    await fc.assert(
      fc.asyncProperty(anyRelease, async ({ exact, noise, bounds, ...secrets }) => {
        const used = { exact, noise: noise.slice(0, exact.length), bounds: bounds.slice(0, exact.length) };
        const isWithin = used.noise.every((value, slot) => {
          const bound = used.bounds[slot] ?? 0n;
          return -bound <= value && value <= bound;
        });
        assert.equal(await isProvable(inputsOf(releaseExample({ ...used, ...secrets }))), isWithin);
      }),
      { numRuns: 60 },
    );
  });

  test("is a release at the bound's two ends, and nothing beyond", async () => {
    for (const [noise, isFine] of [
      [50n, true],
      [-50n, true],
      [51n, false],
      [-51n, false],
    ] as const) {
      const at = releaseExample({ exact: [20n], noise: [noise], bounds: [50n] });
      assert.equal(await isProvable(inputsOf(at)), isFine, String(noise));
    }
  });

  const exactOf = (slot: number): bigint => example.opening.exact[slot] ?? 0n;
  const falsified: Record<string, Inputs> = {
    "another blinding": replaced(inputs, "blinding", example.opening.blinding + 1n),
    "another seed": replaced(inputs, "seed", example.opening.seed + 1n),
    "another seed's commitment": replaced(inputs, "seedCommitment", example.statement.seedCommitment + 1n),
    "another count": replaced(inputs, "exact", exactOf(0) + 1n, 0),
    "another first sum": replaced(inputs, "exact", exactOf(1) - 1n, 1),
    "another second sum": replaced(inputs, "exact", exactOf(2) + 1n, 2),
    "another point": replaced(inputs, "pointX", -example.statement.point.x),
    "a base off the curve": replaced(inputs, "baseX", 1n, 1),
    "a base negated": replaced(inputs, "baseX", -(example.statement.bases[2]?.x ?? 0n), 2),
    "a count released beyond the bound": replaced(inputs, "released", exactOf(0) + 15n, 0),
    "a sum released beyond the bound": replaced(inputs, "released", exactOf(2) - 201n, 2),
    "a bound of minus one": replaced(inputs, "bound", -1n, 2),
  };
  for (const [name, wrong] of Object.entries(falsified)) {
    test(`is not ${name}`, async () => {
      assert.equal(await isProvable(wrong), false);
    });
  }

  const excessive: Record<string, ReleaseExample> = {
    "a count of 2^32": releaseExample({ exact: [2n ** 32n] }),
    "a first sum of 2^53": releaseExample({ exact: [1n, 2n ** 53n] }),
    "a second sum of 2^53": releaseExample({ exact: [1n, 1n, 2n ** 53n] }),
    "a blinding of 2^251": releaseExample({ blinding: 2n ** 251n }),
  };
  for (const [name, tooLarge] of Object.entries(excessive)) {
    test(`is not ${name}, though the commitment opens to it`, async () => {
      assert.equal(await isProvable(inputsOf(tooLarge)), false);
    });
  }

  test("is not a negative count, though the commitment opens to it", async () => {
    const order = releaseExample({ exact: [-1n], noise: [1n] });
    const wrong = inputsOf({
      statement: order.statement,
      opening: { ...order.opening, exact: [FIELD_MODULUS - 1n] },
    });
    assert.equal(await isProvable(wrong), false);
  });

  test("is not an opening off the curve: a base of coordinates that satisfy nothing", async () => {
    const wrong = replaced(replaced(inputs, "baseX", 0n, 2), "baseY", 0n, 2);
    assert.equal(await isProvable(wrong), false);
  });
});
