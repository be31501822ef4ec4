/**
 * What the code generators share: formatting, writing, and comparing generated files. A generator renders every
 * file it answers for; this module either brings the folder to that state, or (`--check`) names what differs from
 * it. A generated file whose source is gone counts as a difference. Files without the banner are never touched.
 */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { format, resolveConfig } from "prettier";

export const repositoryRoot = dirname(import.meta.dirname);

const bannerStart = "// Generated from ";

export interface GeneratedFile {
  /** File name inside the generator's folder. */
  readonly name: string;
  readonly text: string;
}

export interface Generator {
  /** Path of the generator from the repository root, for the banner and for advice. */
  readonly script: string;
  /** Renders every file of the folder, in an order that depends on the sources alone. */
  readonly render: (folder: string) => Promise<GeneratedFile[]>;
}

/** Names of the files in `folder` that end in `suffix`, sorted by code unit; none if there is no such folder. */
export async function sourcesIn(folder: string, suffix: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  });
  return names.filter((name) => name.endsWith(suffix)).sort();
}

/** A TypeScript file as it is written: the banner, then `body`, in the project's own formatting. */
export async function typescriptFile(source: string, script: string, body: string): Promise<string> {
  const banner = `${bannerStart}${source} by ${script}. Edit the schema, then run the script.`;
  const options = await resolveConfig(join(import.meta.dirname, "generated.ts"));
  return format(`${banner}\n\n${body}`, { ...options, parser: "typescript" });
}

/** Names of the files that differ from what the generator renders, are missing, or have lost their source. */
export async function compare(folder: string, files: readonly GeneratedFile[]): Promise<string[]> {
  const stale = await orphans(folder, files);
  for (const file of files) {
    if ((await contents(join(folder, file.name))) !== file.text) stale.push(file.name);
  }
  return stale.sort();
}

/** Brings `folder` to the rendered state and returns the names of the files that it wrote or removed. */
export async function write(folder: string, files: readonly GeneratedFile[]): Promise<string[]> {
  const stale = await compare(folder, files);
  for (const name of stale) {
    const file = files.find((candidate) => candidate.name === name);
    if (file === undefined) await rm(join(folder, name));
    else await writeFile(join(folder, name), file.text);
  }
  return stale;
}

/** Runs a generator from the command line over `folder`; resolves to the exit code. */
export async function generate(
  generator: Generator,
  folder: string,
  args: readonly string[],
): Promise<number> {
  const unknown = args.find((arg) => arg !== "--check");
  if (unknown !== undefined) {
    console.error(`${unknown}: unknown option; only --check is known`);
    return 2;
  }
  const files = await generator.render(folder);
  if (!args.includes("--check")) {
    for (const name of await write(folder, files)) console.log(`written: ${shown(folder, name)}`);
    return 0;
  }
  const stale = await compare(folder, files);
  for (const name of stale) console.error(`stale: ${shown(folder, name)} (run ${generator.script})`);
  return stale.length === 0 ? 0 : 1;
}

async function orphans(folder: string, files: readonly GeneratedFile[]): Promise<string[]> {
  const rendered = new Set(files.map((file) => file.name));
  const found: string[] = [];
  for (const name of await sourcesIn(folder, ".ts")) {
    if (!rendered.has(name) && (await contents(join(folder, name)))?.startsWith(bannerStart))
      found.push(name);
  }
  return found;
}

async function contents(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
}

function shown(folder: string, name: string): string {
  return relative(repositoryRoot, join(folder, name));
}
