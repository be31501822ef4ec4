import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { mulAddUnsafe } from "@noble/curves/abstract/curve.js";
import { bn254 } from "@noble/curves/bn254.js";
import { curves, groth16 } from "snarkjs";
import { releaseExample } from "../../test/release-example.ts";
import { FIELD_MODULUS } from "./field.ts";
import { releaseInputs, releaseSignals } from "./release-statement.ts";
import { type Proof, type ProvenSignals, readVerificationKey, verifyProof, verifyProofs } from "./verify.ts";

const artifacts = new URL("../../circuits/release/artifacts/", import.meta.url);
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, artifacts)));
const [wasm, zkey] = [bytesOf("release.wasm"), bytesOf("release.zkey")];
const exported = JSON.parse(Buffer.from(bytesOf("verification-key.json")).toString("utf8")) as Record<
  string,
  unknown
>;
const key = readVerificationKey(exported);
const { Fp } = bn254.fields;
const [G1, G2] = [bn254.G1.Point, bn254.G2.Point];
const Q = Fp.ORDER;

const examples = [
  releaseExample(),
  releaseExample({ exact: [28n], group: 1 }),
  releaseExample({ exact: [7n, 8n], noise: [-20n, 0n], digest: new Uint8Array(32).fill(255) }),
];

/** Made by snarkjs, in this thread. */
const proven: ProvenSignals[] = [];

before(async () => {
  for (const { statement, opening } of examples) {
    const { proof, publicSignals } = await groth16.fullProve(
      releaseInputs(statement, opening),
      wasm,
      zkey,
      undefined,
      { memorySize: 1 },
      { singleThread: true },
    );
    const signals = releaseSignals(statement);
    assert.deepEqual(publicSignals, signals.map(String));
    const [a, b, c] = [proof.pi_a.slice(0, 2), proof.pi_b.slice(0, 2), proof.pi_c.slice(0, 2)];
    proven.push({ proof: { a, b, c } as unknown as Proof, signals });
  }
});

// The workers of snarkjs's own verifier.
after(async () => (await curves.getCurveFromName("bn128")).terminate());

function at(index: number): ProvenSignals {
  const value = proven[index];
  assert.ok(value !== undefined);
  return value;
}

/** snarkjs, the second implementation. */
async function snarkjsAccepts({ proof, signals }: ProvenSignals): Promise<boolean> {
  const projective = {
    pi_a: [...proof.a, "1"],
    pi_b: [...proof.b, ["1", "0"]],
    pi_c: [...proof.c, "1"],
    protocol: "groth16",
    curve: "bn128",
  };
  return groth16.verify(exported, signals.map(String), projective);
}

const accepts = ({ proof, signals }: ProvenSignals): boolean => verifyProof(key, proof, signals);

type G1Point = InstanceType<typeof G1>;
type G2Point = InstanceType<typeof G2>;

const g1 = ([x, y]: readonly [string, string]): G1Point => G1.fromAffine({ x: BigInt(x), y: BigInt(y) });
const g2 = ([x, y]: Proof["b"]): G2Point =>
  G2.fromAffine({ x: { c0: BigInt(x[0]), c1: BigInt(x[1]) }, y: { c0: BigInt(y[0]), c1: BigInt(y[1]) } });
const g1Text = (point: G1Point): [string, string] => [String(point.toAffine().x), String(point.toAffine().y)];
const g2Text = (point: G2Point): Proof["b"] => {
  const { x, y } = point.toAffine();
  return [
    [String(x.c0), String(x.c1)],
    [String(y.c0), String(y.c1)],
  ];
};

/** A point on the curve of the second group, outside the subgroup. */
function pointOutsideSubgroup(): G2Point {
  const { Fp2 } = bn254.fields;
  for (let c0 = 1n; ; c0++) {
    const x = { c0, c1: 0n };
    const right = Fp2.add(Fp2.mul(Fp2.sqr(x), x), G2.CURVE().b);
    try {
      return G2.fromAffine({ x, y: Fp2.sqrt(right) });
    } catch {
      // Not a square: no point has this x.
    }
  }
}

describe("a proof", () => {
  test("that snarkjs made and accepts is accepted", async () => {
    for (const example of proven) {
      assert.equal(await snarkjsAccepts(example), true);
      assert.equal(accepts(example), true);
    }
  });

  test("of one statement does not hold for another, for snarkjs neither", async () => {
    const swapped = { proof: at(0).proof, signals: at(1).signals };
    assert.equal(accepts(swapped), false);
    assert.equal(await snarkjsAccepts(swapped), false);
  });

  test("does not hold when any one signal is another", async () => {
    const { proof, signals } = at(0);
    for (const place of signals.keys()) {
      const changed = { proof, signals: signals.with(place, ((signals[place] ?? 0n) + 1n) % FIELD_MODULUS) };
      assert.equal(accepts(changed), false, String(place));
      if (place % 7 === 0) assert.equal(await snarkjsAccepts(changed), false, String(place));
    }
  });

  test("does not hold for the negative of a signal that only its square constrains", () => {
    const { proof, signals } = at(0);
    for (const place of [0, 1, 3, 4]) {
      const changed = signals.with(place, FIELD_MODULUS - (signals[place] ?? 0n));
      assert.equal(accepts({ proof, signals: changed }), false);
    }
  });

  test("does not hold for signals plus the modulus, negative ones, too few or too many", () => {
    const { proof, signals } = at(0);
    for (const place of signals.keys()) {
      for (const other of [(signals[place] ?? 0n) + FIELD_MODULUS, (signals[place] ?? 0n) - FIELD_MODULUS]) {
        assert.equal(accepts({ proof, signals: signals.with(place, other) }), false, String(place));
      }
    }
    assert.equal(accepts({ proof, signals: signals.slice(1) }), false);
    assert.equal(accepts({ proof, signals: [...signals, 0n] }), false);
    assert.equal(accepts({ proof, signals: signals.map(Number) as unknown as bigint[] }), false);
  });

  test("with any coordinate plus the modulus is refused", () => {
    const { proof, signals } = at(0);
    const text = JSON.stringify(proof);
    const coordinates = [...proof.a, ...proof.b.flat(), ...proof.c];
    assert.equal(coordinates.length, 8);
    for (const coordinate of coordinates) {
      for (const other of [BigInt(coordinate) + Q, (BigInt(coordinate) + 1n) % Q, BigInt(coordinate) - Q]) {
        const changed = JSON.parse(text.replace(`"${coordinate}"`, `"${String(other)}"`)) as Proof;
        assert.equal(accepts({ proof: changed, signals }), false);
      }
    }
  });

  test("with a coordinate written in another way is refused", () => {
    const { proof, signals } = at(0);
    const [x, y] = proof.a;
    const others = [
      `0${x}`,
      `+${x}`,
      ` ${x}`,
      `${x} `,
      `${x}\n`,
      `0x${BigInt(x).toString(16)}`,
      `${x}.0`,
      "",
    ];
    for (const other of [...others, "9".repeat(10_000)]) {
      assert.equal(accepts({ proof: { ...proof, a: [other, y] }, signals }), false);
    }
  });

  test("with a point off the curve, outside the subgroup or at infinity is refused", () => {
    const { proof, signals } = at(0);
    const outside = pointOutsideSubgroup();
    assert.equal(mulAddUnsafe(G2, [outside], [FIELD_MODULUS], true).is0(), false);
    const zero: Proof["b"] = [
      ["0", "0"],
      ["0", "0"],
    ];
    const wrong: Partial<Proof>[] = [
      { a: ["1", "1"] },
      { a: ["0", "0"] },
      { a: ["0", "1"] },
      { b: zero },
      { b: [zero[0], ["1", "0"]] },
      { b: [proof.b[1], proof.b[0]] },
      { b: g2Text(outside) },
      { b: g2Text(g2(proof.b).add(mulAddUnsafe(G2, [outside], [FIELD_MODULUS], true))) },
      { c: ["0", "0"] },
      { c: ["3", "2"] },
    ];
    for (const part of wrong) assert.equal(accepts({ proof: { ...proof, ...part }, signals }), false);
  });

  test("of any other shape is refused, without an exception", () => {
    const { proof, signals } = at(0);
    const shapes: unknown[] = [
      null,
      undefined,
      7,
      "proof",
      [],
      {},
      { ...proof, a: undefined },
      { ...proof, a: [...proof.a, "1"] },
      { ...proof, a: proof.a.map(BigInt) },
      { ...proof, b: proof.a },
      { ...proof, b: [[proof.b[0], proof.b[0]], proof.b[1]] },
      { ...proof, c: { 0: proof.c[0], 1: proof.c[1], length: 2 } },
      { ...proof, c: null },
    ];
    for (const shape of shapes) assert.equal(accepts({ proof: shape as Proof, signals }), false);
  });

  test("is malleable: anyone makes others of it, so its bytes are no identity", () => {
    const { proof, signals } = at(0);
    const negated = { a: g1Text(g1(proof.a).negate()), b: g2Text(g2(proof.b).negate()), c: proof.c };
    const factor = 12_345n;
    const scaled = {
      a: g1Text(g1(proof.a).multiplyUnsafe(factor)),
      b: g2Text(g2(proof.b).multiplyUnsafe(bn254.fields.Fr.inv(factor))),
      c: proof.c,
    };
    for (const other of [negated, scaled]) {
      assert.notDeepEqual(other, proof);
      assert.equal(accepts({ proof: other, signals }), true);
    }
    assert.equal(accepts({ proof: { ...negated, b: proof.b }, signals }), false);
  });
});

describe("a batch of proofs", () => {
  const draw = (length: number): Uint8Array => randomBytes(length);

  test("is accepted if each holds, once or more often, in any order", () => {
    assert.equal(verifyProofs(key, proven, draw), true);
    assert.equal(verifyProofs(key, [...proven, ...proven.toReversed()], draw), true);
    assert.equal(verifyProofs(key, [at(1)], draw), true);
  });

  test("is refused if one does not hold, wherever it stands", () => {
    for (const place of proven.keys()) {
      const { proof, signals } = at(place);
      const wrong = [
        { proof, signals: signals.with(2, 5n) },
        { proof: { ...proof, c: g1Text(G1.BASE) }, signals },
        { proof: { ...proof, a: ["1", "1"] as [string, string] }, signals },
      ];
      for (const other of wrong) assert.equal(verifyProofs(key, proven.with(place, other), draw), false);
    }
  });

  test("is refused if two wrong ones would cancel out", () => {
    const shifted = (index: number, by: G1Point): ProvenSignals => ({
      ...at(index),
      proof: { ...at(index).proof, c: g1Text(g1(at(index).proof.c).add(by)) },
    });
    const pair = [shifted(0, G1.BASE), shifted(1, G1.BASE.negate())];
    // With equal weights, which nobody draws, they do.
    assert.equal(
      verifyProofs(key, pair, (length) => new Uint8Array(length)),
      true,
    );
    assert.equal(verifyProofs(key, pair, draw), false);
  });

  test("proves nothing when it is empty", () => {
    assert.equal(verifyProofs(key, [], draw), false);
  });

  test("needs 16 random bytes a proof", () => {
    assert.throws(() => verifyProofs(key, proven, () => new Uint8Array(15)), {
      name: "CryptoError",
      code: "GROTH16_INVALID_INPUT",
    });
  });
});

describe("a verification key", () => {
  const inputs = exported.IC as string[][];
  const alpha = exported.vk_alpha_1 as string[];
  const beta = exported.vk_beta_2 as string[][];
  const off = ["1", "1", "1"];
  const infinity = [
    ["0", "0"],
    ["1", "0"],
    ["0", "0"],
  ];
  const wrong: Record<string, unknown> = {
    "of no object": null,
    "of a text": "key",
    "of another protocol": { ...exported, protocol: "plonk" },
    "of another curve": { ...exported, curve: "bls12381" },
    "of a point too few": { ...exported, IC: inputs.slice(1) },
    "of a count that is no number": { ...exported, nPublic: String(inputs.length - 1) },
    "of no points": { ...exported, IC: [], nPublic: -1 },
    "with a point of the inputs off the curve": { ...exported, IC: inputs.with(3, off) },
    "with a point of the inputs at infinity": { ...exported, IC: inputs.with(3, ["0", "1", "0"]) },
    "with alpha off the curve": { ...exported, vk_alpha_1: off },
    "with alpha not affine": { ...exported, vk_alpha_1: [...alpha.slice(0, 2), "2"] },
    "with alpha not canonical": {
      ...exported,
      vk_alpha_1: [String(BigInt(alpha[0] ?? "") + Q), ...alpha.slice(1)],
    },
    "with beta missing": { ...exported, vk_beta_2: undefined },
    "with gamma at infinity": { ...exported, vk_gamma_2: infinity },
    "with delta outside the subgroup": {
      ...exported,
      vk_delta_2: [...g2Text(pointOutsideSubgroup()), ["1", "0"]],
    },
    "with beta's coordinates in the other order": {
      ...exported,
      vk_beta_2: beta.map((coordinate) => coordinate.toReversed()),
    },
  };
  for (const [name, json] of Object.entries(wrong)) {
    test(`${name} is refused`, () => {
      assert.throws(() => readVerificationKey(json), { name: "CryptoError", code: "GROTH16_INVALID_KEY" });
    });
  }

  test("of another setup accepts no proof of this one", () => {
    const other = readVerificationKey({ ...exported, vk_delta_2: exported.vk_gamma_2 });
    assert.equal(verifyProof(other, at(0).proof, at(0).signals), false);
  });
});
