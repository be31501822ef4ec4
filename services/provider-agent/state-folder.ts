/**
 * What an agent remembers between runs, beside its own data: the heads of what it has pushed, the push under way, the
 * epoch keys it has seen, and as a sender its meter. No identifier, value or token lies here in the clear.
 *
 * Has one owner for each thing at a time: pushes to a collaboration by `ownPushes`. What the folder says of a dataset's
 * head is a memory; the region's word under the provider's own signature (live-head.ts) goes before it.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { open, readdir, readFile, rename, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { PavilionError } from "../../errors/errors.ts";
import type { RecordBatch } from "../../schemas/avro/index.ts";
import { isAbsent, removeFile, removeLeftOvers, replaceFile } from "../keystore/atomic-file.ts";
import { takeOwnership, type Patience } from "../keystore/owner-lock.ts";
import { PUSHES_REMEMBERED, type Meter } from "./meter.ts";
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
  /** The file's name, and when its push was begun: for people. */
  readonly file: string;
  readonly begun: string;
  /** The collaboration's version that its batches are for. */
  readonly version: number;
  /** SHA-256 of the file, hex: the same file is not pushed twice by one that is run again. */
  readonly fileDigest: string;
  readonly regionKey: string;
  /** Offset in the notices topic at which its first notice can stand. */
  readonly noticesFrom: string;
  readonly report: string;
  readonly summary: RowSummary;
  /** Records of the push that were live before these batches were sealed. */
  readonly live: number;
}

/** What a push that an earlier version sealed does not say of itself. */
const unnamed = { file: "a file that an earlier version did not name", begun: "before", live: 0 } as const;

/** What is told of a push that was accepted to its end. */
export interface Receipt {
  readonly push: string;
  readonly file: string;
  readonly fileDigest: string;
  readonly pushed: number;
  readonly head: Head | undefined;
  readonly at: string;
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

  /** The last push that was accepted to its end. */
  readReceipt(place: DatasetPlace): Promise<Receipt | undefined> {
    return this.#read<Receipt>(this.#datasetFile(place, "receipt.json"));
  }

  writeReceipt(place: DatasetPlace, receipt: Receipt): Promise<void> {
    return replaceFile(this.#datasetFile(place, "receipt.json"), [JSON.stringify(receipt)]);
  }

  /** The epoch's public key as it was first seen, hex. */
  readEpochKey({ collaboration, epoch }: DatasetPlace): Promise<string | undefined> {
    return this.#read<string>(this.#epochKeyFile(collaboration, epoch));
  }

  writeEpochKey({ collaboration, epoch }: DatasetPlace, publicKey: string): Promise<void> {
    return replaceFile(this.#epochKeyFile(collaboration, epoch), [JSON.stringify(publicKey)]);
  }

  /** Of which collaborations this agent has seen a record of the meter. */
  async meteredCollaborations(): Promise<string[]> {
    return (await namesIn(join(this.path, "meters"))).flatMap((name) => {
      const [id, ending, ...more] = name.split(".");
      return id !== undefined && ending === "json" && more.length === 0 ? [id] : [];
    });
  }

  /** The newest record of the meter that this agent has seen, as it was sealed. */
  async readMeterRecord(collaboration: string): Promise<Buffer | undefined> {
    const sealed = await this.#read<string>(this.#meterFile(collaboration));
    return sealed === undefined ? undefined : Buffer.from(sealed, "base64");
  }

  writeMeterRecord(collaboration: string, sealed: Buffer): Promise<void> {
    return replaceFile(this.#meterFile(collaboration), [JSON.stringify(sealed.toString("base64"))]);
  }

  /** The meter as an earlier version kept it: in one file, by names. */
  async readOldMeter(): Promise<{ digest: string; meters: Map<string, Meter> } | undefined> {
    const file = join(this.path, "meter.json");
    const old = await this.#read<OldMeter>(file);
    if (old === undefined) return undefined;
    const digest = createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
    return { digest, meters: new Map(Object.entries(old).map(([id, meter]) => [id, meterOf(meter)])) };
  }

  removeOldMeter(): Promise<void> {
    return removeFile(join(this.path, "meter.json"));
  }

  /** The one owner of what this folder answers from. Throws AGENT_BUSY. */
  async ownAnswers(patience: Patience): Promise<Disposable> {
    const owned = await takeOwnership(
      join(this.path, "locks", "serve.lock"),
      "this provider's answers",
      patience,
    );
    await removeLeftOvers(join(this.path, "meters", ""));
    return owned;
  }

  async writePending(
    place: DatasetPlace,
    pending: PendingPush,
    batches: AsyncIterable<PendingBatch>,
  ): Promise<void> {
    await replaceFile(this.#datasetFile(place, "unsent"), []);
    await replaceFile(this.#datasetFile(place, "pending.jsonl"), linesOf(pending, batches));
  }

  async readPending(place: DatasetPlace): Promise<PendingPush | undefined> {
    for await (const line of this.#pendingLines(place)) {
      const told = parsed(this.#datasetFile(place, "pending.jsonl"), line) as Partial<PendingPush>;
      return { ...unnamed, ...told } as PendingPush;
    }
    return undefined;
  }

  async *readPendingBatches(place: DatasetPlace): AsyncGenerator<PendingBatch> {
    let first = true;
    for await (const line of this.#pendingLines(place)) {
      if (!first) yield batchOf(parsed(this.#datasetFile(place, "pending.jsonl"), line) as BatchLine);
      first = false;
    }
  }

  async removePending(place: DatasetPlace): Promise<void> {
    await removeFile(this.#datasetFile(place, "pending.jsonl"));
    await removeFile(this.#datasetFile(place, "unsent"));
  }

  /** Before anything of the pending push is sent. */
  beginSending(place: DatasetPlace): Promise<void> {
    return removeFile(this.#datasetFile(place, "unsent"));
  }

  /** Whether nothing of the pending push was ever sent: otherwise batches of it may be under way. */
  isUnsent(place: DatasetPlace): boolean {
    return existsSync(this.#datasetFile(place, "unsent"));
  }

  /** The one owner of what is kept of a collaboration's pushes. Throws AGENT_BUSY. */
  async ownPushes(collaboration: string, patience: Patience): Promise<Disposable> {
    const file = join(this.path, "locks", `push.${collaboration}.lock`);
    const owned = await takeOwnership(file, `pushes to ${collaboration}`, patience);
    for (const folder of ["datasets", "epoch-keys", "reports"]) {
      await removeLeftOvers(join(this.path, folder, `${collaboration}.`));
    }
    return owned;
  }

  /**
   * Sets files aside that a disk has damaged, as `NAME.damaged`, and answers their names: what they said of the region the
   * region says too. Not an earlier version's meter, which counts what nobody else has counted. For the owner of the answers;
   * throws AGENT_BUSY where somebody pushes.
   */
  async setAsideDamaged(): Promise<string[]> {
    const aside: string[] = [];
    for (const folder of ["datasets", "epoch-keys", "meters"]) {
      for (const name of await namesIn(join(this.path, folder))) {
        if (!/\.jsonl?$/.test(name)) continue;
        const [collaboration = ""] = name.split(".");
        using _owned = await this.ownPushes(collaboration, { wait: false });
        const file = join(this.path, folder, name);
        if (!(await isDamaged(file))) continue;
        await rename(file, `${file}.damaged`);
        aside.push(name);
      }
    }
    return aside;
  }

  /** Removes what is kept of epochs that are over; answers whether an unfinished push was among it. Only for the owner. */
  async forgetEarlierEpochs({ collaboration, epoch }: DatasetPlace): Promise<boolean> {
    const folder = join(this.path, "datasets");
    const earlier = (await namesIn(folder)).filter((name) => {
      const [id, itsEpoch] = name.split(".");
      return id === collaboration && Number(itsEpoch) < epoch;
    });
    for (const name of earlier) await removeFile(join(folder, name));
    return earlier.some((name) => name.endsWith(".pending.jsonl"));
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
    return parsed(file, text) as T;
  }

  // Ids are letters, digits and dashes, so a dot keeps them apart.
  #datasetFile({ collaboration, epoch, dataset }: DatasetPlace, kind: string): string {
    return join(this.path, "datasets", `${collaboration}.${String(epoch)}.${dataset}.${kind}`);
  }

  #meterFile(collaboration: string): string {
    return join(this.path, "meters", `${collaboration}.json`);
  }

  #epochKeyFile(collaboration: string, epoch: number): string {
    return join(this.path, "epoch-keys", `${collaboration}.${String(epoch)}.json`);
  }
}

/** Throws CONFIG_INVALID for what a disk has damaged: no write of ours is there in part. */
function parsed(file: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new PavilionError(
      "CONFIG_INVALID",
      `The agent's file ${file} is damaged.`,
      "Restore it from a backup; or have ./pavilion provider state repair set it aside and go on from what the region has.",
    );
  }
}

async function isDamaged(file: string): Promise<boolean> {
  const isLines = file.endsWith(".jsonl");
  const handle = await open(file);
  try {
    if (!isLines) parsed(file, await handle.readFile("utf8"));
    else for await (const line of handle.readLines({ autoClose: false })) parsed(file, line);
    return false;
  } catch (error) {
    if (error instanceof PavilionError) return true;
    throw error;
  } finally {
    await handle.close();
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

interface OldEpochMeter {
  readonly epoch: number;
  readonly receivers: Readonly<
    Record<
      string,
      {
        readonly evaluated: number;
        readonly pushes: Readonly<Record<string, { sequence: number; digest: string }>>;
      }
    >
  >;
}
type OldMeter = Readonly<Record<string, OldEpochMeter>>;

const meterOf = ({ epoch, receivers }: OldEpochMeter): Meter => ({
  epoch,
  receivers: Object.entries(receivers).map(([receiver, { evaluated, pushes }]) => ({
    receiver,
    evaluated,
    pushes: Object.entries(pushes)
      .map(([push, last]) => ({ push, ...last }))
      .slice(-PUSHES_REMEMBERED),
  })),
});

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

interface BatchLine {
  readonly head: Head;
  readonly rows: number[];
  readonly header: string;
  readonly signature: string;
  readonly enc: string;
  readonly records: string[];
  readonly commitments: string;
}

function batchOf({ head, rows, header, signature, enc, records, commitments }: BatchLine): PendingBatch {
  const bytes = (text: string): Buffer => Buffer.from(text, "base64");
  const payload = { enc: bytes(enc), records: records.map(bytes), commitments: bytes(commitments) };
  return { head, rows, batch: { header, signature, ...payload } };
}
