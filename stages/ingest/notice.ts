/**
 * What is said of a batch: to its provider, and to auditors.
 */
import { digestOf } from "../../crypto/jws/canonical.ts";
import { textDigest } from "../../domain/records/batch.ts";
import { explain, output, type Audit, type Output } from "../../runtime/contract/stage.ts";
import type { RecordBatch } from "../../schemas/avro/index.ts";
import type { RecordBatchHeader } from "../../schemas/json/record-batch.ts";
import type { RejectedBatch } from "./rejected-batch.ts";

/** The one place where rows are named: to the provider whose rows they are. */
export function notice(
  provider: string,
  batch: RecordBatch,
  header: RecordBatchHeader | undefined,
  why?: RejectedBatch,
): Output {
  const value = {
    provider,
    collaboration: header?.collaboration ?? "",
    dataset: header?.dataset ?? "",
    batch: header?.sequence ?? 0,
    kind: why === undefined ? "accepted" : "rejected",
    code: why?.code ?? null,
    message: why === undefined ? null : explain(why.code, why.message),
    rows: [...(why?.rows ?? [])],
    push: header?.push ?? "",
    document: textDigest(batch.header),
  };
  return output("provider.notices.<provider>", "Notice", value, { key: value.dataset, owner: provider });
}

/** Which batch, by its header alone. */
export function audited(provider: string, header: RecordBatchHeader | undefined): Audit {
  const details =
    header === undefined
      ? {}
      : { dataset: header.dataset, sequence: String(header.sequence), head: digestOf(header) };
  return { tenant: provider, action: "batch.accepted", details };
}
