/** A clone in a folder whose name holds what shells, URLs, class paths and configuration files trip over. */
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { partsDir } from "../../infra/embedded/parts.ts";

const root = resolve(import.meta.dirname, "../..");
const notCloned = ["node_modules", ".git", ".pavilion"];

/** Answers the clone's folder, below the one given. What a first run would download is linked to. */
export function cloneOddly(dir: string): string {
  const clone = join(dir, `Klön, it's "mine"; 100% $HOME`);
  cpSync(root, clone, {
    recursive: true,
    filter: (source) => !notCloned.includes(relative(root, source)),
  });
  mkdirSync(join(clone, ".pavilion"));
  symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
  symlinkSync(partsDir, join(clone, ".pavilion", "parts"));
  return clone;
}
