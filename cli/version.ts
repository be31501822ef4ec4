/** `version [--json]`, `--version`: which version this is, and on which Node it runs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

export function version(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { json: { type: "boolean", default: false } } });
  const manifest = readFileSync(join(import.meta.dirname, "../package.json"), "utf8");
  const { version: own } = JSON.parse(manifest) as { readonly version: string };
  const node = process.versions.node;
  console.log(values.json ? JSON.stringify({ version: own, node }) : `pavilion ${own}, on Node ${node}`);
  return Promise.resolve(0);
}
