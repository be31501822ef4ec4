/**
 * What others hold of a region's log, in files: checkpoints by themselves or within evidence bundles, and auditors' copies of the
 * leaves. Nothing counts that the log's own key did not sign.
 */
import { createReadStream } from "node:fs";
import { verifyCheckpoint } from "../../crypto/checkpoint/checkpoint.ts";
import { CryptoError } from "../../crypto/errors.ts";
import { originOf } from "../../domain/log/leaves.ts";
import { PavilionError } from "../../errors/errors.ts";
import { readJson, readText } from "../../runtime/text-file.ts";
import { documentBounds } from "../../schemas/reading/json-text.ts";
import type { AnchoredLeaf } from "../../schemas/avro/index.ts";
import type { HeldTree } from "../../services/operator/recovery.ts";

/** A region's log, by its name and key. */
export interface LogOf {
  readonly region: string;
  readonly publicKey: Uint8Array;
}

/** Of a checkpoint or a bundle, in bytes. */
const fileMax = 64_000_000;
/** Of a line of an auditor's copy, in characters. */
const lineMax = 4_000_000;
const bounds = { ...documentBounds, lengthMax: fileMax, valuesMax: 2_000_000 };

/** The tree that a file's checkpoint signs. Throws DOCUMENT_INVALID. */
export function treeIn(file: string, log: LogOf): HeldTree {
  const text = readText(file, "DOCUMENT_INVALID", fileMax);
  const note = text.trimStart().startsWith("{") ? checkpointIn(file) : text;
  return treeOf(note, log) ?? notSigned(file, log);
}

function checkpointIn(file: string): string {
  const { log } = readJson(file, "DOCUMENT_INVALID", bounds) as {
    readonly log?: { readonly checkpoint?: unknown };
  };
  if (typeof log?.checkpoint === "string") return log.checkpoint;
  throw new PavilionError(
    "DOCUMENT_INVALID",
    `${file} is JSON, and no evidence bundle with a checkpoint in it.`,
    "Name an evidence bundle, or a checkpoint as text.",
  );
}

function treeOf(note: string, { region, publicKey }: LogOf): HeldTree | undefined {
  try {
    return verifyCheckpoint(note, { origin: originOf(region), publicKey });
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
}

function notSigned(file: string, { region }: LogOf): never {
  throw new PavilionError(
    "DOCUMENT_INVALID",
    `${file} holds no checkpoint that the log of ${region} signed.`,
    "Check that it is the file that you mean, and of this region.",
  );
}

/** The largest tree that a copy of the log stands under. Throws DOCUMENT_INVALID. */
export async function largestIn(file: string, log: LogOf): Promise<HeldTree | undefined> {
  let largest: HeldTree | undefined;
  let last = "";
  for await (const { checkpoint } of leavesIn(file, log)) {
    // A batch's leaves name the same one.
    if (checkpoint === last) continue;
    last = checkpoint;
    const tree = treeOf(checkpoint, log) ?? notSigned(file, log);
    if (tree.size > (largest?.size ?? 0)) largest = tree;
  }
  return largest;
}

/** The largest tree of all files. Throws ANCHOR_FORKED where two of one size differ, and DOCUMENT_INVALID. */
export async function largestOf(
  checkpoints: readonly string[],
  copies: readonly string[],
  log: LogOf,
): Promise<HeldTree | undefined> {
  const held: HeldTree[] = checkpoints.map((file) => treeIn(file, log));
  for (const file of copies) held.push(...[await largestIn(file, log)].flatMap((tree) => tree ?? []));
  const roots = new Map<number, string>();
  for (const { size, root } of held) {
    if ((roots.get(size) ?? root) !== root) {
      throw new PavilionError(
        "ANCHOR_FORKED",
        `Of ${String(size)} leaves the log of ${log.region} has signed two different checkpoints: there are two histories of it.`,
        "Somebody else may have the log's key, or another copy of the region ran. Tell providers and auditors before you go on.",
      );
    }
    roots.set(size, root);
  }
  return held.sort((one, other) => other.size - one.size)[0];
}

/** The leaves of the region's log from a place on, in the order in which the file has them. */
export async function* leavesIn(file: string, { region }: LogOf, from = 0): AsyncIterable<AnchoredLeaf> {
  let number = 0;
  for await (const line of linesIn(file)) {
    number++;
    if (line.trim() === "") continue;
    const leaf = leafIn(line);
    if (leaf === undefined) {
      throw new PavilionError(
        "DOCUMENT_INVALID",
        `${file} is no auditor's copy of a log: line ${String(number)} is not a leaf.`,
        "Name a file that ./pavilion audit --save has written.",
      );
    }
    if (leaf.log === originOf(region) && leaf.index >= from) yield leaf;
  }
}

/** Whatever is longer than a leaf may be ends as a line there. */
async function* linesIn(file: string): AsyncIterable<string> {
  let rest = "";
  try {
    for await (const chunk of createReadStream(file, "utf8") as AsyncIterable<string>) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
      if (rest.length > lineMax) break;
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined || cause instanceof PavilionError) throw cause;
    throw new PavilionError(
      "DOCUMENT_INVALID",
      `${file} cannot be read (${code}).`,
      "Check its path and its rights.",
      {
        cause,
      },
    );
  }
  yield rest;
}

/** Held to its members' kinds: whether it stands in the log, the region itself checks. */
function leafIn(line: string): AnchoredLeaf | undefined {
  let leaf: unknown;
  try {
    leaf = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isLeaf(leaf) ? leaf : undefined;
}

const texts = ["log", "kind", "text", "root", "checkpoint", "contract", "anchorer", "transaction"] as const;
const numbers = ["index", "size", "chainId", "block"] as const;

function isLeaf(value: unknown): value is AnchoredLeaf {
  if (typeof value !== "object" || value === null) return false;
  const leaf = value as Partial<Record<keyof AnchoredLeaf, unknown>>;
  return (
    texts.every((name) => typeof leaf[name] === "string") &&
    numbers.every((name) => Number.isSafeInteger(leaf[name])) &&
    (leaf.requestDigest === null || typeof leaf.requestDigest === "string") &&
    Array.isArray(leaf.proof) &&
    leaf.proof.every((hash) => typeof hash === "string")
  );
}
