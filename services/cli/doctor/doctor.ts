/**
 * `doctor [--json]`: what is missing, and the command that fixes it. Exit code 1 where something is missing.
 */
import { parseArgs } from "node:util";
import { findings } from "./checks.ts";

export async function doctor(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { json: { type: "boolean", default: false } } });
  const found = await findings();
  if (values.json) console.log(JSON.stringify({ findings: found }));
  else {
    const width = Math.max(...found.map(({ what }) => what.length));
    for (const { state, what, detail, fix } of found) {
      console.log(`  ${state.padEnd("doubtful".length)}  ${what.padEnd(width)}  ${detail}`);
      if (fix !== undefined) console.log(`${" ".repeat(width + 14)}${fix}`);
    }
  }
  return found.some(({ state }) => state === "missing") ? 1 : 0;
}
