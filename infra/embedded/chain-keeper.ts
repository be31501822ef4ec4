/**
 * The one way to the embedded chain's node, which changes nothing that is not in the journal first: whatever a reader was
 * shown is there again after any crash, with the same hashes.
 *
 * Changes are made one after another. Where it stays open whether the node made one, the node is ended: the journal counts,
 * and the next start makes it.
 */
import { PavilionError } from "../../errors/errors.ts";
import type { RunningAnvil } from "./anvil.ts";
import type { ChainJournal, Entry } from "./chain-journal.ts";
import type { RpcAnswer } from "./json-rpc.ts";

/** What may be asked: all of it reads. A development node's other methods set clocks and undo blocks. */
const questions = new Set([
  ...["eth_accounts", "eth_blockNumber", "eth_call", "eth_chainId", "eth_estimateGas", "eth_feeHistory"],
  ...["eth_gasPrice", "eth_getBalance", "eth_getBlockByHash", "eth_getBlockByNumber", "eth_getCode"],
  ...["eth_getLogs", "eth_getProof", "eth_getStorageAt", "eth_getTransactionByHash"],
  ...["eth_getTransactionCount", "eth_getTransactionReceipt", "eth_maxPriorityFeePerGas", "eth_syncing"],
  ...["net_version", "web3_clientVersion"],
]);

export class ChainKeeper {
  readonly #node: RunningAnvil;
  readonly #journal: ChainJournal;
  /** The newest block's time, in seconds. */
  #time: number;
  #changing: Promise<unknown> = Promise.resolve();

  /** Makes the node's chain what the journal says. PART_START_FAILED. */
  static async over(node: RunningAnvil, journal: ChainJournal): Promise<ChainKeeper> {
    const latest = await newestBlock(node);
    // A node that was handed a state goes on from the machine's time; the journal's are earlier.
    await node.rpc.result("anvil_setTime", [latest.time]);
    const keeper = new ChainKeeper(node, journal, latest.time);
    for await (const entry of journal.entries()) await keeper.#replay(entry);
    return keeper;
  }

  private constructor(node: RunningAnvil, journal: ChainJournal, time: number) {
    this.#node = node;
    this.#journal = journal;
    this.#time = time;
  }

  /** Answers as a node does. */
  async answer(method: string, params: unknown): Promise<RpcAnswer> {
    if (questions.has(method)) return this.#node.rpc.ask(method, params);
    const change = changes.get(method);
    if (change === undefined) return { error: { code: -32601, message: `${method} is not answered here` } };
    const entry = change(params, () => Math.max(Math.floor(Date.now() / 1000), this.#time + 1));
    if (entry === undefined) return { error: { code: -32602, message: `${method} does not take that` } };
    const made = this.#changing.then(() => this.#make(entry()));
    this.#changing = made.catch(() => undefined);
    return made;
  }

  /** Resolves once the change under way is made. */
  async settle(): Promise<void> {
    await this.#changing;
  }

  async #make(entry: Change): Promise<RpcAnswer> {
    const takeBack = await this.#journal.append(entry);
    try {
      const answer = await this.#tell(entry);
      if (answer.error !== undefined) {
        await takeBack();
        // What was refused left nothing, but for the block before the money.
        if ("fund" in entry) throw new Error("the node gives no money");
        return answer;
      }
      const block = await this.#mined(entry);
      if (block !== undefined) await this.#journal.note({ block });
      return answer;
    } catch (error) {
      await this.#node.stop(0);
      throw error;
    }
  }

  /**
   * Money has two blocks of its own, one before it and one after: it goes into the newest block's state, whose header does not say
   * so, and no proof of that block would hold any more.
   */
  async #tell(entry: Change): Promise<RpcAnswer> {
    if ("send" in entry) return this.#node.rpc.ask("eth_sendRawTransaction", [entry.send]);
    if (entry.at !== undefined) await this.#mine(entry.at);
    return this.#node.rpc.ask("anvil_setBalance", [entry.fund, entry.wei]);
  }

  /** The hash of the block that the change ends with; undefined for money of earlier versions' journals. */
  async #mined(entry: Change): Promise<string | undefined> {
    if (entry.at === undefined) return undefined;
    await this.#mine("send" in entry ? entry.at : entry.at + 1);
    return (await newestBlock(this.#node)).hash;
  }

  async #mine(at: number): Promise<void> {
    await this.#node.rpc.result("evm_mine", [at]);
    this.#time = at;
  }

  async #replay(entry: Entry): Promise<void> {
    if ("genesis" in entry) return;
    if ("block" in entry) {
      if (entry.block !== this.#replayed) throw otherBlock(entry.block);
      return;
    }
    // What the node refuses, it refused before: the crash came before it was taken back.
    const { error } = await this.#tell(entry);
    if (error === undefined) this.#replayed = await this.#mined(entry);
  }

  /** The block that the line before led to. */
  #replayed: string | undefined;
}

type Change = Extract<Entry, { send: string } | { fund: string }>;

/** An entry for what a method is handed, once its turn has come; undefined for parameters that are none. */
type Reading = (params: unknown, time: () => number) => (() => Change) | undefined;

/** Each method that changes the chain. */
const changes: ReadonlyMap<string, Reading> = new Map<string, Reading>([
  [
    "eth_sendRawTransaction",
    (params, time) => {
      const [send] = listOf(params);
      return isHex(send) ? () => ({ send, at: time() }) : undefined;
    },
  ],
  [
    "anvil_setBalance",
    (params, time) => {
      const [fund, wei] = listOf(params);
      const isAccount = isHex(fund) && fund.length === 42;
      return isAccount && isHex(wei) && wei.length <= 66 ? () => ({ fund, wei, at: time() }) : undefined;
    },
  ],
]);

const listOf = (params: unknown): readonly unknown[] => (Array.isArray(params) ? (params as unknown[]) : []);
const isHex = (value: unknown): value is string => typeof value === "string" && /^0x[0-9a-f]+$/i.test(value);

async function newestBlock({ rpc }: RunningAnvil): Promise<{ hash: string; time: number }> {
  const block = await rpc.result("eth_getBlockByNumber", ["latest", false]);
  const { hash, timestamp } = block as { hash: string; timestamp: string };
  return { hash, time: Number(timestamp) };
}

const otherBlock = (hash: string): PavilionError =>
  new PavilionError(
    "PART_START_FAILED",
    `The chain's journal does not lead to block ${hash} again: this is a different anvil from the one that made it.`,
    "Start the stack with the version of the project that made it.",
  );
