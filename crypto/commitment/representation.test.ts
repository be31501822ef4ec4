import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  IDENTITY,
  ORDER,
  type Point,
  type RepresentationProof,
  addPoints,
  blindingGenerator,
  commit,
  encodePoint,
  generator,
  multiply,
  decodePoint,
  proveRepresentation,
  represent,
  scalarFrom,
  verifyRepresentation,
} from "./commitment.ts";

const BASES = [generator(0, 2), generator(1, 0), generator(1, 3), blindingGenerator()];
const CONTEXT = Buffer.from("request digest, group, C'");

function nonces(label: string): (index: number) => Uint8Array {
  return (index) =>
    createHash("sha512")
      .update(`${label}/${String(index)}`)
      .digest();
}

function sumOf(bases: readonly Point[], witness: readonly bigint[]): Point {
  return addPoints(bases.map((base, index) => multiply(base, witness[index] ?? 0n)));
}

function refuses(act: () => unknown): void {
  assert.throws(act, { name: "CryptoError", code: "COMMITMENT_INVALID" });
}

function digits(scalar: bigint): string {
  return scalar.toString(16).padStart(64, "0");
}

function scalarOf(text: string | undefined): bigint {
  assert.ok(text !== undefined);
  return BigInt(`0x${text}`);
}

function eightBytes(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** The challenge for CONTEXT as README.md writes it. */
function plainChallenge(bases: readonly Point[], point: Point, announcement: Point): bigint {
  const message = Buffer.concat([
    Buffer.from("pavilion/commitment/v1/representation/challenge\0"),
    eightBytes(CONTEXT.length),
    CONTEXT,
    eightBytes(bases.length),
    ...[...bases, point, announcement].map(encodePoint),
  ]);
  return BigInt(`0x${createHash("sha512").update(message).digest("hex")}`) % ORDER;
}

const scalar = fc.bigInt({ min: 0n, max: ORDER - 1n });
const WITNESS = [12n, 0n, 99_999n, scalarFrom(nonces("witness")(0))];
const POINT = sumOf(BASES, WITNESS);
const PROOF = proveRepresentation(BASES, WITNESS, CONTEXT, nonces("proof"));

function verifies(change: {
  bases?: readonly Point[];
  point?: Point;
  context?: Uint8Array;
  proof?: unknown;
}): boolean {
  const proof = (change.proof ?? PROOF) as RepresentationProof;
  return verifyRepresentation(change.bases ?? BASES, change.point ?? POINT, change.context ?? CONTEXT, proof);
}

describe("a proof of representation", () => {
  test("verifies for what it was made for, whatever the number of bases", () => {
    fc.assert(
      fc.property(
        fc.array(scalar, { minLength: 1, maxLength: 5 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.string(),
        (witness, context, label) => {
          const bases = witness.map((_, index) => generator(2, index));
          const proof = proveRepresentation(bases, witness, context, nonces(label));
          assert.ok(verifyRepresentation(bases, sumOf(bases, witness), context, proof));
        },
      ),
      { numRuns: 25 },
    );
  });

  test("shows the remainder of a commitment once the bases asked for are taken off", () => {
    const whole = commit(0, [1, 5, 12], 77n);
    const remainder = addPoints([whole, commit(0, [1, 5], 70n).negate()]);
    const bases = [generator(0, 2), blindingGenerator()];
    const proof = proveRepresentation(bases, [12n, 7n], CONTEXT, nonces("remainder"));
    assert.ok(verifyRepresentation(bases, remainder, CONTEXT, proof));
    const notPeeled = addPoints([whole, commit(0, [1, 4], 70n).negate()]);
    assert.equal(verifyRepresentation(bases, notPeeled, CONTEXT, proof), false);
  });

  test("takes a witness modulo the order, and the identity as a point", () => {
    const shifted = WITNESS.map((each, index) => (index === 0 ? each - ORDER : each + ORDER));
    assert.deepEqual(proveRepresentation(BASES, shifted, CONTEXT, nonces("proof")), PROOF);
    const none = BASES.map(() => 0n);
    const proof = proveRepresentation(BASES, none, CONTEXT, nonces("none"));
    assert.ok(verifyRepresentation(BASES, IDENTITY, CONTEXT, proof));
    assert.equal(verifyRepresentation(BASES, POINT, CONTEXT, proof), false);
  });

  test("is refused for another point, context, or other bases", () => {
    assert.ok(verifies({}));
    assert.equal(verifies({ point: addPoints([POINT, generator(0, 0)]) }), false);
    assert.equal(verifies({ point: POINT.negate() }), false);
    assert.equal(verifies({ point: IDENTITY }), false);
    assert.equal(verifies({ context: Buffer.from("request digest, group, D'") }), false);
    assert.equal(verifies({ context: new Uint8Array(0) }), false);
    for (const index of BASES.keys()) {
      assert.equal(verifies({ bases: BASES.with(index, generator(5, 5)) }), false);
      assert.equal(verifies({ bases: BASES.with(index, IDENTITY) }), false);
    }
  });

  test("is refused for the same bases in another order, even where responses move along", () => {
    const order = [1, 0, 2, 3];
    const bases = order.flatMap((index) => BASES[index] ?? []);
    const responses = order.flatMap((index) => PROOF.responses[index] ?? []);
    assert.equal(verifies({ bases }), false);
    assert.equal(verifies({ bases, proof: { ...PROOF, responses } }), false);
  });

  test("is refused for fewer bases or more, even with a response of zero", () => {
    const zero = digits(0n);
    assert.equal(verifies({ bases: [] }), false);
    assert.equal(verifies({ bases: [], proof: { challenge: PROOF.challenge, responses: [] } }), false);
    assert.equal(verifies({ bases: BASES.slice(0, 3) }), false);
    assert.equal(verifies({ bases: [...BASES, generator(5, 5)] }), false);
    const longer = { ...PROOF, responses: [...PROOF.responses, zero] };
    assert.equal(verifies({ bases: [...BASES, generator(5, 5)], proof: longer }), false);
    assert.equal(verifies({ proof: longer }), false);
    assert.equal(verifies({ proof: { ...PROOF, responses: PROOF.responses.slice(0, 3) } }), false);
  });

  test("with a challenge or response changed is refused", () => {
    const challenge = scalarOf(PROOF.challenge);
    assert.equal(verifies({ proof: { ...PROOF, challenge: digits((challenge + 1n) % ORDER) } }), false);
    assert.equal(verifies({ proof: { ...PROOF, challenge: digits(0n) } }), false);
    for (const [index, response] of PROOF.responses.entries()) {
      const next = digits((scalarOf(response) + 1n) % ORDER);
      assert.equal(verifies({ proof: { ...PROOF, responses: PROOF.responses.with(index, next) } }), false);
    }
  });

  test("with a congruent but not canonical scalar is refused", () => {
    assert.equal(
      verifies({ proof: { ...PROOF, challenge: digits(scalarOf(PROOF.challenge) + ORDER) } }),
      false,
    );
    for (const [index, response] of PROOF.responses.entries()) {
      const same = digits(scalarOf(response) + ORDER);
      assert.equal(verifies({ proof: { ...PROOF, responses: PROOF.responses.with(index, same) } }), false);
    }
  });

  test("that is malformed is refused, without an error", () => {
    const capital = PROOF.responses.map((each) => each.toUpperCase());
    assert.notDeepEqual(capital, PROOF.responses);
    for (const proof of [
      {},
      "",
      7,
      [],
      { challenge: PROOF.challenge },
      { responses: PROOF.responses },
      { ...PROOF, challenge: 5 },
      { ...PROOF, challenge: `0x${PROOF.challenge.slice(2)}` },
      { ...PROOF, challenge: `${PROOF.challenge}\n` },
      { ...PROOF, challenge: PROOF.challenge.slice(1) },
      { ...PROOF, challenge: [PROOF.challenge] },
      { ...PROOF, responses: capital },
      { ...PROOF, responses: PROOF.responses.join() },
      { ...PROOF, responses: PROOF.responses.map(() => null) },
      { ...PROOF, responses: { length: 4 } },
    ]) {
      assert.equal(verifies({ proof }), false, JSON.stringify(proof));
    }
    assert.equal(verifyRepresentation(BASES, POINT, CONTEXT, null as unknown as RepresentationProof), false);
  });

  test("from a witness for another point does not verify for this one", () => {
    const proof = proveRepresentation(BASES, WITNESS.with(1, 1n), CONTEXT, nonces("proof"));
    assert.equal(verifies({ proof }), false);
  });

  test("satisfies the verification equation as a second implementation writes it", () => {
    const challenge = scalarOf(PROOF.challenge);
    const responded = sumOf(BASES, PROOF.responses.map(scalarOf));
    const announcement = addPoints([responded, multiply(POINT, ORDER - challenge)]);
    assert.equal(plainChallenge(BASES, POINT, announcement), challenge);
  });

  test("over no bases is refused, though the equation holds", () => {
    const challenge = digits(plainChallenge([], IDENTITY, IDENTITY));
    assert.equal(verifies({ bases: [], point: IDENTITY, proof: { challenge, responses: [] } }), false);
  });
});

describe("the nonces of a proof", () => {
  /** What two proofs over the same nonces would give away: (s − s') / (c − c'). */
  function leaked(first: RepresentationProof, second: RepresentationProof, index: number): bigint {
    const difference = (left: string | undefined, right: string | undefined) =>
      (scalarOf(left) - scalarOf(right) + ORDER) % ORDER;
    let [inverse, power] = [1n, difference(first.challenge, second.challenge)];
    for (let rest = ORDER - 2n; rest > 0n; rest >>= 1n) {
      if ((rest & 1n) === 1n) inverse = (inverse * power) % ORDER;
      power = (power * power) % ORDER;
    }
    return (difference(first.responses[index], second.responses[index]) * inverse) % ORDER;
  }

  test("differ between statements even if the randomness is the same by mistake", () => {
    const other = proveRepresentation(BASES, WITNESS, Buffer.from("another"), nonces("proof"));
    for (const [index, scalar] of WITNESS.entries()) assert.notEqual(leaked(PROOF, other, index), scalar);
  });

  test("differ between bases even if the randomness is the same by mistake", () => {
    const same = proveRepresentation(BASES, [5n, 5n, 5n, 5n], CONTEXT, () => nonces("same")(0));
    assert.equal(new Set(same.responses).size, BASES.length);
  });

  test("come from the randomness alone, so a replay makes the same proof, and fresh randomness another", () => {
    assert.deepEqual(proveRepresentation(BASES, WITNESS, CONTEXT, nonces("proof")), PROOF);
    const point = addPoints(BASES.map((base, index) => multiply(base, WITNESS[index] ?? 0n)));
    assert.deepEqual(proveRepresentation(BASES, WITNESS, CONTEXT, nonces("proof"), point), PROOF);
    assert.notDeepEqual(proveRepresentation(BASES, WITNESS, CONTEXT, nonces("fresh")), PROOF);
  });

  test("take 64 bytes each, and a proof takes one scalar for each base", () => {
    refuses(() => proveRepresentation(BASES, WITNESS, CONTEXT, () => new Uint8Array(32)));
    refuses(() => proveRepresentation(BASES, WITNESS.slice(1), CONTEXT, nonces("short")));
    refuses(() => proveRepresentation(BASES, [...WITNESS, 0n], CONTEXT, nonces("long")));
    refuses(() => proveRepresentation([], [], CONTEXT, nonces("none")));
  });
});

describe("a sum over coordinates", () => {
  const given = {
    coordinates: [
      { slot: 0, index: 2 },
      { slot: 1, index: 0 },
      { slot: 1, index: 3 },
    ],
    scalars: [3n, 0n, ORDER - 1n, 2n ** 200n],
    context: CONTEXT,
    nonces: BASES.map((_, index) => nonces("sum")(index)),
  };

  test("is what its scalars say, with a proof of it over these bases and the blinding's", () => {
    const { point, proof } = represent(given);
    assert.deepEqual(point, encodePoint(sumOf(BASES, given.scalars)));
    assert.ok(verifyRepresentation(BASES, decodePoint(point), CONTEXT, proof));
    assert.deepEqual(proof, proveRepresentation(BASES, given.scalars, CONTEXT, nonces("sum")));
  });

  test("is refused without a scalar and a nonce for each base", () => {
    refuses(() => represent({ ...given, scalars: given.scalars.slice(1) }));
    refuses(() => represent({ ...given, nonces: given.nonces.slice(1) }));
    refuses(() => represent({ ...given, nonces: [...given.nonces, Buffer.alloc(64)] }));
  });
});
