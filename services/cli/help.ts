/** `help`: every command in a line. */
import { parseArgs } from "node:util";
import type { Commands } from "./command.ts";

export function help(commands: Commands, args: string[]): Promise<number> {
  parseArgs({ args, options: {} });
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { does }]) => `  ${name.padEnd(width)}  ${does}`);
  console.log(
    [
      "Usage: ./pavilion COMMAND [OPTIONS]",
      "",
      ...lines,
      "",
      "  ./pavilion COMMAND --help shows a command's options.",
      "  Exit codes: 0 done, 1 failed or refused, 2 not understood.",
    ].join("\n"),
  );
  return Promise.resolve(0);
}
