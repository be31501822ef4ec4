/**
 * A chain in miniature for the verifier's tests: the anchors of one account in one contract, a real state trie (by
 * @ethereumjs/mpt) under a real header, at times that the test chooses. A real node's proofs are in test/integration.
 */
import { createHash } from "node:crypto";
import { createMerkleProof, createMPT } from "@ethereumjs/mpt";
import { encodeRlp, keccak256, toBeHex } from "ethers";
import { anchorState, EMPTY_STATE, type AnchorLink } from "../anchor-state.ts";
import { bytesOf, hexOf } from "../hex.ts";
import { stateSlot } from "../state-proof.ts";
import type { ChainEvidence } from "../../../schemas/json/evidence-bundle.ts";

export type ChainProof = Omit<ChainEvidence, "chainId" | "contract" | "anchorer" | "before" | "links">;

/** Where a connector anchors its log. */
export interface EvidenceChain {
  readonly chainId: number;
  readonly contract: string;
  readonly anchorer: string;
  /** Anchors a tree; `time`, in seconds, is a wish that a real chain does not grant. */
  readonly anchor: (tree: { size: number; root: string }, time: number) => Promise<AnchorLink>;
  /** The state after the last anchor. */
  readonly prove: () => Promise<ChainProof>;
}

const hashed = (text: string, length: number): string =>
  `0x${createHash("sha256")
    .update(text)
    .digest("hex")
    .slice(0, 2 * length)}`;

/** A chain of its own for each name. */
export function miniatureChain(name: string): EvidenceChain {
  const contract = hashed(`${name} contract`, 20);
  const anchorer = hashed(`${name} anchorer`, 20);
  let state = EMPTY_STATE;
  let last = { time: 0, block: 100 };
  return {
    chainId: 11_155_111,
    contract,
    anchorer,
    anchor: ({ size, root }, time) => {
      const link = { previous: state, root: `0x${root}`, size, time };
      state = anchorState(link, anchorer);
      last = { time, block: last.block + 1 };
      return Promise.resolve(link);
    },
    prove: () => proofOf({ name, contract, anchorer, state, ...last }),
  };
}

interface Block {
  readonly name: string;
  readonly contract: string;
  readonly anchorer: string;
  readonly state: string;
  readonly time: number;
  readonly block: number;
}

async function proofOf({ name, contract, anchorer, state, time, block }: Block): Promise<ChainProof> {
  const bytes = (text: string): Uint8Array => bytesOf(text, "TEST");
  const storage = await createMPT({ useKeyHashing: true });
  const slot = bytes(stateSlot(anchorer));
  await storage.put(slot, bytes(encodeRlp(state.replace(/^0x(00)+/, "0x"))));
  const others = Array.from({ length: 20 }, (_, index) => hashed(`${name} other ${String(index)}`, 32));
  for (const other of others) await storage.put(bytes(other), bytes(encodeRlp("0x2a")));
  const accounts = await createMPT({ useKeyHashing: true });
  const account = encodeRlp(["0x01", "0x", hexOf(storage.root()), hashed("code", 32)]);
  await accounts.put(bytes(contract), bytes(account));
  for (const other of others) await accounts.put(bytes(other.slice(0, 42)), bytes(account));
  const word = hashed(name, 32);
  const [stateRoot, number, timestamp] = [hexOf(accounts.root()), toBeHex(block), toBeHex(time)];
  const header = encodeRlp([
    ...[word, word, contract, stateRoot, word, word, `0x${"00".repeat(256)}`],
    ...["0x", number, "0x01c9c380", "0x5208", timestamp, "0x", word, "0x0000000000000000", "0x07"],
  ]);
  return {
    block,
    blockHash: keccak256(header),
    header,
    accountProof: (await createMerkleProof(accounts, bytes(contract))).map(hexOf),
    storageProof: (await createMerkleProof(storage, slot)).map(hexOf),
  };
}
