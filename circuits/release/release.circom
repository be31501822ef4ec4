/*
 * The release circuit: one group's statistics, released with noise, against a Pedersen commitment to the exact ones.
 *
 * Statement. For the public inputs, in this order,
 *
 *   digest[2]            two 128-bit limbs, high then low, of the digest that the proof is bound to
 *   seedCommitment       Poseidon(seed)
 *   group, part          which group of the answer, and which part of its statistics
 *   statistic[3]         the place of each slot's statistic in the plan
 *   pointX, pointY       D, a point of Baby Jubjub
 *   baseX[3], baseY[3]   B0, B1, B2, the generators of the slots; the identity (0, 1) where a slot is not used
 *   released[3]          what is published; a negative number x is written p - |x|
 *   bound[3]             the most that released and exact may differ by; the verifier checks that it is below 2^53
 *
 * the prover knows exact[3], blinding and seed, all secret, such that
 *
 *   1. Poseidon(seed) = seedCommitment;
 *   2. exact[0] < 2^32, exact[1] < 2^53, exact[2] < 2^53, blinding < 2^251;
 *   3. exact[0]·B0 + exact[1]·B1 + exact[2]·B2 + blinding·H = D on the curve, H the generator of blindings;
 *   4. |released[i] - exact[i]| <= bound[i] for each i, as integers;
 *   5. B0, B1 and B2 satisfy the curve's equation.
 *
 * Left to the verifier: that the bases are the generators that the plan names, which lie in the subgroup of prime order,
 * that D does, and that each bound is below 2^53.
 *
 * Why nothing is under-constrained. Bits are boolean and sum to a number below p, so they are unique. The twisted
 * Edwards law is complete on this curve (a = 168700 is a square, d = 168696 is none), so for points on the curve no
 * denominator is zero and each quotient is the only solution of its constraint: all points, the identity and equal
 * points included, take the same path. Sums of points on the curve stay on it.
 *
 * Why 4 holds as integers. Let low = released - exact + bound and high = bound - (released - exact), both below 2^55 by
 * their bits. Then low + high = 2·bound modulo p, and neither side reaches p, so 0 <= low <= 2·bound.
 *
 * Curve: EIP-2494. Joint multiplication: Straus (1964). Addition: Bernstein, Birkner, Joye, Lange, Peters, "Twisted
 * Edwards Curves" (AFRICACRYPT 2008), section 6.
 */
pragma circom 2.2.0;

include "circomlib/circuits/bitify.circom";
include "circomlib/circuits/poseidon.circom";

/* H, the blinding generator of crypto/commitment, in affine coordinates. A test compares the two. */
function BLINDING_GENERATOR() {
    return [
        12410555411240728554440966650143661419704117928404070206077709327714841646056,
        3665045716868920571989581284287065284032044655243574909709117575747362636075
    ];
}

function A() { return 168700; }
function D() { return 168696; }

/* The sum of two constant points, when the circuit is compiled. */
function sumOf(p, q) {
    var t = D() * p[0] * q[0] * p[1] * q[1];
    return [
        (p[0] * q[1] + p[1] * q[0]) / (1 + t),
        (p[1] * q[1] - A() * p[0] * q[0]) / (1 - t)
    ];
}

template OnCurve() {
    signal input in[2];
    signal xx <== in[0] * in[0];
    signal yy <== in[1] * in[1];
    A() * xx + yy - 1 === D() * xx * yy;
}

/* out = p + q, complete. */
template Add() {
    signal input p[2];
    signal input q[2];
    signal output out[2];

    signal xy <== p[0] * q[1];
    signal yx <== p[1] * q[0];
    // (y1 - a·x1)(x2 + y2) = y1·y2 - a·x1·x2 + y1·x2 - a·x1·y2
    signal cross <== (p[1] - A() * p[0]) * (q[0] + q[1]);
    signal t <== xy * yx;

    out[0] <-- (xy + yx) / (1 + D() * t);
    out[0] * (1 + D() * t) === xy + yx;
    out[1] <-- (cross + A() * xy - yx) / (1 - D() * t);
    out[1] * (1 - D() * t) === cross + A() * xy - yx;
}

/* out = 2·p, complete: by the curve's equation 1 + d·x²y² = a·x² + y². */
template Double() {
    signal input p[2];
    signal output out[2];

    signal xx <== p[0] * p[0];
    signal yy <== p[1] * p[1];
    signal xy <== p[0] * p[1];

    out[0] <-- 2 * xy / (A() * xx + yy);
    out[0] * (A() * xx + yy) === 2 * xy;
    out[1] <-- (yy - A() * xx) / (2 - A() * xx - yy);
    out[1] * (2 - A() * xx - yy) === yy - A() * xx;
}

/* The entry of a table of four points that two bits name, the first bit the lowest. */
template SelectOf4() {
    signal input bit[2];
    signal input table[4][2];
    signal output out[2];

    signal low[2];
    signal high[2];
    for (var c = 0; c < 2; c++) {
        low[c] <== table[0][c] + bit[0] * (table[1][c] - table[0][c]);
        high[c] <== table[2][c] + bit[0] * (table[3][c] - table[2][c]);
        out[c] <== low[c] + bit[1] * (high[c] - low[c]);
    }
}

/* The same of eight points, by three bits. */
template SelectOf8() {
    signal input bit[3];
    signal input table[8][2];
    signal output out[2];

    component half[2];
    for (var h = 0; h < 2; h++) {
        half[h] = SelectOf4();
        half[h].bit <== [bit[0], bit[1]];
        for (var i = 0; i < 4; i++) half[h].table[i] <== table[4 * h + i];
    }
    for (var c = 0; c < 2; c++) out[c] <== half[0].out[c] + bit[2] * (half[1].out[c] - half[0].out[c]);
}

/* The sums of the subsets of three points: entry i holds those whose bit is set in i. */
template SubsetSums() {
    signal input base[3][2];
    signal output table[8][2];

    table[0] <== [0, 1];
    table[1] <== base[0];
    table[2] <== base[1];
    table[3] <== Add()(base[0], base[1]);
    table[4] <== base[2];
    table[5] <== Add()(base[0], base[2]);
    table[6] <== Add()(base[1], base[2]);
    table[7] <== Add()(table[3], base[2]);
}

/*
 * out = e0·B0 + e1·B1 + e2·B2 with the bits of the scalars, lowest first; e0 has `short` bits, the others `long`.
 * The doublings are shared. Above `short` bits the table has the sums of B1 and B2 alone.
 */
template JointMultiply(short, long) {
    signal input bit0[short];
    signal input bit1[long];
    signal input bit2[long];
    signal input base[3][2];
    signal output out[2];

    signal table[8][2] <== SubsetSums()(base);
    signal term[long][2];
    signal doubled[long][2];
    signal sum[long][2];

    for (var i = long - 1; i >= 0; i--) {
        if (i < short) {
            term[i] <== SelectOf8()([bit0[i], bit1[i], bit2[i]], table);
        } else {
            term[i] <== SelectOf4()([bit1[i], bit2[i]], [table[0], table[2], table[4], table[6]]);
        }
        if (i == long - 1) {
            doubled[i] <== [0, 1];
            sum[i] <== term[i];
        } else {
            doubled[i] <== Double()(sum[i + 1]);
            sum[i] <== Add()(doubled[i], term[i]);
        }
    }
    out <== sum[0];
}

/* The multiple 0 .. 7 of a constant point that three bits name, the first bit the lowest. */
template ConstantWindow(x, y) {
    signal input bit[3];
    signal output out[2];

    var multiple[8][2];
    multiple[0] = [0, 1];
    for (var i = 1; i < 8; i++) multiple[i] = sumOf(multiple[i - 1], [x, y]);

    signal both <== bit[0] * bit[1];
    var fixed[2];
    var step[2];
    for (var c = 0; c < 2; c++) {
        fixed[c] = multiple[0][c] + bit[0] * (multiple[1][c] - multiple[0][c]) + bit[1] * (multiple[2][c] - multiple[0][c])
            + both * (multiple[3][c] - multiple[2][c] - multiple[1][c] + multiple[0][c]);
        step[c] = multiple[4][c] + bit[0] * (multiple[5][c] - multiple[4][c]) + bit[1] * (multiple[6][c] - multiple[4][c])
            + both * (multiple[7][c] - multiple[6][c] - multiple[5][c] + multiple[4][c]) - fixed[c];
        out[c] <== fixed[c] + bit[2] * step[c];
    }
}

/* out = the scalar of n bits, lowest first, times a constant point: windows of three bits, joined by complete additions. */
template FixedMultiply(n, point) {
    signal input bit[n];
    signal output out[2];

    var windows = (n + 2) \ 3;
    var power[2] = point;
    component window[windows];
    signal term[windows][2];
    signal sum[windows][2];

    for (var w = 0; w < windows; w++) {
        window[w] = ConstantWindow(power[0], power[1]);
        for (var i = 0; i < 3; i++) {
            if (3 * w + i < n) {
                window[w].bit[i] <== bit[3 * w + i];
            } else {
                window[w].bit[i] <== 0;
            }
        }
        term[w] <== window[w].out;
        if (w == 0) {
            sum[w] <== term[w];
        } else {
            sum[w] <== Add()(sum[w - 1], term[w]);
        }
        for (var i = 0; i < 3; i++) power = sumOf(power, power);
    }
    out <== sum[windows - 1];
}

/* |released - exact| <= bound, for a bound below 2^53. */
template Within() {
    signal input released;
    signal input exact;
    signal input bound;

    _ <== Num2Bits(55)(released - exact + bound);
    _ <== Num2Bits(55)(bound - released + exact);
}

template Release() {
    signal input digest[2];
    signal input seedCommitment;
    signal input group;
    signal input part;
    signal input statistic[3];
    signal input pointX;
    signal input pointY;
    signal input baseX[3];
    signal input baseY[3];
    signal input released[3];
    signal input bound[3];

    signal input exact[3];
    signal input blinding;
    signal input seed;

    // 1. The seed is the committed one.
    signal committed <== Poseidon(1)([seed]);
    seedCommitment === committed;

    // 2. Ranges.
    signal count[32] <== Num2Bits(32)(exact[0]);
    signal first[53] <== Num2Bits(53)(exact[1]);
    signal second[53] <== Num2Bits(53)(exact[2]);
    signal scalar[251] <== Num2Bits(251)(blinding);

    // 5. The bases lie on the curve.
    signal base[3][2];
    for (var i = 0; i < 3; i++) {
        base[i] <== [baseX[i], baseY[i]];
        OnCurve()(base[i]);
    }

    // 3. The opening.
    signal values[2] <== JointMultiply(32, 53)(count, first, second, base);
    signal blind[2] <== FixedMultiply(251, BLINDING_GENERATOR())(scalar);
    signal opened[2] <== Add()(values, blind);
    pointX === opened[0];
    pointY === opened[1];

    // 4. What is released.
    for (var i = 0; i < 3; i++) Within()(released[i], exact[i], bound[i]);

    // What no other constraint holds is bound to the proof all the same.
    signal held[7];
    held[0] <== digest[0] * digest[0];
    held[1] <== digest[1] * digest[1];
    held[2] <== group * group;
    held[3] <== part * part;
    for (var i = 0; i < 3; i++) held[4 + i] <== statistic[i] * statistic[i];
}

component main {
    public [
        digest, seedCommitment, group, part, statistic, pointX, pointY, baseX, baseY, released, bound
    ]
} = Release();
