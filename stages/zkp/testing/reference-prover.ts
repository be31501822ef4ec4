/**
 * The release circuit's statement in the clear, a second time and without a circuit: for tests of what proves, where a
 * proof would take half a second. It makes no proof; its answer is a mark of the signals.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  addPoints,
  blindingGenerator,
  decodePoint,
  multiply,
  represent,
} from "../../../crypto/commitment/commitment.ts";
import { releaseSignals } from "../../../crypto/groth16/release-statement.ts";
import { seedCommitmentOf } from "../../../crypto/groth16/seed.ts";
import type { Prove, Represent } from "../proof.ts";

/** What the prover's thread does, in this one. */
export const representHere: Represent = (input) => Promise.resolve(input).then(represent);

/** Throws for an opening that the circuit would refuse. */
export const checkOpening: Prove = ({ statement, opening }) => {
  const { point, bases, released, bounds, seedCommitment } = statement;
  const signals = releaseSignals(statement);
  const parts = bases.map(({ x, y }, index) =>
    multiply(decodePoint(pointBytes(x, y)), opening.exact[index] ?? 0n),
  );
  const opened = addPoints([...parts, multiply(blindingGenerator(), opening.blinding)]).toAffine();
  assert.deepEqual([opened.x, opened.y], [point.x, point.y]);
  for (const [index, exact] of opening.exact.entries()) {
    const noise = (released[index] ?? 0n) - exact;
    const bound = bounds[index] ?? -1n;
    assert.ok(-bound <= noise && noise <= bound);
  }
  assert.equal(seedCommitmentOf(opening.seed), seedCommitment);
  const mark = BigInt(`0x${createHash("sha256").update(signals.join()).digest("hex")}`).toString();
  return Promise.resolve({
    a: [mark, "1"],
    b: [
      ["1", "2"],
      ["3", "4"],
    ],
    c: ["5", "6"],
  });
};

const pointBytes = (x: bigint, y: bigint): Uint8Array =>
  Buffer.from([x, y].map((value) => value.toString(16).padStart(64, "0")).join(""), "hex");
