/**
 * The provider's agent, one process a provider:
 *
 *   main.ts --config agent.json serve
 *   main.ts --config agent.json push --collaboration C [--timeout SECONDS] FILE.csv
 *
 * A push tells its progress and its failure as JSON lines on stderr, its summary as one JSON line on stdout. Exit codes:
 * 0 done, 1 failed, 2 not understood.
 */
import { parseArgs } from "node:util";
import { CryptoError } from "../../crypto/errors.ts";
import { endingBySignal } from "../../runtime/ending.ts";
import { PavilionError } from "../../runtime/errors.ts";
import { describeError, openLog } from "../../runtime/log.ts";
import { secondsIn } from "../../runtime/waits.ts";
import { agentPlanOf, openAgent, readAgentConfig } from "./agent.ts";
import { Progress } from "./progress.ts";
import { pushFile } from "./push.ts";
import { serve } from "./serve.ts";

type Order =
  | { readonly command: "serve"; readonly config: string }
  | {
      readonly command: "push";
      readonly config: string;
      readonly collaboration: string;
      readonly file: string;
      readonly timeoutMs: number;
    };

const usage =
  "Use --config FILE serve, or --config FILE push --collaboration ID [--timeout SECONDS] FILE.csv.";
const timeoutDefaultSeconds = 300;

/** Throws UNKNOWN_COMMAND. */
function parseOrder(args: string[]): Order {
  const { values, positionals } = parseOptions(args);
  const [command, file, ...rest] = positionals;
  const { config, collaboration } = values;
  const seconds = values.timeout === undefined ? timeoutDefaultSeconds : secondsIn(values.timeout);
  if (config === undefined || rest.length > 0 || seconds === undefined) throw misunderstood();
  if (command === "serve" && file === undefined) return { command, config };
  if (command !== "push" || file === undefined || collaboration === undefined) throw misunderstood();
  return { command, config, collaboration, file, timeoutMs: seconds * 1000 };
}

function parseOptions(args: string[]) {
  const text = { type: "string" } as const;
  try {
    const options = { config: text, collaboration: text, timeout: text };
    return parseArgs({ args, allowPositionals: true, options });
  } catch {
    throw misunderstood();
  }
}

const misunderstood = (): PavilionError =>
  new PavilionError("UNKNOWN_COMMAND", "The agent's arguments are not understood.", usage);

async function run(order: Order): Promise<void> {
  const config = readAgentConfig(order.config);
  // A push is somebody's command: what it prints on stdout is its summary, so only trouble is logged there.
  const level = order.command === "push" && config.logLevel === "info" ? "warn" : config.logLevel;
  const log = openLog({ service: "provider-agent", provider: config.provider }, level);
  const agent = await openAgent(agentPlanOf(config), log);
  try {
    if (order.command === "serve") {
      await serve(agent, endingBySignal());
      return;
    }
    const { collaboration, file, timeoutMs } = order;
    const progress = new Progress((line) => {
      process.stderr.write(`${JSON.stringify(line)}\n`);
    });
    const summary = await pushFile(agent, { collaboration, file, timeoutMs, progress });
    process.stdout.write(`${JSON.stringify(summary)}\n`);
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
