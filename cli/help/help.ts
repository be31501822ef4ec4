/**
 * `help`: every command in a line; `help COMMAND` and `COMMAND --help`: a command's options. `help --json`: all of it, for
 * programs.
 */
import { argumentsOf, usageOf, type Command } from "../command.ts";
import { misuse } from "../../errors/misuse.ts";

export function help(
  commands: readonly Command[],
  words: readonly string[],
  { json }: { readonly json: boolean },
): number {
  const name = words.join(" ");
  const command = commands.find((one) => one.name === name);
  if (command === undefined && name !== "") throw misuse(`There is no command ${name}.`);
  if (json) {
    const asked = command === undefined ? commands : [command];
    console.log(JSON.stringify({ commands: asked.map(described) }));
  } else console.log(command === undefined ? overview(commands) : commandHelp(command));
  return 0;
}

const overview = (commands: readonly Command[]): string =>
  [
    "Usage: ./pavilion COMMAND [OPTIONS]",
    "",
    ...explained(commands.map(({ name, does }) => [name, does])),
    "",
    "  ./pavilion COMMAND --help explains a command's options.",
    "  Exit codes: 0 done, 1 failed or refused, 2 not understood.",
  ].join("\n");

export function commandHelp(command: Command): string {
  const options = argumentsOf(command).map(({ shown, meaning }): [string, string] => [shown, meaning]);
  return [
    `Usage: ${usageOf(command)}`,
    "",
    `  ${command.does}`,
    "",
    ...explained([...options, ["--help", "says this"]]),
  ].join("\n");
}

const described = (command: Command): object => ({
  ...{ name: command.name, does: command.does, usage: usageOf(command) },
  options: argumentsOf(command).map(({ shown, meaning }) => ({ shown, meaning })),
});

/** One line each, what is explained in a column of its own. */
function explained(rows: readonly (readonly [what: string, explanation: string])[]): string[] {
  const width = Math.max(...rows.map(([what]) => what.length));
  return rows.map(([what, explanation]) => `  ${what.padEnd(width)}  ${explanation}`);
}
