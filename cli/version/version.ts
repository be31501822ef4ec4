/** `version [--json]`, `--version`: which version this is, and on which Node it runs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export function version(asJson: boolean): number {
  const manifest = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
  const { version: own } = JSON.parse(manifest) as { readonly version: string };
  const node = process.versions.node;
  console.log(asJson ? JSON.stringify({ version: own, node }) : `pavilion ${own}, on Node ${node}`);
  return 0;
}
