/**
 * What ingest has said about the batches of one push: the pure part of delivering it. A notice is taken for a batch by the
 * digest of the document that it is about, never by its number: two pushes at once have batches of the same numbers.
 */
import type { Notice } from "../../schemas/avro/index.ts";

/** Why a batch was not taken. */
export interface Rejection {
  readonly code: string;
  readonly message: string;
  /** Indices within the batch, from 0. */
  readonly rows: readonly number[];
}

export class Settlement {
  readonly #push: string;
  readonly #accepted = new Set<string>();
  readonly #rejected = new Map<string, Rejection>();

  /** `push` is the push's id: only what is said of its batches is kept. */
  constructor(push: string) {
    this.#push = push;
  }

  /** By the batch's head, which is its document's digest. */
  isAccepted(head: string): boolean {
    return this.#accepted.has(head);
  }

  isSettled(head: string): boolean {
    return this.#accepted.has(head) || this.#rejected.has(head);
  }

  /** A batch that was sent again after it had been accepted is not rejected. */
  rejectionOf(head: string): Rejection | undefined {
    return this.#accepted.has(head) ? undefined : this.#rejected.get(head);
  }

  take({ kind, push, document, code, message, rows }: Notice): void {
    // Of a document that ingest cannot read it cannot say the push.
    if (push !== this.#push && push !== "") return;
    if (kind === "accepted") this.#accepted.add(document);
    if (kind !== "rejected" || this.#rejected.has(document)) return;
    this.#rejected.set(document, { code: code ?? "", message: message ?? "", rows });
  }
}
