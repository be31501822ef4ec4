/**
 * `./pavilion COMMAND`: the command line. Each command is a module of its own that is loaded when it is asked for.
 */
import { PavilionError } from "../../runtime/errors.ts";

interface Command {
  readonly does: string;
  readonly run: (args: string[]) => Promise<number>;
}

const commands: Record<string, Command> = {
  demo: {
    does: "answers a question over two providers' files end to end; --json ends with one line of JSON",
    run: async (args) => (await import("./demo/demo.ts")).demo(args),
  },
  test: {
    does: "runs all tests, real parts included; --unit or --integration for some, or parts of file names",
    run: async (args) => (await import("../../scripts/test.ts")).test(args),
  },
  check: {
    does: "checks format, types, lint, the dependency rule, dead code and generated files",
    run: async () => (await import("../../scripts/check.ts")).check(),
  },
  help: {
    does: "says what there is",
    run: () => {
      const width = Math.max(...Object.keys(commands).map((name) => name.length));
      const lines = Object.entries(commands).map(([name, { does }]) => `  ${name.padEnd(width)}  ${does}`);
      console.log(["Usage: ./pavilion COMMAND [OPTIONS]", "", ...lines].join("\n"));
      return Promise.resolve(0);
    },
  },
};

/** Exit codes: 0 done, 1 failed, 2 not understood. */
async function main(): Promise<number> {
  const [name = "help", ...args] = process.argv.slice(2);
  const command = commands[name.replace(/^--/, "")];
  try {
    if (command === undefined) throw new PavilionError("UNKNOWN_COMMAND", `There is no command ${name}.`);
    return await command.run(args);
  } catch (error) {
    if (!(error instanceof PavilionError)) throw error;
    console.error(`pavilion: ${error.code}: ${error.message}\n  ${error.remedy}`);
    return command === undefined ? 2 : 1;
  }
}

process.exitCode = await main();
