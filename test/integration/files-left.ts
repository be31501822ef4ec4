/**
 * Every file under some folders, read once and held in memory, to be searched many times.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export interface LeftFile {
  readonly path: string;
  readonly content: Buffer;
}

export function filesLeft(folders: readonly string[]): LeftFile[] {
  const walk = (folder: string): LeftFile[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return walk(path);
      return [{ path, content: withoutTail(readFileSync(path)) }];
    });
  return folders.flatMap(walk);
}

/** The paths of the files that hold at least one of the needles. */
export const whereFound = (files: readonly LeftFile[], needles: readonly (string | Buffer)[]): string[] =>
  files.filter(({ content }) => needles.some((needle) => content.includes(needle))).map(({ path }) => path);

const blockBytes = 64 * 1024;
const zeros = Buffer.alloc(blockBytes);

/** Kafka's index files are made at full size, 10 MiB of zeros each. */
function withoutTail(content: Buffer): Buffer {
  let end = content.length;
  while (end >= blockBytes && content.subarray(end - blockBytes, end).equals(zeros)) end -= blockBytes;
  return end === content.length ? content : Buffer.from(content.subarray(0, end));
}
