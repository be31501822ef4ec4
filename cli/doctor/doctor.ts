/**
 * `doctor [--json]`: what is missing, and the command that fixes it. Exit code 1 where something is missing.
 */
import { coloured, type Colour } from "../colour.ts";
import { findings, type Finding } from "./checks.ts";

const colours: Readonly<Record<Finding["state"], Colour>> = {
  ok: "green",
  doubtful: "yellow",
  missing: "red",
};

export async function doctor(asJson: boolean): Promise<number> {
  const found = await findings();
  if (asJson) console.log(JSON.stringify({ findings: found }));
  else {
    const width = Math.max(...found.map(({ what }) => what.length));
    for (const { state, what, detail, fix } of found) {
      const rest = `${" ".repeat("doubtful".length - state.length)}  ${what.padEnd(width)}  ${detail}`;
      console.log(`  ${coloured(colours[state], state)}${rest}`);
      if (fix !== undefined) console.log(`${" ".repeat(width + 14)}${fix}`);
    }
  }
  return found.some(({ state }) => state === "missing") ? 1 : 0;
}
