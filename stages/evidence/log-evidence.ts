/**
 * What a receipt of the log says of an answer: where its match, its spend and its seed stand. Receipts of other requests
 * than these come by the same topic.
 */
import type { LogReceipt } from "../../domain/log/receipt.ts";
import type { LogEvidence } from "../../schemas/json/evidence-bundle.ts";

/**
 * The bundle's member `log`, as JSON; undefined where the receipt does not have all three leaves. Earlier versions sent the
 * member itself.
 */
export function logEvidenceIn(text: string): string | undefined {
  const receipt = JSON.parse(text) as LogReceipt | LogEvidence;
  if (!("leaves" in receipt)) return text;
  const { checkpoint, seed, chain } = receipt;
  const [match, spend] = [placed("match", receipt), placed("spend", receipt)];
  if (match === undefined || spend === undefined || seed === null) return undefined;
  const log: LogEvidence = { checkpoint, match, spend, seed, chain };
  return JSON.stringify(log);
}

/** Whether the receipt is about a charge at all. */
export const isOfCharge = (text: string): boolean =>
  placed("spend", JSON.parse(text) as LogReceipt) !== undefined;

function placed(kind: string, { leaves }: LogReceipt): LogEvidence["match"] | undefined {
  const found = leaves.findLast((leaf) => leaf.kind === kind);
  return found && { leaf: found.leaf, index: found.index, proof: found.proof };
}
