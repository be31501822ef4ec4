/**
 * Fetching the proof of a log's state in a block: the header, put together again from what the node tells of the block,
 * and the two paths of EIP-1186.
 *
 * Promises: what is returned was verified as a verifier will. A node that answers with a proof which does not hold,
 * also because the chain was reorganised between two questions, is refused with CHAIN_UNAVAILABLE.
 */
import { encodeRlp, keccak256 } from "ethers";
import { CryptoError } from "../../crypto/errors.ts";
import { stateSlot, verifyStateProof, type StateProof } from "../../crypto/ethereum/state-proof.ts";
import { PavilionError } from "../../errors/errors.ts";
import { hex, list, nonsense, quantity, record, tag, type Block, type ChainNode } from "./node.ts";

/** A header's fields in their order; later forks added those from baseFeePerGas on, and a chain has the first so many. */
const HEADER_FIELDS = [
  ...["parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom"],
  ...["difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce"],
  ...[
    "baseFeePerGas",
    "withdrawalsRoot",
    "blobGasUsed",
    "excessBlobGas",
    "parentBeaconBlockRoot",
    "requestsHash",
  ],
] as const;
/** Numbers, written without leading zeros; all others are bytes as they are. */
const QUANTITIES = new Set<string>([
  ...["difficulty", "number", "gasLimit", "gasUsed", "timestamp"],
  ...["baseFeePerGas", "blobGasUsed", "excessBlobGas"],
]);

/** The state of the anchorer's log in the contract, proven in that block. CHAIN_UNAVAILABLE. */
export async function proveState(
  node: ChainNode,
  where: { readonly contract: string; readonly anchorer: string; readonly block: number },
): Promise<StateProof> {
  const { contract, anchorer, block: number } = where;
  const block = await node.block(number);
  if (block === undefined) {
    throw new PavilionError("CHAIN_UNAVAILABLE", "The chain's node does not have the block.");
  }
  const method = "eth_getProof";
  const answer = record(method, await node.ask(method, [contract, [stateSlot(anchorer)], tag(number)]));
  const [slot] = list(method, answer.storageProof);
  const nodes = (value: unknown): string[] => list(method, value).map((one) => hex(method, one));
  const proof = {
    header: await headerOf(node, block),
    accountProof: nodes(answer.accountProof),
    storageProof: nodes(record(method, slot).proof),
  };
  try {
    verifyStateProof({ blockHash: block.hash, contract, anchorer }, proof);
  } catch (error) {
    if (error instanceof CryptoError) throw nonsense(method);
    throw error;
  }
  return proof;
}

/** The block's header in RLP. Chains with fields of their own must give it themselves. */
async function headerOf(node: ChainNode, { number, hash, fields }: Block): Promise<string> {
  const built = encodeRlp(
    HEADER_FIELDS.filter((name) => (fields[name] ?? null) !== null).map((name) =>
      encoded(name, fields[name]),
    ),
  );
  if (keccak256(built) === hash) return built;
  const method = "debug_getRawHeader";
  return hex(method, await node.ask(method, [tag(number)]));
}

function encoded(name: string, value: unknown): string {
  const method = "eth_getBlockByNumber";
  if (!QUANTITIES.has(name)) return hex(method, value);
  const digits = quantity(method, value).toString(16);
  if (digits === "0") return "0x";
  return `0x${digits.length % 2 === 0 ? "" : "0"}${digits}`;
}
