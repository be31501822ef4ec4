import assert from "node:assert/strict";
import { test } from "node:test";
import { commands } from "./commands.ts";
import { commandHelp } from "./help.ts";
import { argumentsOf, meanings } from "./options.ts";

test("a usage line's options and arguments are read with what they take, in its order", () => {
  const run = (): Promise<number> => Promise.resolve(0);
  const usage = "do it a|b [LETTER …] --config FILE.json [--stage S,…] [--user U --yes] [--json] FILE.csv";
  const shown = argumentsOf("do it", { usage, does: "", run }).map((argument) => argument.shown);
  assert.deepEqual(shown, [
    ...["a|b", "LETTER …", "--config FILE.json", "--stage S,…", "--user U", "--yes", "--json", "FILE.csv"],
  ]);
});

test("every option and argument of every command is explained", () => {
  for (const [name, command] of Object.entries(commands)) {
    for (const { shown, meaning } of argumentsOf(name, command)) assert.ok(meaning, `${name} ${shown}`);
  }
});

test("nothing is explained that no command takes", () => {
  const used = Object.entries(commands).flatMap(([command, described]) =>
    argumentsOf(command, described).map(({ name }) =>
      meanings.has(`${command} ${name}`) ? `${command} ${name}` : name,
    ),
  );
  assert.deepEqual(
    [...meanings.keys()].filter((key) => !used.includes(key)),
    [],
  );
});

test("a command's help is its usage, what it does, and its options in columns", () => {
  const { down } = commands;
  assert.ok(down);
  assert.deepEqual(commandHelp("down", down).split("\n"), [
    "Usage: ./pavilion down [--erase --yes] [--json]",
    "",
    `  ${down.does}`,
    "",
    "  --erase  deletes what the stack holds, for good: all data, keys and the chain",
    "  --yes    says that --erase is meant",
    "  --json   prints the outcome as one line of JSON",
    "  --help   says this",
  ]);
});
