/**
 * What an agent remembers between runs, beside its own data: the heads of what it has pushed, the push under way, the
 * epoch keys it has seen, and as a sender its meter. No identifier, value or token lies here in the clear.
 */
import { open, readFile, unlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { PavilionError } from "../../runtime/errors.ts";
import type { RecordBatch } from "../../schemas/avro/index.ts";
import { replaceFile } from "../keystore/atomic-file.ts";
import type { MeterState } from "./meter.ts";
import type { RowSummary } from "./rows.ts";
import type { Head } from "./sealing.ts";

/** A dataset in an epoch of a collaboration. */
export interface DatasetPlace {
  readonly collaboration: string;
  readonly epoch: number;
  readonly dataset: string;
}

/** A push whose batches are sealed and signed, so that it can be sent again byte for byte. */
export interface PendingPush {
  readonly push: string;
  /** The collaboration's version that its batches are for. */
  readonly version: number;
  /** SHA-256 of the file, hex: the same file is not pushed twice by one that is run again. */
  readonly fileDigest: string;
  readonly regionKey: string;
  /** Offset in the notices topic at which its first notice can stand. */
  readonly noticesFrom: string;
  readonly report: string;
  readonly summary: RowSummary;
}

export interface PendingBatch {
  readonly head: Head;
  readonly batch: RecordBatch;
  /** Row numbers of the file, in the order of the sealed records. */
  readonly rows: readonly number[];
}

export class StateFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  readHead(place: DatasetPlace): Promise<Head | undefined> {
    return this.#read<Head>(this.#datasetFile(place, "head.json"));
  }

  writeHead(place: DatasetPlace, head: Head): Promise<void> {
    return replaceFile(this.#datasetFile(place, "head.json"), [JSON.stringify(head)]);
  }

  /** The epoch's public key as it was first seen, hex. */
  readEpochKey({ collaboration, epoch }: DatasetPlace): Promise<string | undefined> {
    return this.#read<string>(this.#epochKeyFile(collaboration, epoch));
  }

  writeEpochKey({ collaboration, epoch }: DatasetPlace, publicKey: string): Promise<void> {
    return replaceFile(this.#epochKeyFile(collaboration, epoch), [JSON.stringify(publicKey)]);
  }

  async readMeter(): Promise<MeterState> {
    return (await this.#read<MeterState>(join(this.path, "meter.json"))) ?? {};
  }

  writeMeter(meter: MeterState): Promise<void> {
    return replaceFile(join(this.path, "meter.json"), [JSON.stringify(meter)]);
  }

  async writePending(
    place: DatasetPlace,
    pending: PendingPush,
    batches: AsyncIterable<PendingBatch>,
  ): Promise<void> {
    await replaceFile(this.#datasetFile(place, "pending.jsonl"), linesOf(pending, batches));
  }

  async readPending(place: DatasetPlace): Promise<PendingPush | undefined> {
    for await (const line of this.#pendingLines(place)) return JSON.parse(line) as PendingPush;
    return undefined;
  }

  async *readPendingBatches(place: DatasetPlace): AsyncGenerator<PendingBatch> {
    let first = true;
    for await (const line of this.#pendingLines(place)) {
      if (!first) yield parseBatch(line);
      first = false;
    }
  }

  async removePending(place: DatasetPlace): Promise<void> {
    await unlink(this.#datasetFile(place, "pending.jsonl"));
  }

  async *#pendingLines(place: DatasetPlace): AsyncGenerator<string> {
    let handle: FileHandle;
    try {
      handle = await open(this.#datasetFile(place, "pending.jsonl"));
    } catch (error) {
      if (isAbsent(error)) return;
      throw error;
    }
    try {
      yield* handle.readLines({ autoClose: false });
    } finally {
      await handle.close();
    }
  }

  async #read<T>(file: string): Promise<T | undefined> {
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new PavilionError(
        "CONFIG_INVALID",
        `State file ${file} is no JSON.`,
        "Restore it from a backup.",
      );
    }
  }

  // Ids are letters, digits and dashes, so a dot keeps them apart.
  #datasetFile({ collaboration, epoch, dataset }: DatasetPlace, kind: string): string {
    return join(this.path, "datasets", `${collaboration}.${String(epoch)}.${dataset}.${kind}`);
  }

  #epochKeyFile(collaboration: string, epoch: number): string {
    return join(this.path, "epoch-keys", `${collaboration}.${String(epoch)}.json`);
  }
}

async function* linesOf(pending: PendingPush, batches: AsyncIterable<PendingBatch>): AsyncGenerator<string> {
  yield `${JSON.stringify(pending)}\n`;
  for await (const { head, batch, rows } of batches) {
    const { header, signature, enc, records, commitments } = batch;
    const line = {
      head,
      rows,
      header,
      signature,
      enc: enc.toString("base64"),
      records: records.map((record) => record.toString("base64")),
      commitments: commitments.toString("base64"),
    };
    yield `${JSON.stringify(line)}\n`;
  }
}

function parseBatch(line: string): PendingBatch {
  const { head, rows, header, signature, enc, records, commitments } = JSON.parse(line) as {
    head: Head;
    rows: number[];
    header: string;
    signature: string;
    enc: string;
    records: string[];
    commitments: string;
  };
  const bytes = (text: string): Buffer => Buffer.from(text, "base64");
  const payload = { enc: bytes(enc), records: records.map(bytes), commitments: bytes(commitments) };
  return { head, rows, batch: { header, signature, ...payload } };
}

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";
