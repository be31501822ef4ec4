/**
 * anvil, a development node, as a process of its own on the loopback address. There are no other miners, no fees worth the
 * name, and no finality.
 *
 * Promises: no account has money by itself, so none of the keys that development nodes share can send anything. It holds
 * its chain in memory alone, and there is no log-in: whoever reaches the port can give itself money, set clocks and undo
 * blocks. chain.ts stands in front of it where a chain is to be kept; tests of what chains do use it as it is.
 */
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PavilionError } from "../../errors/errors.ts";
import { JsonRpc } from "./json-rpc.ts";
import { startProcess, untilReady, type PartProcess } from "./process.ts";

export const CHAIN_ID = 31337;

const startLimitMs = 20_000;
/** Named, so that another version of anvil makes the same blocks of the same transactions. */
const hardfork = "bpo1";

export interface AnvilOptions {
  /** Its folder, absolute; it exists. */
  readonly dir: string;
  readonly port: number;
  /** "each": a transaction is mined at once in a block of its own. "told": a block is made when somebody asks for it. */
  readonly mining: "each" | "told";
  /** The genesis block's time, in seconds; the machine's by default. */
  readonly genesis?: number;
  /** A state that anvil once wrote, to begin with. */
  readonly stateFile?: string;
}

export interface RunningAnvil extends PartProcess {
  readonly url: string;
  readonly rpc: JsonRpc;
}

/** Starts the node and resolves when it answers. PART_MISSING, PART_START_FAILED. */
export async function startAnvil(options: AnvilOptions): Promise<RunningAnvil> {
  const { dir, port } = options;
  // What a killed one left of its states; each start makes its own.
  rmSync(join(dir, "cache"), { recursive: true, force: true });
  const node = await startProcess({
    name: "anvil",
    command: anvilBinary(),
    args: argumentsOf(options),
    cwd: dir,
    logFile: join(dir, "chain.log"),
  });
  const url = `http://127.0.0.1:${String(port)}`;
  const rpc = new JsonRpc(url);
  await untilReady(node, () => answers(rpc), startLimitMs);
  return { ...node, url, rpc };
}

function argumentsOf({ dir, port, mining, genesis, stateFile }: AnvilOptions): string[] {
  return [
    ...["--host", "127.0.0.1", "--port", String(port), "--no-cors"],
    ...["--chain-id", String(CHAIN_ID), "--accounts", "0", "--hardfork", hardfork],
    ...(mining === "told" ? ["--no-mining"] : []),
    ...(genesis === undefined ? [] : ["--timestamp", String(genesis)]),
    ...(stateFile === undefined ? [] : ["--load-state", stateFile]),
    // States that no longer fit in memory; proofs are asked for of older blocks too.
    ...["--cache-path", join(dir, "cache")],
    "--quiet",
  ];
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

async function answers(rpc: JsonRpc): Promise<boolean> {
  const answer = await rpc.ask("eth_chainId", []).catch(() => undefined);
  return answer?.result === `0x${CHAIN_ID.toString(16)}`;
}
