/**
 * An audit of a whole log, offline: every leaf there is, from the trust file's log key alone.
 *
 * Promises: leaves that are missing, out of order, changed or not under a checkpoint that the log's key signed show, and
 * so does a spend that is left out, charged twice, or not added up. Does not: say that an operator has shown every
 * leaf that it has logged after the newest checkpoint, nor that a checkpoint is anchored; bundles do, one by one.
 */
import { verifyCheckpoint } from "../../crypto/checkpoint/checkpoint.ts";
import { CryptoError } from "../../crypto/errors.ts";
import { addFractions, formatFraction, parseFraction } from "../../crypto/fraction/fraction.ts";
import { leafHash, rootOfLeaves } from "../../crypto/merkle/merkle.ts";
import { parseDocument } from "../../documents/validate.ts";
import { PavilionError } from "../../runtime/errors.ts";
import type { AnchoredLeaf } from "../../schemas/avro/index.ts";
import type { EvidenceBundleDocument } from "../../schemas/json/evidence-bundle.ts";
import type { TrustedRegion } from "../../schemas/json/trust.ts";
import { rawKey } from "./trust.ts";

export interface LogAudit {
  readonly leaves: number;
  /** By kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** What each population has spent, an exact fraction, and in how many spends. */
  readonly spent: Readonly<Record<string, { readonly spends: number; readonly epsilon: string }>>;
  /** What does not hold, in words; none where all does. */
  readonly faults: readonly string[];
}

/**
 * `leaves` as they stand on `proofs.anchored`, in the log's order; `checkpoints` are others that are known, from bundles
 * for example: a log that was cut short shows by them.
 */
export function auditLog(
  leaves: readonly AnchoredLeaf[],
  region: TrustedRegion,
  checkpoints: readonly string[] = [],
): LogAudit {
  const faults: string[] = [];
  const kinds: Record<string, number> = {};
  for (const [place, { index, kind }] of leaves.entries()) {
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    if (index !== place && faults.length === 0) {
      faults.push(`leaf ${String(place)} is missing: leaf ${String(index)} stands in its place`);
    }
  }
  const hashes = leaves.map(({ text }) => leafHash(Buffer.from(text, "utf8")));
  const known = [...leaves.map(({ checkpoint }) => checkpoint), ...checkpoints];
  faults.push(...checkpointFaults(known, hashes, region));
  const { spent, faults: unspent } = spendsIn(leaves, hashes);
  return { leaves: leaves.length, kinds, spent, faults: [...faults, ...unspent] };
}

/** The checkpoints that bundles carry, given as they were published. Throws SyntaxError for one that is no JSON. */
export const checkpointsIn = (bundles: readonly { readonly text: string }[]): string[] =>
  bundles.map(({ text }) => (JSON.parse(text) as EvidenceBundleDocument).log.checkpoint);

/** Each checkpoint once: the log's key signed it, and it is over exactly these leaves. */
function checkpointFaults(
  checkpoints: readonly string[],
  hashes: readonly string[],
  region: TrustedRegion,
): string[] {
  const expected = { origin: region.origin, publicKey: rawKey(region.logKey) };
  const faults: string[] = [];
  let covered = 0;
  for (const checkpoint of new Set(checkpoints)) {
    try {
      const { size, root } = verifyCheckpoint(checkpoint, expected);
      covered = Math.max(covered, size);
      if (size > hashes.length)
        faults.push(`a checkpoint is over ${String(size)} leaves; ${String(hashes.length)} are here`);
      else if (rootOfLeaves(hashes.slice(0, size)) !== root)
        faults.push(`the checkpoint of ${String(size)} leaves is over other leaves`);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      faults.push("a checkpoint is not signed by the log's key");
    }
  }
  if (covered < hashes.length) faults.push("the last leaves stand under no checkpoint");
  return faults;
}

/** Each population's spends are numbered without a gap, name the one before, and add up. */
function spendsIn(leaves: readonly AnchoredLeaf[], hashes: readonly string[]) {
  const faults: string[] = [];
  const spent: Record<string, { spends: number; epsilon: string; last: string | null }> = {};
  const matches = new Set<string>();
  for (const [place, { kind, text }] of leaves.entries()) {
    const hash = hashes[place] ?? "";
    if (kind === "match") matches.add(hash);
    if (kind !== "spend") continue;
    const fail = (what: string): void => {
      faults.push(`the spend in leaf ${String(place)} ${what}`);
    };
    try {
      const { population, sequence, previous, epsilon, total, match } = parseDocument("spend-leaf", text);
      const before = spent[population] ?? { spends: 0, epsilon: "0", last: null };
      const added = formatFraction(addFractions(parseFraction(before.epsilon), parseFraction(epsilon)));
      if (sequence !== before.spends + 1)
        fail(`is number ${String(sequence)} after ${String(before.spends)}`);
      if (previous !== before.last) fail("does not name the one before it");
      if (total !== added) fail("does not add up");
      if (!matches.has(match)) fail("pays for a match that was not logged before it");
      spent[population] = { spends: before.spends + 1, epsilon: added, last: hash };
    } catch (error) {
      if (!(error instanceof PavilionError || error instanceof CryptoError)) throw error;
      fail("cannot be read");
    }
  }
  const told = Object.entries(spent).map(
    ([population, { spends, epsilon }]) => [population, { spends, epsilon }] as const,
  );
  return { spent: Object.fromEntries(told), faults };
}
