/**
 * Writes a TypeScript module beside every JSON Schema of `schemas/json/` (`name.schema.json` becomes `name.ts`). A
 * schema may refer to another file of the folder; the types it refers to are then declared in its own module as well.
 * References to the network are refused. The types do not express lengths and ranges: those are the validator's.
 */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { compile } from "json-schema-to-typescript";
import type { JSONSchema } from "json-schema-to-typescript";
import { generate, repositoryRoot, sourcesIn, typescriptFile } from "./generated.ts";
import type { GeneratedFile } from "./generated.ts";

const script = "scripts/generate-json-types.ts";
const suffix = ".schema.json";

export async function render(folder: string): Promise<GeneratedFile[]> {
  const files: GeneratedFile[] = [];
  for (const source of await sourcesIn(folder, suffix)) {
    const name = basename(source, suffix);
    const schema = JSON.parse(await readFile(join(folder, source), "utf8")) as JSONSchema;
    const body = await compile(schema, name, {
      bannerComment: "",
      cwd: `${folder}/`,
      format: false,
      ignoreMinAndMaxItems: true,
      $refOptions: { resolve: { http: false } },
    });
    files.push({ name: `${name}.ts`, text: await typescriptFile(source, script, body) });
  }
  return files;
}

if (import.meta.main) {
  const folder = join(repositoryRoot, "schemas", "json");
  process.exitCode = await generate({ script, render }, folder, process.argv.slice(2));
}
