/**
 * `help`: every command in a line; `help COMMAND` and `COMMAND --help`: a command's options. `help --json`: all of it, for
 * programs.
 */
import { parseArgs } from "node:util";
import { usageOf, type Command, type Commands } from "./command.ts";
import { misuse } from "../errors/misuse.ts";
import { argumentsOf } from "./options.ts";

export function help(commands: Commands, args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { json: { type: "boolean" } },
    allowPositionals: true,
  });
  const name = positionals.join(" ");
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined && name !== "") throw misuse(`There is no command ${name}.`);
  if (values.json === true) {
    const asked = command === undefined ? Object.entries(commands) : [[name, command] as const];
    console.log(JSON.stringify({ commands: asked.map(([each, one]) => described(each, one)) }));
  } else console.log(command === undefined ? overview(commands) : commandHelp(name, command));
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

const described = (name: string, command: Command): object => ({
  ...{ name, does: command.does, usage: usageOf(command) },
  options: argumentsOf(name, command).map(({ shown, meaning }) => ({ shown, meaning })),
});

/** One line each, what is explained in a column of its own. */
function explained(rows: readonly (readonly [what: string, explanation: string])[]): string[] {
  const width = Math.max(...rows.map(([what]) => what.length));
  return rows.map(([what, explanation]) => `  ${what.padEnd(width)}  ${explanation}`);
}
