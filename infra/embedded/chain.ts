/**
 * The embedded chain, kept: anvil, and before it the one way to it. Every transaction is mined at once in a block of its
 * own. Whatever an answer has shown is there again after a stop, a kill or a loss of power, with the same block hashes:
 * what is sent is on the disk before the node hears of it, and the next start plays it again, which takes a millisecond or
 * two a transaction.
 *
 * Promises: no account has money by itself. There is no log-in: whoever reaches the port can read, send what it has signed
 * and give itself money; it cannot set clocks or undo blocks. Web pages cannot reach it. The node itself listens on another
 * port of the loopback address, where everything can be done to it: nothing of that outlasts the node.
 */
import { existsSync, mkdirSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { PavilionError } from "../../errors/errors.ts";
import { CHAIN_ID, startAnvil } from "./anvil.ts";
import { answerRpc } from "./chain-front.ts";
import { ChainJournal } from "./chain-journal.ts";
import { ChainKeeper } from "./chain-keeper.ts";
import { JsonRpc } from "./json-rpc.ts";
import { freePort, requireFree } from "./tcp-ports.ts";

/** 1,000 ether, far more than an anchorer spends in its life on a chain of its own. */
const fundWei = 1000n * 10n ** 18n;
const fundAttemptsMax = 3;
const idleConnectionMs = 75_000;

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
  /** The node's. */
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when the chain is gone, with how its node ended. */
  readonly exited: Promise<string>;
  readonly stop: (graceMs?: number) => Promise<void>;
}

/** Starts the chain and resolves when it answers as it did before. PART_MISSING, PART_START_FAILED. */
export async function startChain(options: ChainOptions): Promise<RunningChain> {
  const { dir } = options;
  const port = options.port ?? (await freePort());
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await requireFree("the chain", port);
  const journal = await ChainJournal.open(join(dir, "journal.jsonl"));
  const genesis = await genesisOf(journal);
  // What versions without a journal left: their chain goes on from there.
  const old = join(dir, "state.json");
  const stateFile = existsSync(old) ? { stateFile: old } : {};
  const node = await startAnvil({ dir, port: await freePort(), mining: "told", genesis, ...stateFile });
  try {
    const keeper = await ChainKeeper.over(node, journal);
    const server = await listen(keeper, port, options.listenOn ?? "127.0.0.1");
    const close = async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await keeper.settle();
      await journal.close();
    };
    const exited = node.exited.then(async (how) => {
      await close();
      return how;
    });
    const stop = async (graceMs?: number): Promise<void> => {
      await node.stop(graceMs);
      await exited;
    };
    const { name, pid, logFile } = node;
    return { name, url: `http://127.0.0.1:${String(port)}`, chainId: CHAIN_ID, pid, logFile, exited, stop };
  } catch (error) {
    await node.stop(0);
    await journal.close();
    throw error;
  }
}

async function genesisOf(journal: ChainJournal): Promise<number> {
  if (journal.isEmpty) {
    const genesis = Math.floor(Date.now() / 1000);
    await journal.append({ genesis });
    return genesis;
  }
  for await (const first of journal.entries()) if ("genesis" in first) return first.genesis;
  throw new PavilionError("PART_START_FAILED", "The chain's journal does not begin with its genesis.");
}

async function listen(keeper: ChainKeeper, port: number, host: string): Promise<Server> {
  const server = createServer((request, response) => {
    void answerRpc(keeper, request, response);
  });
  // A client takes an idle connection for open until it hears of its end: the later it is ended, the rarer a request is lost to that.
  server.keepAliveTimeout = idleConnectionMs;
  server.listen(port, host);
  await once(server, "listening");
  return server;
}

/**
 * Gives an account of the embedded chain its money, unless it has half of it still; asked again where no answer comes, since
 * twice is as good as once. PART_START_FAILED where the chain does not do it.
 */
export async function fundAccount(url: string, address: string): Promise<void> {
  const chain = new JsonRpc(url);
  let cause: unknown;
  for (let attempt = 0; attempt < fundAttemptsMax; attempt++) {
    try {
      const balance = await chain.result("eth_getBalance", [address, "latest"]);
      if (typeof balance === "string" && BigInt(balance) >= fundWei / 2n) return;
      await chain.result("anvil_setBalance", [address, `0x${fundWei.toString(16)}`]);
      return;
    } catch (error) {
      cause = error;
    }
  }
  throw new PavilionError(
    "PART_START_FAILED",
    "The chain did not give an account its funds.",
    "See its log.",
    {
      cause,
    },
  );
}
