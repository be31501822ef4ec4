import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { combine } from "./combination.ts";
import {
  IDENTITY,
  ORDER,
  type Point,
  addPoints,
  blindingGenerator,
  commit,
  commitRecords,
  decodePoint,
  encodePoint,
  encodePoints,
  generator,
  liftShare,
  multiply,
  scalarFrom,
  shareOf,
  sharesOf,
} from "./commitment.ts";

/* The second implementation: affine formulas of the twisted Edwards curve and nothing of this folder. */

const P = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const A = 168700n;
const D = 168696n;

interface Affine {
  readonly x: bigint;
  readonly y: bigint;
}

const ZERO: Affine = { x: 0n, y: 1n };

function mod(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function inverse(value: bigint): bigint {
  let [r, next, s, following] = [P, mod(value), 0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [s, following] = [following, s - quotient * following];
  }
  assert.equal(r, 1n);
  return mod(s);
}

function plainAdd(left: Affine, right: Affine): Affine {
  const cross = D * left.x * left.y * right.x * right.y;
  return {
    x: mod((left.x * right.y + left.y * right.x) * inverse(1n + cross)),
    y: mod((left.y * right.y - A * left.x * right.x) * inverse(1n - cross)),
  };
}

function plainMultiply(point: Affine, scalar: bigint): Affine {
  let [sum, power] = [ZERO, point];
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) sum = plainAdd(sum, power);
    power = plainAdd(power, power);
  }
  return sum;
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, mod(base)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}

/** Tonelli and Shanks: p − 1 is 2^28 times an odd number, and 5 is no square. */
function squareRoot(value: bigint): bigint | undefined {
  if (value !== 0n && power(value, (P - 1n) / 2n) !== 1n) return undefined;
  const odd = (P - 1n) >> 28n;
  let [root, rest, unit] = [power(value, (odd + 1n) / 2n), power(value, odd), power(5n, odd)];
  for (let bit = 26n; bit >= 0n; bit--) {
    if (value !== 0n && power(rest, 1n << bit) !== 1n) {
      root = mod(root * unit);
      rest = mod(rest * unit * unit);
    }
    unit = mod(unit * unit);
  }
  assert.equal(mod(root * root), value);
  return root;
}

/** The point with this y and an x of this parity, not cleared. */
function plainPoint(y: bigint, parity: bigint): Affine | undefined {
  const x = squareRoot(mod((1n - y * y) * inverse(A - D * y * y)));
  if (x === undefined) return undefined;
  return { x: x % 2n === parity ? x : P - x, y };
}

/** The algorithm of README.md, step by step. */
function plainGenerator(label: string): Affine {
  for (let counter = 0; ; counter++) {
    const message = Buffer.concat([Buffer.from(label), Buffer.from([0, counter])]);
    const wide = BigInt(`0x${createHash("sha512").update(message).digest("hex")}`);
    const point = plainPoint((wide / 2n) % P, wide % 2n);
    if (point === undefined) continue;
    const cleared = plainMultiply(point, 8n);
    if (cleared.x !== 0n || cleared.y !== 1n) return cleared;
  }
}

function plainBytes({ x, y }: Affine): Uint8Array {
  return Buffer.from([x, y].map((each) => each.toString(16).padStart(64, "0")).join(""), "hex");
}

/** The eight points of small order, identity first, as multiples of one of order 8. */
function smallOrderPoints(): Affine[] {
  for (let y = 2n; ; y++) {
    const point = plainPoint(y, 0n);
    if (point === undefined) continue;
    const torsion = plainMultiply(point, ORDER);
    if (plainMultiply(torsion, 4n).y === P - 1n) {
      return Array.from({ length: 8 }, (_, times) => plainMultiply(torsion, BigInt(times)));
    }
  }
}

const smallOrder = smallOrderPoints();

function affine(point: Point): Affine {
  const { x, y } = point.toAffine();
  return { x, y };
}

function refuses(act: () => unknown): void {
  assert.throws(act, { name: "CryptoError", code: "COMMITMENT_INVALID" });
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

const scalar = fc.bigInt({ min: 0n, max: ORDER - 1n });
const runs = { numRuns: 40 };

describe("the group, EIP-2494", () => {
  const first = {
    x: 17777552123799933955779906779655732241715742912184938656739573121738514868268n,
    y: 2626589144620713026669568689430873010625803728049924121243784502389097019475n,
  };
  const second = {
    x: 16540640123574156134436876038791482806971768689494387082833631921987005038935n,
    y: 20819045374670962167435360035096875258406992893633759881276124905556507972311n,
  };
  const full = {
    x: 995203441582195749578291179787384436505546430278305826713579947235728471134n,
    y: 5472060717959818805561601436314318772137091100104008585924551046643952123905n,
  };
  const base = {
    x: 5299619240641551281634865583518297030282874472190772894086521144482721001553n,
    y: 16950150798460657717958625567821834550301663161624707787222815936182638968203n,
  };

  test("adds the points of its vectors, and the second implementation does", () => {
    const sum = {
      x: 7916061937171219682591368294088513039687205273691143098332585753343424131937n,
      y: 14035240266687799601661095864649209771790948434046947201833777492504781204499n,
    };
    assert.deepEqual(plainAdd(first, second), sum);
    const points = [first, second].map((each) => decodePoint(plainBytes(plainMultiply(each, 8n))));
    assert.deepEqual(affine(addPoints(points)), plainMultiply(sum, 8n));
  });

  test("doubles the point of its vectors", () => {
    const double = {
      x: 6890855772600357754907169075114257697580319025794532037257385534741338397365n,
      y: 4338620300185947561074059802482547481416142213883829469920100239455078257889n,
    };
    assert.deepEqual(plainAdd(first, first), double);
    const point = decodePoint(plainBytes(plainMultiply(first, 8n)));
    assert.deepEqual(affine(multiply(point, 2n)), plainMultiply(double, 8n));
  });

  test("takes its base point, an eighth of whose order is ORDER, and refuses its generator of the whole curve", () => {
    assert.deepEqual(plainMultiply(full, 8n), base);
    assert.deepEqual(affine(decodePoint(plainBytes(base))), base);
    assert.deepEqual(plainMultiply(base, ORDER), ZERO);
    refuses(() => decodePoint(plainBytes(full)));
  });

  test("multiplies like the second implementation, and by the residue", () => {
    const point = decodePoint(plainBytes(base));
    fc.assert(
      fc.property(scalar, (each) => {
        assert.deepEqual(affine(multiply(point, each)), plainMultiply(base, each));
        assert.ok(multiply(point, each).equals(multiply(point, each + ORDER)));
        assert.ok(multiply(point, each).equals(multiply(point, each - ORDER)));
      }),
      { numRuns: 10 },
    );
    assert.ok(multiply(point, 0n).equals(IDENTITY));
    assert.ok(multiply(point, ORDER).equals(IDENTITY));
    assert.ok(multiply(IDENTITY, 5n).equals(IDENTITY));
    assert.ok(addPoints([]).equals(IDENTITY));
  });

  test("combines like the sum of products, whatever the number of terms", () => {
    const sizes = [0, 1, 2, 3, 15, 16, 40, 130];
    for (const size of sizes) {
      const random = seeded(`combine ${String(size)}`);
      const terms = Array.from({ length: size }, (_, index) => ({
        point: generator(1, index % 9),
        scalar: index % 7 === 3 ? 0n : scalarFrom(random(64)) >> BigInt((index % 5) * 50),
      }));
      const expected = addPoints(terms.map((term) => multiply(term.point, term.scalar)));
      assert.ok(combine(terms).equals(expected), String(size));
    }
  });
});

describe("encodings", () => {
  const point = generator(3, 4);

  test("a point and its 64 bytes give each other", () => {
    fc.assert(
      fc.property(scalar, (each) => {
        const sum = addPoints([point, multiply(blindingGenerator(), each)]);
        const bytes = encodePoint(sum);
        assert.deepEqual(bytes, Uint8Array.from(plainBytes(affine(sum))));
        assert.ok(decodePoint(bytes).equals(sum));
      }),
      runs,
    );
  });

  test("encoding many points gives what encoding each does, the identity among them", () => {
    const points = [point, IDENTITY, multiply(point, 77n), IDENTITY, addPoints([point, blindingGenerator()])];
    assert.deepEqual(encodePoints(points), points.map(encodePoint));
    assert.deepEqual(encodePoints([]), []);
  });

  for (const [name, decode] of [
    ["decodePoint", decodePoint],
    ["liftShare", liftShare],
  ] as const) {
    test(`${name} refuses coordinates at or above the modulus`, () => {
      const { x, y } = affine(point);
      refuses(() => decode(plainBytes({ x: x + P, y })));
      refuses(() => decode(plainBytes({ x, y: y + P })));
      refuses(() => decode(plainBytes({ x: P, y: 1n })));
      refuses(() => decode(new Uint8Array(64).fill(0xff)));
    });

    test(`${name} refuses points off the curve`, () => {
      const { x, y } = affine(point);
      refuses(() => decode(plainBytes({ x: y, y: x })));
      refuses(() => decode(plainBytes({ x, y: mod(y + 1n) })));
      refuses(() => decode(plainBytes({ x: 0n, y: 0n })));
      fc.assert(
        fc.property(fc.nat({ max: 511 }), (bit) => {
          const bytes = encodePoint(point);
          bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          refuses(() => decode(bytes));
        }),
        runs,
      );
    });

    test(`${name} refuses every point of small order, the identity first`, () => {
      assert.equal(new Set(smallOrder.map(({ x, y }) => `${String(x)}/${String(y)}`)).size, 8);
      assert.deepEqual(smallOrder[0], ZERO);
      assert.deepEqual(smallOrder[4], { x: 0n, y: P - 1n });
      for (const each of smallOrder) refuses(() => decode(plainBytes(each)));
    });

    test(`${name} refuses other lengths`, () => {
      const bytes = encodePoint(point);
      for (const length of [0, 1, 32, 63, 65, 128]) {
        const other = new Uint8Array(length);
        other.set(bytes.subarray(0, length));
        refuses(() => decode(other));
      }
    });
  }

  test("decodePoint refuses a point of the subgroup plus one of small order", () => {
    for (const torsion of smallOrder.slice(1)) {
      refuses(() => decodePoint(plainBytes(plainAdd(affine(point), torsion))));
    }
  });
});

describe("generators", () => {
  test("are what the documented algorithm gives", () => {
    assert.deepEqual(affine(blindingGenerator()), plainGenerator("pavilion/commitment/v1/blinding"));
    for (const [slot, coordinate] of [
      [0, 0],
      [0, 1],
      [0, 2],
      [0, 10],
      [1, 0],
      [1, 1],
      [10, 0],
      [65_535, 65_535],
    ] as const) {
      const label = `pavilion/commitment/v1/${String(slot)}/${String(coordinate)}`;
      assert.deepEqual(affine(generator(slot, coordinate)), plainGenerator(label), label);
    }
  });

  test("stay what they are", () => {
    const pinned = [blindingGenerator(), generator(0, 0), generator(0, 1), generator(1, 0)].map((each) =>
      Buffer.from(encodePoint(each)).toString("hex"),
    );
    assert.deepEqual(pinned, [
      "1b70201ca5f133d1b94e97af2bc668f9237543a3aa547726e9c95c610c4dd3e8081a57a527d5eb4e1d7fe7269919f99fc690e3adc827ec754803705bfbd4412b",
      "2f1def61a0c4ee645676747b6b49bb99f96e6b8c41e6c02d78749bc87cb8e6192743f4d9dca5b80c1ecaeadff825c1830da9552460826f5683622829b6e20c49",
      "0ec958cff2e7743a7af078ccbe53b57745cf059bf28630d9ac5508a4752d303a0a6007e00fdd1bd9430323a6e2678b9012296b6322d95249919088cfa712e9d6",
      "2331348852effb4415e5e0ae699dfd30b9ba26357de1aeb2387ea66991099fe221a302b6b76ccb3fdc2a7726ab24927d100550e8e38b88b48ac70870a9b1a29d",
    ]);
  });

  test("lie in the subgroup and differ, also from each other's negatives", () => {
    const points = [
      blindingGenerator(),
      ...[0, 1, 2].flatMap((slot) =>
        Array.from({ length: 12 }, (_, coordinate) => generator(slot, coordinate)),
      ),
    ];
    for (const point of points) assert.ok(decodePoint(encodePoint(point)).equals(point));
    assert.equal(new Set(points.map((point) => point.toAffine().y)).size, points.length);
  });

  test("exist for whole numbers in 0..65535 alone", () => {
    for (const bad of [-1, 0.5, 65_536, NaN, Infinity]) {
      refuses(() => generator(bad, 0));
      refuses(() => generator(0, bad));
    }
  });
});

describe("a commitment", () => {
  test("is the sum of products, as the second implementation computes it", () => {
    const random = seeded("plain");
    for (const values of [[1], [1, 0, 300], [1, 7, Number.MAX_SAFE_INTEGER, 0, 65_536]]) {
      const blinding = scalarFrom(random(64));
      const expected = values.reduce(
        (sum, value, index) => plainAdd(sum, plainMultiply(affine(generator(2, index)), BigInt(value))),
        plainMultiply(affine(blindingGenerator()), blinding),
      );
      assert.deepEqual(affine(commit(2, values, blinding)), expected);
    }
  });
});

describe("shares", () => {
  const random = seeded("shares");
  const records = Array.from({ length: 5 }, (_, index) => ({
    coordinates: [1, index, 1000 * index],
    blinding: scalarFrom(random(64)),
  }));
  const commitments = records.map(({ coordinates: values, blinding }) => commit(1, values, blinding));

  test("eight times a share is the commitment", () => {
    for (const commitment of commitments) {
      const share = shareOf(commitment);
      assert.ok(multiply(decodePoint(share), 8n).equals(commitment));
      assert.ok(liftShare(share).equals(commitment));
    }
  });

  test("many records at once get the same commitments and shares as one by one", () => {
    const many = commitRecords(1, records);
    assert.deepEqual(
      many.map(({ share }) => share),
      commitments.map(shareOf),
    );
    assert.deepEqual(sharesOf(commitments), commitments.map(shareOf));
    for (const [index, { commitment }] of many.entries()) {
      assert.ok(commitment.equals(item(commitments, index)));
    }
    assert.deepEqual(commitRecords(1, []), []);
  });

  test("a share plus a point of small order is other bytes for the same commitment", () => {
    const commitment = item(commitments, 0);
    const share = shareOf(commitment);
    for (const torsion of smallOrder.slice(1)) {
      const shifted = plainBytes(plainAdd(affine(decodePoint(share)), torsion));
      assert.notDeepEqual(Uint8Array.from(shifted), Uint8Array.from(share));
      const lifted = liftShare(shifted);
      assert.ok(lifted.equals(commitment));
      assert.deepEqual(encodePoint(lifted), encodePoint(commitment));
    }
  });

  test("whatever is lifted lies in the subgroup", () => {
    let lifted = 0;
    for (let y = 2n; y < 40n; y++) {
      const point = plainPoint(y, 1n);
      if (point === undefined) continue;
      const commitment = liftShare(plainBytes(point));
      assert.ok(decodePoint(encodePoint(commitment)).equals(commitment));
      lifted++;
    }
    assert.ok(lifted > 10);
  });
});
