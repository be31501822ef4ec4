/**
 * What lies in a folder: every file and folder below it, by its path, without following a link out of it.
 */
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import { ENTRIES_MAX, isInnerPath } from "./manifest.ts";

interface FoundFolder {
  /** Relative, by slashes. */
  readonly path: string;
  readonly mode: number;
}

interface FoundFile extends FoundFolder {
  readonly size: number;
  /** Bytes on the disk: fewer than `size` where the file has holes. */
  readonly allocated: number;
  readonly mtimeMs: number;
}

/** Both sorted by their paths. */
export interface Tree {
  readonly folders: readonly FoundFolder[];
  readonly files: readonly FoundFile[];
}

interface Bounds {
  /** Paths that are left out, with what lies below them. */
  readonly skips?: (path: string) => boolean;
  readonly entriesMax?: number;
}

/** Throws what `refuse` makes of a sentence where there is what no backup can hold. */
export async function treeOf(
  root: string,
  refuse: (message: string) => Error,
  { skips = () => false, entriesMax = ENTRIES_MAX }: Bounds = {},
): Promise<Tree> {
  const folders: FoundFolder[] = [];
  const files: FoundFile[] = [];
  const waiting = [""];
  for (let within = waiting.pop(); within !== undefined; within = waiting.pop()) {
    for await (const { name } of await opendir(join(root, within))) {
      const path = within === "" ? name : `${within}/${name}`;
      if (skips(path)) continue;
      if (!isInnerPath(path)) throw refuse(`The name of ${JSON.stringify(join(root, path))} is none.`);
      if (folders.length + files.length >= entriesMax) throw refuse(`${root} holds too many files.`);
      const found = await lstat(join(root, path));
      const mode = found.mode & 0o777;
      if (found.isDirectory()) {
        folders.push({ path, mode });
        waiting.push(path);
      } else if (found.isFile()) {
        const { size, blocks, mtimeMs } = found;
        files.push({ path, mode, size, allocated: Math.min(size, blocks * 512), mtimeMs });
      } else throw refuse(`${join(root, path)} is neither a file nor a folder.`);
    }
  }
  return { folders: folders.sort(byPath), files: files.sort(byPath) };
}

/** As the manifest's order is checked: by code units. */
const byPath = (one: FoundFolder, other: FoundFolder): number => (one.path < other.path ? -1 : 1);
