import { command, type Command } from "../command.ts";
import { json } from "../options.ts";

/** Explains the commands that it is handed. */
export const help = (all: () => Promise<readonly Command[]>): Command =>
  command({
    name: "help",
    usage: "[COMMAND] [--json]",
    does: "says what there is, or explains a command's options",
    options: { json },
    operands: { COMMAND: "a command, of one or two words" },
    act: async (given, words) => (await import("./help.ts")).help(await all(), words, given),
  });
