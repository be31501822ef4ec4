import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { ristretto255_oprf } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import {
  blind,
  blindEvaluateBatch,
  deriveKeyPair,
  evaluate,
  finalizeBatch,
  publicKeyOf,
  randomScalar,
  token,
  verifyProof,
} from "./oprf.ts";

interface Vectors {
  seed: string;
  keyInfo: string;
  skSm: string;
  pkSm: string;
  vectors: {
    inputs: string[];
    blinds: string[];
    blindedElements: string[];
    evaluationElements: string[];
    proof: string;
    proofRandomScalar: string;
    outputs: string[];
  }[];
}

const rfc = JSON.parse(readFileSync(new URL("rfc9497-vectors.json", import.meta.url), "utf8")) as Vectors;
const noble = ristretto255_oprf.voprf;

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

function hex(value: Uint8Array): string {
  return Buffer.from(value).toString("hex");
}

/** A stream of bytes that is a function of its label, in place of a random source. */
function seeded(label: string): (length: number) => Uint8Array {
  let counter = 0;
  return (length) =>
    createHash("shake256", { outputLength: length })
      .update(`${label}/${String(counter++)}`)
      .digest();
}

function item<T>(list: readonly T[], index: number): T {
  const value = list[index];
  assert.ok(value !== undefined);
  return value;
}

function refuses(code: string, act: () => unknown): void {
  assert.throws(act, { name: "CryptoError", code });
}

/** One whole exchange, as plain values that the negative cases then spoil one by one. */
function exchange(label: string, inputs: readonly Uint8Array[]) {
  const random = seeded(label);
  const keys = deriveKeyPair(random(32), Buffer.from("exchange"));
  const blinds = inputs.map(() => randomScalar(random));
  const blinded = inputs.map((input, index) => blind(input, item(blinds, index)));
  const { evaluated, proof } = blindEvaluateBatch(
    keys.secretKey,
    keys.publicKey,
    blinded,
    randomScalar(random),
  );
  return { keys, inputs, blinds, blinded, evaluated, proof };
}

type Exchange = ReturnType<typeof exchange>;

function finalize(run: Exchange): Uint8Array[] {
  return finalizeBatch(run.inputs, run.blinds, run.evaluated, run.blinded, run.keys.publicKey, run.proof);
}

const IDENTITY = new Uint8Array(32);
const ORDER = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

/** RFC 9496 appendix A.2: not canonical, negative, not a square, and so on. */
const BAD_ENCODINGS = [
  "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
].map(bytes);

const PEOPLE = ["ada", "grace", "barbara", "radia"].map((name) => Uint8Array.from(Buffer.from(name)));

describe("RFC 9497 appendix A.1.2, ristretto255-SHA512, VOPRF", () => {
  test("derives the key pair from seed and info", () => {
    const keys = deriveKeyPair(bytes(rfc.seed), bytes(rfc.keyInfo));
    assert.equal(hex(keys.secretKey), rfc.skSm);
    assert.equal(hex(keys.publicKey), rfc.pkSm);
    assert.equal(hex(publicKeyOf(bytes(rfc.skSm))), rfc.pkSm);
  });

  for (const [index, vector] of rfc.vectors.entries()) {
    const inputs = vector.inputs.map(bytes);
    const blinds = vector.blinds.map(bytes);
    const blinded = vector.blindedElements.map(bytes);
    const evaluated = vector.evaluationElements.map(bytes);

    test(`vector ${String(index + 1)}: blinds, evaluates with the proof, finalizes`, () => {
      assert.deepEqual(
        inputs.map((input, i) => hex(blind(input, item(blinds, i)))),
        vector.blindedElements,
      );
      const scalar = bytes(vector.proofRandomScalar);
      const answer = blindEvaluateBatch(bytes(rfc.skSm), bytes(rfc.pkSm), blinded, scalar);
      assert.deepEqual(answer.evaluated.map(hex), vector.evaluationElements);
      assert.equal(hex(answer.proof), vector.proof);
      const outputs = finalizeBatch(inputs, blinds, evaluated, blinded, bytes(rfc.pkSm), bytes(vector.proof));
      assert.deepEqual(outputs.map(hex), vector.outputs);
    });

    test(`vector ${String(index + 1)}: evaluates the inputs in the clear`, () => {
      assert.deepEqual(
        inputs.map((input) => hex(evaluate(bytes(rfc.skSm), input))),
        vector.outputs,
      );
    });
  }
});

describe("laws", () => {
  const input = fc.uint8Array({ maxLength: 80 });

  test("what the client finalizes is what the key holder evaluates", () => {
    fc.assert(
      fc.property(fc.array(input, { minLength: 1, maxLength: 6 }), fc.string(), (inputs, label) => {
        const run = exchange(label, inputs);
        assert.deepEqual(
          finalize(run).map(hex),
          inputs.map((each) => hex(evaluate(run.keys.secretKey, each))),
        );
      }),
      { numRuns: 40 },
    );
  });

  test("the output does not depend on the blind, and the blinded element does", () => {
    fc.assert(
      fc.property(input, fc.string(), (each, label) => {
        const random = seeded(label);
        const keys = deriveKeyPair(random(32), IDENTITY);
        const [first, second] = [randomScalar(random), randomScalar(random)].map((scalar) => {
          const blinded = blind(each, scalar);
          const answer = blindEvaluateBatch(keys.secretKey, keys.publicKey, [blinded], randomScalar(random));
          const out = finalizeBatch(
            [each],
            [scalar],
            answer.evaluated,
            [blinded],
            keys.publicKey,
            answer.proof,
          );
          return { blinded: hex(blinded), output: hex(item(out, 0)) };
        });
        assert.equal(first?.output, second?.output);
        assert.notEqual(first?.blinded, second?.blinded);
      }),
      { numRuns: 40 },
    );
  });

  test("two keys give two outputs", () => {
    const each = item(PEOPLE, 0);
    const [a, b] = ["a", "b"].map((label) => exchange(label, [each]).keys.secretKey);
    assert.ok(a && b);
    assert.notEqual(hex(evaluate(a, each)), hex(evaluate(b, each)));
  });

  test("a token is the first 16 bytes of an output", () => {
    const output = evaluate(exchange("token", PEOPLE).keys.secretKey, item(PEOPLE, 0));
    assert.equal(hex(token(output)), hex(output).slice(0, 32));
    refuses("OPRF_INVALID_INPUT", () => token(output.subarray(0, 32)));
  });

  test("a random scalar is the residue of 64 bytes", () => {
    const random = seeded("wide");
    const wide = BigInt(`0x${hex(random(64).toReversed())}`);
    const scalar = BigInt(`0x${hex(randomScalar(seeded("wide")).toReversed())}`);
    assert.equal(scalar, wide % BigInt(`0x${hex(ORDER.toReversed())}`));
  });
});

describe("second implementation (@noble/curves)", () => {
  test("noble finalizes what was evaluated here", () => {
    const keys = deriveKeyPair(seeded("noble")(32), IDENTITY);
    const items = PEOPLE.map((input) => ({ input, ...noble.blind(input) }));
    const blinded = items.map((each) => each.blinded);
    const answer = blindEvaluateBatch(keys.secretKey, keys.publicKey, blinded, randomScalar(seeded("proof")));
    const outputs = noble.finalizeBatch(
      items.map((each, index) => ({ ...each, evaluated: item(answer.evaluated, index) })),
      keys.publicKey,
      answer.proof,
    );
    assert.deepEqual(
      outputs.map(hex),
      PEOPLE.map((input) => hex(evaluate(keys.secretKey, input))),
    );
  });

  test("what noble evaluated is finalized here", () => {
    const keys = noble.generateKeyPair();
    const random = seeded("blinds");
    const blinds = PEOPLE.map(() => randomScalar(random));
    const blinded = PEOPLE.map((input, index) => blind(input, item(blinds, index)));
    const answer = noble.blindEvaluateBatch(keys.secretKey, keys.publicKey, blinded);
    const outputs = finalizeBatch(PEOPLE, blinds, answer.evaluated, blinded, keys.publicKey, answer.proof);
    const theirs = PEOPLE.map((input, index) => ({
      input,
      blind: item(blinds, index),
      blinded: item(blinded, index),
      evaluated: item(answer.evaluated, index),
    }));
    assert.deepEqual(outputs.map(hex), noble.finalizeBatch(theirs, keys.publicKey, answer.proof).map(hex));
    assert.deepEqual(
      outputs.map(hex),
      PEOPLE.map((input) => hex(evaluate(keys.secretKey, input))),
    );
  });

  test("both derive the same keys", () => {
    const seed = seeded("derive")(32);
    const theirs = noble.deriveKeyPair(seed, PEOPLE[0] ?? IDENTITY);
    assert.deepEqual(deriveKeyPair(seed, PEOPLE[0] ?? IDENTITY), theirs);
  });
});

describe("refusals of a proof", () => {
  const run = exchange("refusals", PEOPLE);
  const other = exchange("another key", PEOPLE);

  test("accepts the exchange that the cases below spoil", () => {
    assert.equal(finalize(run).length, PEOPLE.length);
    assert.ok(verifyProof(run.keys.publicKey, run.blinded, run.evaluated, run.proof));
  });

  test("rejects a batch evaluated with another key", () => {
    const { keys } = other;
    const random = randomScalar(seeded("wrong"));
    const answer = blindEvaluateBatch(keys.secretKey, keys.publicKey, run.blinded, random);
    refuses("OPRF_INVALID_PROOF", () => finalize({ ...run, ...answer }));
  });

  test("rejects a single element evaluated with another key", () => {
    const { secretKey, publicKey } = other.keys;
    const random = randomScalar(seeded("one"));
    const foreign = item(blindEvaluateBatch(secretKey, publicKey, run.blinded, random).evaluated, 2);
    refuses("OPRF_INVALID_PROOF", () => finalize({ ...run, evaluated: run.evaluated.with(2, foreign) }));
  });

  test("rejects swapped evaluated elements, and both lists reordered alike", () => {
    const [first, second, ...rest] = run.evaluated;
    assert.ok(first && second);
    refuses("OPRF_INVALID_PROOF", () => finalize({ ...run, evaluated: [second, first, ...rest] }));
    assert.equal(
      verifyProof(run.keys.publicKey, run.blinded.toReversed(), run.evaluated.toReversed(), run.proof),
      false,
    );
  });

  test("rejects a batch with an element left out", () => {
    assert.equal(
      verifyProof(run.keys.publicKey, run.blinded.slice(1), run.evaluated.slice(1), run.proof),
      false,
    );
  });

  test("rejects a truncated, a lengthened and a non-canonical proof", () => {
    const aboveOrder = Uint8Array.from([...ORDER, ...run.proof.subarray(32)]);
    for (const proof of [run.proof.subarray(0, 63), Uint8Array.from([...run.proof, 0]), aboveOrder]) {
      refuses("OPRF_INVALID_PROOF", () => finalize({ ...run, proof }));
    }
  });

  test("rejects the malleated proof whose response has the order added", () => {
    const shifted = Uint8Array.from(run.proof);
    let carry = 0;
    for (let i = 0; i < 32; i++) {
      const sum = (shifted[32 + i] ?? 0) + (ORDER[i] ?? 0) + carry;
      shifted[32 + i] = sum & 0xff;
      carry = sum >> 8;
    }
    assert.equal(verifyProof(run.keys.publicKey, run.blinded, run.evaluated, shifted), false);
  });

  test("rejects a proof with any one bit flipped", () => {
    fc.assert(
      fc.property(fc.nat(511), (bit) => {
        const proof = Uint8Array.from(run.proof);
        proof[bit >> 3] = (proof[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        assert.equal(verifyProof(run.keys.publicKey, run.blinded, run.evaluated, proof), false);
      }),
      { numRuns: 60 },
    );
  });
});

describe("refusals of elements, scalars and lists", () => {
  const run = exchange("shapes", PEOPLE);
  const evaluateOne = (element: Uint8Array) =>
    blindEvaluateBatch(
      run.keys.secretKey,
      run.keys.publicKey,
      [...run.blinded, element],
      randomScalar(seeded("r")),
    );

  test("rejects the identity wherever an element comes from outside", () => {
    refuses("OPRF_INVALID_ELEMENT", () => evaluateOne(IDENTITY));
    refuses("OPRF_INVALID_ELEMENT", () => finalize({ ...run, evaluated: run.evaluated.with(0, IDENTITY) }));
    refuses("OPRF_INVALID_ELEMENT", () => finalize({ ...run, blinded: run.blinded.with(0, IDENTITY) }));
    refuses("OPRF_INVALID_ELEMENT", () => verifyProof(IDENTITY, run.blinded, run.evaluated, run.proof));
  });

  test("rejects encodings that are not canonical, as noble does", () => {
    for (const bad of BAD_ENCODINGS) {
      refuses("OPRF_INVALID_ELEMENT", () => evaluateOne(bad));
      refuses("OPRF_INVALID_ELEMENT", () => finalize({ ...run, evaluated: run.evaluated.with(1, bad) }));
      assert.throws(() => noble.blindEvaluate(run.keys.secretKey, run.keys.publicKey, bad));
    }
  });

  test("rejects elements of a wrong length", () => {
    refuses("OPRF_INVALID_ELEMENT", () => evaluateOne(item(run.blinded, 0).subarray(1)));
    refuses("OPRF_INVALID_ELEMENT", () => evaluateOne(new Uint8Array(33)));
  });

  test("rejects zero, the order and short strings as scalars", () => {
    for (const scalar of [
      new Uint8Array(32),
      ORDER,
      new Uint8Array(32).fill(0xff),
      new Uint8Array(31).fill(1),
    ]) {
      refuses("OPRF_INVALID_SCALAR", () => publicKeyOf(scalar));
      refuses("OPRF_INVALID_SCALAR", () => blind(item(PEOPLE, 0), scalar));
      refuses("OPRF_INVALID_SCALAR", () => evaluate(scalar, item(PEOPLE, 0)));
      refuses("OPRF_INVALID_SCALAR", () => finalize({ ...run, blinds: run.blinds.with(0, scalar) }));
      refuses("OPRF_INVALID_SCALAR", () =>
        blindEvaluateBatch(run.keys.secretKey, run.keys.publicKey, run.blinded, scalar),
      );
    }
  });

  test("rejects a public key that is not the secret key's", () => {
    const { publicKey } = exchange("other", PEOPLE).keys;
    refuses("OPRF_KEY_MISMATCH", () =>
      blindEvaluateBatch(run.keys.secretKey, publicKey, run.blinded, randomScalar(seeded("r"))),
    );
  });

  test("rejects a random source that is dead or short", () => {
    refuses("OPRF_INVALID_SCALAR", () => randomScalar((length) => new Uint8Array(length)));
    refuses("OPRF_INVALID_INPUT", () => randomScalar(() => new Uint8Array(32).fill(7)));
  });

  test("rejects empty batches, lists that differ in length, and inputs that are too long", () => {
    const { secretKey, publicKey } = run.keys;
    refuses("OPRF_INVALID_INPUT", () =>
      blindEvaluateBatch(secretKey, publicKey, [], randomScalar(seeded("r"))),
    );
    refuses("OPRF_INVALID_INPUT", () => verifyProof(publicKey, [], [], run.proof));
    refuses("OPRF_INVALID_INPUT", () => finalize({ ...run, inputs: PEOPLE.slice(1) }));
    refuses("OPRF_INVALID_INPUT", () => finalize({ ...run, blinds: run.blinds.slice(1) }));
    refuses("OPRF_INVALID_INPUT", () => finalize({ ...run, evaluated: run.evaluated.slice(1) }));
    refuses("OPRF_INVALID_INPUT", () => evaluate(secretKey, new Uint8Array(65_536)));
    refuses("OPRF_INVALID_INPUT", () => deriveKeyPair(new Uint8Array(31), IDENTITY));
  });

  test("names no bytes of the input in its errors", () => {
    const secret = Uint8Array.from(Buffer.from("0123456789abcdef0123456789abcdef0"));
    assert.throws(
      () => evaluateOne(secret),
      (error: Error) => !/0123|3031/.test(error.message),
    );
  });
});
