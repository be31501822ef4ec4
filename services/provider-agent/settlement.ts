/**
 * What ingest has said about the batches of one push: the pure part of delivering it. Notices of a dataset come in the
 * order in which its batches were judged.
 */
import type { Notice } from "../../schemas/avro/index.ts";
import type { DatasetPlace } from "./state-folder.ts";

/** The first rejection, which is the cause of those after it. `sequence` is 0 where ingest could not read which batch. */
export interface Rejection {
  readonly sequence: number;
  readonly code: string;
  readonly message: string;
  /** Indices within the batch, from 0. */
  readonly rows: readonly number[];
}

export class Settlement {
  readonly #place: DatasetPlace;
  readonly #accepted = new Set<number>();
  readonly #rejected = new Set<number>();
  #rejection: Rejection | undefined;

  constructor(place: DatasetPlace) {
    this.#place = place;
  }

  get rejection(): Rejection | undefined {
    return this.#rejection;
  }

  isAccepted(sequence: number): boolean {
    return this.#accepted.has(sequence);
  }

  isSettled(sequence: number): boolean {
    return this.#accepted.has(sequence) || this.#rejected.has(sequence);
  }

  take({ kind, collaboration, dataset, batch, code, message, rows }: Notice): void {
    const ours = collaboration === this.#place.collaboration && dataset === this.#place.dataset;
    // A batch that ingest cannot read has no place; only this provider writes to its topic, so it is this push's.
    const unplaced = dataset === "" && kind === "rejected";
    if (!ours && !unplaced) return;
    if (kind === "accepted") this.#accepted.add(batch);
    if (kind !== "rejected") return;
    // A batch that was sent again after it had been accepted, because its notice had not been seen.
    if (this.#accepted.has(batch)) return;
    this.#rejected.add(batch);
    this.#rejection ??= { sequence: batch, code: code ?? "", message: message ?? "", rows };
  }
}
