import assert from "node:assert/strict";
import { test } from "node:test";
import { argumentsOf, command, flag, text, texts } from "./command.ts";
import { allCommands } from "./commands.ts";
import { commandHelp } from "./help/help.ts";

const all = await allCommands();

test("a usage line's options and operands are read with what they take, in its order", () => {
  const one = command({
    name: "do it",
    usage: "a|b [LETTER …] --config FILE.json [--stage S,…] [--user U --yes] [--json] FILE.csv",
    does: "",
    options: {},
    act: () => Promise.resolve(0),
  });
  assert.deepEqual(
    argumentsOf(one).map(({ shown }) => shown),
    ["a|b", "LETTER …", "--config FILE.json", "--stage S,…", "--user U", "--yes", "--json", "FILE.csv"],
  );
});

test("what a command is given comes by name, and what it does not take is not understood", async () => {
  const given: unknown[] = [];
  const one = command({
    name: "do",
    usage: "[--region R] [--departure FILE] [--json] FILE",
    does: "",
    options: { region: text(""), departure: texts(""), json: flag("") },
    operands: { FILE: "" },
    act: (...all) => Promise.resolve(given.push(all)),
  });
  await one.run(["a", "--departure", "x", "--region", "eu", "--departure", "y", "b"]);
  await one.run([]);
  assert.deepEqual(given, [
    [{ __proto__: null, region: "eu", departure: ["x", "y"], json: false }, ["a", "b"]],
    [{ __proto__: null, departure: [], json: false }, []],
  ]);
  await assert.rejects(one.run(["--regoin", "eu"]), { code: "ERR_PARSE_ARGS_UNKNOWN_OPTION" });
  const without = command({ ...one, act: () => Promise.resolve(0), operands: {} });
  await assert.rejects(without.run(["a"]), { code: "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL" });
});

test("every command's usage line has its options and operands, all of them, and a value where one takes one", () => {
  for (const one of all) {
    const { name, options, operands = {} } = one;
    const shown = argumentsOf(one).map((argument) =>
      argument.shown.replace(/ \S+$/, (value) => (value === " …" ? "" : " …")),
    );
    const declared = [
      ...Object.entries(options).map(([option, { type }]) => `--${option}${type === "string" ? " …" : ""}`),
      ...Object.keys(operands),
    ];
    assert.deepEqual(shown.sort(), declared.sort(), name);
  }
});

test("every option and operand of every command is explained", () => {
  for (const one of all)
    for (const { shown, meaning } of argumentsOf(one)) assert.ok(meaning, `${one.name} ${shown}`);
});

test("no two commands have one name, and none that of a group", () => {
  const names = all.map(({ name }) => name);
  const groups = names.flatMap((name) => (name.includes(" ") ? [name.split(" ")[0]] : []));
  assert.deepEqual(names, [...new Set(names)]);
  assert.deepEqual(
    names.filter((name) => groups.includes(name)),
    [],
  );
});

test("a command's help is its usage, what it does, and its options in columns", () => {
  const down = all.find(({ name }) => name === "down");
  assert.ok(down);
  assert.deepEqual(commandHelp(down).split("\n"), [
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
