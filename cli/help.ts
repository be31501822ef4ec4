/** `help`: every command in a line; `help COMMAND` and `COMMAND --help`: a command's options. */
import { parseArgs } from "node:util";
import { usageOf, type Command, type Commands } from "./command.ts";
import { misuse } from "./misuse.ts";
import { argumentsOf } from "./options.ts";

export function help(commands: Commands, args: string[]): Promise<number> {
  const name = parseArgs({ args, options: {}, allowPositionals: true }).positionals.join(" ");
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined && name !== "") throw misuse(`There is no command ${name}.`);
  console.log(command === undefined ? overview(commands) : commandHelp(name, command));
  return Promise.resolve(0);
}

const overview = (commands: Commands): string =>
  [
    "Usage: ./pavilion COMMAND [OPTIONS]",
    "",
    ...explained(Object.entries(commands).map(([name, { does }]) => [name, does])),
    "",
    "  ./pavilion COMMAND --help explains a command's options.",
    "  Exit codes: 0 done, 1 failed or refused, 2 not understood.",
  ].join("\n");

export function commandHelp(name: string, command: Command): string {
  const options = argumentsOf(name, command).map(({ shown, meaning }): [string, string] => [shown, meaning]);
  return [
    `Usage: ${usageOf(command)}`,
    "",
    `  ${command.does}`,
    "",
    ...explained([...options, ["--help", "says this"]]),
  ].join("\n");
}

/** One line each, what is explained in a column of its own. */
function explained(rows: readonly (readonly [what: string, explanation: string])[]): string[] {
  const width = Math.max(...rows.map(([what]) => what.length));
  return rows.map(([what, explanation]) => `  ${what.padEnd(width)}  ${explanation}`);
}
