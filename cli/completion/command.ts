import { command, type Command } from "../command.ts";

/** Completes the commands that it is handed. */
export const completion = (all: () => Promise<readonly Command[]>): Command =>
  command({
    name: "completion",
    usage: "bash|zsh|fish",
    does: "prints a script that completes commands and options in a shell",
    options: {},
    operands: { "bash|zsh|fish": "the shell" },
    act: async (_, shells) => (await import("./completion.ts")).completion(await all(), shells),
  });
