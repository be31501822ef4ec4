/**
 * The provider's agent, one process a provider:
 *
 *   main.ts --config agent.json serve [--wait]
 *   main.ts --config agent.json push --collaboration C [OPTIONS of ./pavilion provider push] [FILE.csv]
 *
 * A push tells its progress and its failure as JSON lines on stderr, its summary as one JSON line on stdout. Exit codes:
 * 0 done, 1 failed, 2 not understood.
 */
import { parseArgs } from "node:util";
import { CryptoError } from "../../crypto/errors.ts";
import { endingBySignal } from "../../runtime/ending.ts";
import { PavilionError } from "../../errors/errors.ts";
import { describeError, openLog } from "../../runtime/log.ts";
import { agentPlanOf, openAgent, readAgentConfig } from "./agent.ts";
import { Progress } from "./progress.ts";
import { pushCommandOf, pushOptions, runPush, type PushCommand } from "./push-command.ts";
import { serve } from "./serve.ts";

type Order =
  | { readonly command: "serve"; readonly config: string; readonly wait: boolean }
  | { readonly command: "push"; readonly config: string; readonly push: PushCommand };

const usage = "Use --config FILE serve, or --config FILE push --collaboration ID FILE.csv.";

/** Throws UNKNOWN_COMMAND. */
function parseOrder(args: string[]): Order {
  const { values, positionals } = parseOptions(args);
  const [command, ...files] = positionals;
  const { config } = values;
  if (config === undefined) throw misunderstood("There is no --config.");
  if (command === "serve" && files.length === 0) return { command, config, wait: values.wait };
  if (command !== "push") throw misunderstood("There is no such command.");
  return { command, config, push: pushCommandOf(values, files, misunderstood) };
}

function parseOptions(args: string[]) {
  try {
    const options = { config: { type: "string" }, ...pushOptions } as const;
    return parseArgs({ args, allowPositionals: true, options });
  } catch {
    throw misunderstood("The agent's options are not understood.");
  }
}

const misunderstood = (message: string): PavilionError =>
  new PavilionError("UNKNOWN_COMMAND", message, usage);

async function run(order: Order): Promise<void> {
  const config = readAgentConfig(order.config);
  // A push is somebody's command: what it prints on stdout is its summary, so only trouble is logged there.
  const level = order.command === "push" && config.logLevel === "info" ? "warn" : config.logLevel;
  const log = openLog({ service: "provider-agent", provider: config.provider }, level);
  const agent = await openAgent(agentPlanOf(config), log);
  try {
    if (order.command === "serve") {
      await serve(agent, endingBySignal(), { wait: order.wait });
      return;
    }
    const progress = new Progress((line) => {
      process.stderr.write(`${JSON.stringify(line)}\n`);
    });
    process.stdout.write(`${JSON.stringify(await runPush(agent, order.push, progress))}\n`);
  } finally {
    await agent.close();
  }
}

function tellFailure(error: unknown): void {
  const remedy = error instanceof PavilionError ? { remedy: error.remedy } : {};
  process.stderr.write(`${JSON.stringify({ error: { ...describeError(error), ...remedy } })}\n`);
}

try {
  await run(parseOrder(process.argv.slice(2)));
} catch (error) {
  const isExpected = error instanceof PavilionError || error instanceof CryptoError;
  tellFailure(error);
  if (!isExpected && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
  process.exitCode = error instanceof PavilionError && error.code === "UNKNOWN_COMMAND" ? 2 : 1;
}
