/**
 * What is said of a message between agents: to its provider where it is not relayed, and to auditors.
 */
import { digestOf } from "../../crypto/jws/canonical.ts";
import { textDigest } from "../../domain/records/batch.ts";
import type { MessageDocument, MessageKind } from "../../domain/terms/membership.ts";
import type { PavilionError } from "../../errors/errors.ts";
import { explain, output, type Audit, type Output } from "../../runtime/contract/stage.ts";

/** `text` is the document as it came; `dataset` is the provider's in the collaboration; empty where it has none. */
export function notice(
  provider: string,
  text: string,
  document: MessageDocument | undefined,
  dataset: string,
  why: PavilionError,
): Output {
  const value = {
    provider,
    collaboration: document?.collaboration ?? "",
    dataset,
    batch: document !== undefined && "sequence" in document ? document.sequence : 0,
    kind: "relay-rejected",
    code: why.code,
    message: explain(why.code, why.message),
    rows: [],
    push: document !== undefined && "push" in document ? document.push : "",
    document: textDigest(text),
  };
  return output("provider.notices.<provider>", "Notice", value, { key: dataset, owner: provider });
}

/** Which message, by its signed document alone. */
export function audited(
  provider: string,
  kind: MessageKind,
  document: MessageDocument | undefined,
  why?: PavilionError,
): Audit {
  const named =
    document === undefined ? {} : { collaboration: document.collaboration, document: digestOf(document) };
  return {
    tenant: provider,
    action: why === undefined ? "relay.forwarded" : "relay.rejected",
    ...(why === undefined ? {} : { code: why.code }),
    details: { kind, ...named },
  };
}
