/**
 * A chain in memory for a run, with the state proofs of a real one.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { miniatureChain, type ChainProof } from "../../../crypto/ethereum/testing/miniature-chain.ts";
import type { Anchored } from "../../../stages/anchoring/anchors.ts";
import type { AnchoringPorts } from "../../../stages/anchoring/stage.ts";

/** Includes an anchor when it is asked for the second time, and says the same of it ever after. */
export function memoryChain(): AnchoringPorts["chain"] {
  const chain = miniatureChain("pipeline");
  const { chainId, contract, anchorer } = chain;
  const sent = new Set<string>();
  const stood = new Map<string, { anchored: Anchored; proof: ChainProof }>();
  return {
    chainId,
    contract,
    anchorer,
    async anchor(last, next) {
      const before = stood.get(next.root);
      if (before !== undefined) return { state: "anchored", ...before.anchored };
      assert.equal(last?.link.root, [...stood.keys()].at(-1), "an anchor follows the last one");
      assert.ok(next.size > (last?.link.size ?? 0));
      if (!sent.has(next.root)) {
        sent.add(next.root);
        return { state: "pending" };
      }
      const link = await chain.anchor({ size: next.size, root: next.root.slice(2) }, stood.size + 1);
      const proof = await chain.prove();
      const { block, blockHash } = proof;
      const transaction = `0x${createHash("sha256").update(link.root).digest("hex")}`;
      const anchored = { link, transaction, block, blockHash };
      stood.set(next.root, { anchored, proof });
      return { state: "anchored", ...anchored };
    },
    prove(block) {
      const found = [...stood.values()].find(({ proof }) => proof.block === block);
      assert.ok(found);
      return Promise.resolve(found.proof);
    },
    after: (last) =>
      Promise.resolve(
        [...stood.values()]
          .map(({ anchored }) => anchored.link)
          .filter(({ size }) => size > (last?.link.size ?? 0)),
      ),
    standing: (anchors) => Promise.resolve(anchors.length),
  };
}
