import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FIELD_MODULUS, decodeElement, encodeElement } from "./field.ts";
import { seedCommitmentOf, seedFrom } from "./seed.ts";

const invalid = { name: "CryptoError", code: "GROTH16_INVALID_INPUT" };

describe("seeds", () => {
  test("are 64 bytes, big-endian, modulo the field's order", () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, index) => index + 1);
    const plain = bytes.reduce((sum, byte) => (sum * 256n + BigInt(byte)) % FIELD_MODULUS, 0n);
    assert.equal(seedFrom(bytes), plain);
    assert.equal(seedFrom(new Uint8Array(64)), 0n);
  });

  test("are made of no fewer and no more bytes", () => {
    for (const length of [0, 32, 63, 65]) assert.throws(() => seedFrom(new Uint8Array(length)), invalid);
  });

  test("are committed to by circomlib's Poseidon of one input", () => {
    // circomlibjs: poseidon([1]).
    assert.equal(
      seedCommitmentOf(1n),
      18586133768512220936620570745912940619677854269274689475585506675881198879027n,
    );
  });

  test("are committed to as elements alone", () => {
    assert.throws(() => seedCommitmentOf(FIELD_MODULUS), invalid);
    assert.throws(() => seedCommitmentOf(-1n), invalid);
  });
});

describe("elements as text", () => {
  test("are 64 hexadecimal digits, read back as they were", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: FIELD_MODULUS - 1n }), (value) => {
        assert.match(encodeElement(value), /^[0-9a-f]{64}$/);
        assert.equal(decodeElement(encodeElement(value)), value);
      }),
    );
  });

  test("have one way of being written", () => {
    const modulus = FIELD_MODULUS.toString(16);
    for (const text of ["", "1", modulus, "f".repeat(64), `${"0".repeat(63)}A`, `0x${"0".repeat(62)}`]) {
      assert.throws(() => decodeElement(text), invalid, text);
    }
    assert.throws(() => encodeElement(FIELD_MODULUS), invalid);
    assert.throws(() => encodeElement(-1n), invalid);
  });
});
