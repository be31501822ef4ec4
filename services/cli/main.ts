/**
 * `./pavilion COMMAND`: the command line. Each command is a module of its own that is loaded when it is asked for.
 */
import { constants } from "node:os";
import { parseArgs } from "node:util";
import { CryptoError } from "../../crypto/errors.ts";
import { PavilionError } from "../../runtime/errors.ts";

interface Command {
  readonly usage: string;
  readonly does: string;
  readonly run: (args: string[]) => Promise<number>;
}

const commands: Readonly<Record<string, Command>> = {
  demo: {
    usage: "demo [--json]",
    does: "answers a question over two providers' files end to end; --json prints one line of JSON",
    run: async (args) => (await import("./demo/demo.ts")).demo(args),
  },
  verify: {
    usage: "verify BUNDLE.json --trust TRUST.json [--block HASH] [--json]",
    does: "checks an evidence bundle offline; exit 0 only if all holds, 1 if something fails, 2 if it cannot be read",
    run: async (args) => (await import("../verifier/command.ts")).verifyCommand(args),
  },
  status: {
    usage: "status --config CONNECTOR.json [--watch] [--json]",
    does: "shows how the stages of a running connector stand",
    run: async (args) => (await import("./status/command.ts")).status(args),
  },
  "dead-letters": {
    usage:
      "dead-letters list|show|redrive [LETTER …] --config CONNECTOR.json [--region R] [--stage S,…] [--code C] " +
      "[--since TIME] [--limit N] [--all] [--user U --password-file F] [--json]",
    does: "what stages could not accept: lists it, shows letters, or puts their originals back on their topics",
    run: async (args) => (await import("./dead-letters/command.ts")).deadLetters(args),
  },
  bench: {
    usage: "bench NAME [--json]",
    does: "measures beside a reference in one run: hops or restore; --json ends with one line of JSON",
    run: async (args) => (await import("../../bench/bench.ts")).bench(args),
  },
  test: {
    usage: "test [--unit] [--integration] [--faults [--minutes N] [--seed N]] [--verbose] [PART …]",
    does: "runs all tests, real parts included, or some",
    run: async (args) => (await import("../../scripts/test.ts")).test(args),
  },
  simulate: {
    usage: "simulate [--seeds N] [--from K] [--seed S] [--mutants] [--json]",
    does: "plays whole pipelines in memory under faults, one run a seed; --mutants shows that defects are caught",
    run: async (args) => (await import("../../simulation/command.ts")).simulate(args),
  },
  check: {
    usage: "check",
    does: "checks format, types, lint, the dependency rule, dead code and generated files",
    run: async (args) => {
      parseArgs({ args, options: {} });
      return (await import("../../scripts/check.ts")).check();
    },
  },
  help: {
    usage: "help",
    does: "says what there is",
    run: (args) => {
      parseArgs({ args, options: {} });
      const width = Math.max(...Object.keys(commands).map((name) => name.length));
      const lines = Object.entries(commands).map(([name, { does }]) => `  ${name.padEnd(width)}  ${does}`);
      console.log(["Usage: ./pavilion COMMAND [OPTIONS]", "", ...lines].join("\n"));
      return Promise.resolve(0);
    },
  },
};

/** Exit codes: 0 done, 1 failed, 2 not understood. */
async function main([given = "help", ...args]: string[]): Promise<number> {
  const name = given === "-h" || given === "--help" ? "help" : given;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    return fail(new PavilionError("UNKNOWN_COMMAND", `There is no command ${name}.`), 2);
  }
  if (args.includes("--help") || args.includes("-h")) {
    console.log(`Usage: ./pavilion ${command.usage}\n\n  ${command.does}`);
    return 0;
  }
  try {
    return await command.run(args);
  } catch (error) {
    if (error instanceof PavilionError) return fail(error, 1);
    if (error instanceof CryptoError)
      return fail(new PavilionError("INTERNAL_ERROR", `${error.code}: ${error.message}`), 1);
    if (isMisuse(error)) {
      return fail(
        new PavilionError("UNKNOWN_COMMAND", error.message, `Usage: ./pavilion ${command.usage}`),
        2,
      );
    }
    throw error;
  }
}

function fail(error: PavilionError, exitCode: number): number {
  console.error(`pavilion: ${error.code}: ${error.message}\n  ${error.remedy}`);
  return exitCode;
}

/** parseArgs's own errors. */
const isMisuse = (error: unknown): error is Error =>
  error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");

// Whoever reads the output may stop reading: the process then ends as by SIGPIPE.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(128 + constants.signals.SIGPIPE);
});

process.exitCode = await main(process.argv.slice(2));
