/**
 * `./pavilion COMMAND`: the command line; commands.ts lists what there is.
 */
import { constants } from "node:os";
import { PavilionError } from "../errors/errors.ts";
import { isMisuse } from "../errors/misuse.ts";
import { spareLoopback } from "../runtime/loopback.ts";
import { coded } from "./coded.ts";
import { coloured } from "./colour.ts";
import { usageOf, type Command } from "./command.ts";
import { allCommands, commands } from "./commands.ts";
import { commandHelp } from "./help/help.ts";

/** Exit codes: 0 done, 1 failed, 2 not understood: of a trust file too, without which nothing is judged. */
async function main(given: readonly string[]): Promise<number> {
  const [first = "help", second = ""] = given;
  if (first === "-h" || first === "--help") return main(["help"]);
  if (first === "--version") return main(["version", ...given.slice(1)]);
  const named = (known: readonly Command[]): Command | undefined =>
    known.find(({ name }) => name === `${first} ${second}`) ?? known.find(({ name }) => name === first);
  const command = named(commands) ?? named(await allCommands());
  if (command === undefined) return unknown(first, second);
  const args = given.slice(command.name === first ? 1 : 2);
  if (args.includes("--help") || args.includes("-h")) {
    console.log(commandHelp(command));
    return 0;
  }
  try {
    return await command.run(args);
  } catch (error) {
    const told = coded(error);
    const asJson = args.includes("--json");
    if (told !== undefined) return fail(told, told.code === "TRUST_UNREADABLE" ? 2 : 1, asJson);
    if (isMisuse(error)) {
      const misused = new PavilionError("USAGE_INVALID", error.message, `Usage: ${usageOf(command)}`);
      return fail(misused, 2, asJson);
    }
    throw error;
  }
}

/** A group without one of its commands is shown; what is no command at all is refused. */
function unknown(first: string, second: string): number {
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length === 0)
    return fail(new PavilionError("UNKNOWN_COMMAND", `There is no command ${first}.`), 2);
  if (["", "-h", "--help"].includes(second)) {
    console.log(group.map((one) => `  ${usageOf(one)}\n      ${one.does}`).join("\n"));
    return 0;
  }
  const names = group.map(({ name }) => name).join(", ");
  return fail(
    new PavilionError("UNKNOWN_COMMAND", `There is no command ${first} ${second}.`, `There is: ${names}.`),
    2,
  );
}

/** Told to people on standard error, and with `--json` to programs on standard output too. */
function fail(error: PavilionError, exitCode: number, asJson = false): number {
  const { code, message, remedy } = error;
  console.error(`pavilion: ${coloured("red", code, process.stderr)}: ${message}\n  ${remedy}`);
  if (asJson) console.log(JSON.stringify({ error: { code, message, remedy } }));
  return exitCode;
}

// Whoever reads the output may stop reading: the process then ends as by SIGPIPE.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(128 + constants.signals.SIGPIPE);
});

spareLoopback(); // before any command's own requests, and for the processes that it starts
process.exitCode = await main(process.argv.slice(2));
