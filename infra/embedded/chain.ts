/**
 * The embedded chain: anvil, a development node, on the loopback address unless it is told another. Every transaction is
 * mined at once in a block of its own; there are no other miners, no fees worth the name, and no finality. Its state lies in
 * the folder, written every few seconds and when it is stopped, and is taken up again at the next start; a kill loses what
 * came since.
 *
 * Promises: no account has money by itself, so none of the keys that development nodes share can send anything. There
 * is no log-in: whoever reaches the port can give itself money, set clocks and undo blocks. Web pages cannot reach it.
 */
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PavilionError } from "../../runtime/errors.ts";
import { freePort, requireFree } from "./ports.ts";
import { startProcess, untilReady } from "./process.ts";

export const CHAIN_ID = 31337;

const startLimitMs = 20_000;
const requestLimitMs = 5000;
const secondsBetweenWrites = 5;
/** 1,000 ether, far more than an anchorer spends in its life on a chain of its own. */
const fundWei = 1000n * 10n ** 18n;

export interface ChainOptions {
  /** Its folder, absolute; made if absent. One running chain a folder. */
  readonly dir: string;
  /** A free one is chosen where none is given. */
  readonly port?: number;
  /** The loopback address by default. */
  readonly listenOn?: string;
}

export interface RunningChain {
  readonly name: string;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly chainId: number;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when the process is gone, with how it ended. */
  readonly exited: Promise<string>;
  readonly stop: (graceMs?: number) => Promise<void>;
}

/** Starts the chain and resolves when it answers. PART_MISSING, PART_START_FAILED. */
export async function startChain(options: ChainOptions): Promise<RunningChain> {
  const { dir } = options;
  const command = anvilBinary();
  const logFile = join(dir, "chain.log");
  const port = options.port ?? (await freePort());
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await requireFree("anvil", port);
  const chain = await startProcess({
    name: "anvil",
    command,
    args: settings(dir, port, options.listenOn ?? "127.0.0.1"),
    cwd: dir,
    logFile,
  });
  const url = `http://127.0.0.1:${String(port)}`;
  await untilReady(chain, () => answers(url), startLimitMs);
  const { name, pid, exited, stop } = chain;
  return { name, url, chainId: CHAIN_ID, pid, logFile, exited, stop };
}

/** Gives an account of the embedded chain its money. PART_START_FAILED where the chain does not do it. */
export async function fundAccount(url: string, address: string): Promise<void> {
  const answer = await ask(url, "anvil_setBalance", [address, `0x${fundWei.toString(16)}`]);
  if (answer !== undefined && "result" in answer) return;
  throw new PavilionError("PART_START_FAILED", "anvil does not fund an account.", "See its log.");
}

/** The platform's own program: npm's wrapper around it would be one process more, which a kill does not reach through. */
function anvilBinary(): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const wrapper = createRequire(import.meta.url).resolve("@foundry-rs/anvil/package.json");
  try {
    return createRequire(wrapper).resolve(`@foundry-rs/anvil-${process.platform}-${architecture}/bin/anvil`);
  } catch (cause) {
    throw new PavilionError(
      "PART_MISSING",
      "anvil is not installed for this platform.",
      "Run npm install with optional dependencies.",
      { cause },
    );
  }
}

function settings(dir: string, port: number, listenOn: string): string[] {
  return [
    ...["--host", listenOn, "--port", String(port), "--no-cors"],
    ...["--chain-id", String(CHAIN_ID), "--accounts", "0"],
    ...["--state", join(dir, "state.json"), "--state-interval", String(secondsBetweenWrites)],
    // Proofs are asked for of blocks before the last start too.
    ...["--preserve-historical-states", "--cache-path", join(dir, "cache")],
    "--quiet",
  ];
}

async function answers(url: string): Promise<boolean> {
  const answer = await ask(url, "eth_chainId", []);
  return answer?.result === `0x${CHAIN_ID.toString(16)}`;
}

/** Undefined where there is no answer; why stands in the chain's own log. */
async function ask(
  url: string,
  method: string,
  params: readonly unknown[],
): Promise<{ readonly result?: unknown } | undefined> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      signal: AbortSignal.timeout(requestLimitMs),
    });
    return (await response.json()) as { readonly result?: unknown };
  } catch {
    return undefined;
  }
}
