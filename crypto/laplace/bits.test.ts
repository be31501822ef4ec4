import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { bitSourceOver } from "./bits.ts";

/** Blocks of bytes 0, 1, 2, …; `asked` lists the lengths asked for. */
function counting() {
  const asked: number[] = [];
  let next = 0;
  const stream = (length: number): Uint8Array => {
    asked.push(length);
    return Uint8Array.from({ length }, () => next++ & 0xff);
  };
  return { asked, stream };
}

describe("a bit source", () => {
  test("hands out the stream's bits in order, whatever the sizes of the pieces", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(700), { minLength: 1, maxLength: 12 }), async (counts) => {
        const source = bitSourceOver(counting().stream);
        let bits = "";
        for (const count of counts) {
          const value = await source.take(count);
          if (count > 0) bits += value.toString(2).padStart(count, "0");
          else assert.equal(value, 0n);
        }
        const whole = counting().stream(Math.ceil(bits.length / 8));
        const expected = [...whole].map((byte) => byte.toString(2).padStart(8, "0")).join("");
        assert.equal(bits, expected.slice(0, bits.length));
      }),
    );
  });

  test("asks for blocks of 32 bytes, and for none before it needs one", async () => {
    const { asked, stream } = counting();
    const source = bitSourceOver(stream);
    assert.deepEqual(asked, []);
    await source.take(0);
    assert.deepEqual(asked, []);
    await source.take(256);
    assert.deepEqual(asked, [32]);
    await source.take(257);
    assert.deepEqual(asked, [32, 32, 32]);
    await source.take(255);
    assert.deepEqual(asked, [32, 32, 32]);
  });

  test("rejects a block of another length", async () => {
    for (const length of [0, 31, 33]) {
      const source = bitSourceOver(() => new Uint8Array(length));
      await assert.rejects(async () => source.take(1), { code: "LAPLACE_SOURCE_INVALID" });
    }
  });

  test("rejects counts out of range", () => {
    const source = bitSourceOver(counting().stream);
    for (const count of [-1, 1.5, Number.NaN, 4097]) {
      assert.throws(() => source.take(count), { name: "CryptoError", code: "LAPLACE_SOURCE_INVALID" });
    }
  });

  test("refuses a second call while the first waits for a block, and works on afterwards", async () => {
    const source = bitSourceOver((length) => Promise.resolve(counting().stream(length)));
    const first = source.take(8);
    assert.throws(() => source.take(8), { name: "CryptoError", code: "LAPLACE_SOURCE_BUSY" });
    assert.equal(await first, 0n);
    assert.equal(await source.take(8), 1n);
  });
});
