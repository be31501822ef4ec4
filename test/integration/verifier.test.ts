import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { releaseCircuit, type ReleaseInput } from "../../pipelines/private-computation/circuit.ts";
import { openProver, type Prover } from "../../runtime/prover/prover.ts";
import type { Anchored } from "../../runtime/chain/anchor-contract.ts";
import type { EvidenceBundleDocument } from "../../schemas/json/evidence-bundle.ts";
import type { Trust } from "../../schemas/json/trust.ts";
import { holds } from "../../verifier/checklist.ts";
import { verify } from "../../verifier/verify.ts";
import type { EvidenceChain } from "../../crypto/ethereum/testing/miniature-chain.ts";
import { connectorNamed, partiesNamed, trustIn } from "../evidence-terms.ts";
import { evidenceOf, fullQuestion, shortQuestion } from "../evidence.ts";
import type { Lies } from "../evidence-lies.ts";
import { anchored, anchorerOn, fundedKey, startTestChain, type TestChain } from "./chain-log.ts";

let chain: TestChain;
let prover: Prover<ReleaseInput>;
const parties = partiesNamed("honest");
const closing: (() => void)[] = [];

before(async () => {
  [chain, prover] = await Promise.all([startTestChain(), openProver(releaseCircuit)]);
});
after(async () => {
  for (const close of closing) close();
  await prover.close();
  await chain.end();
});

/** An account of its own on the real chain, which anchors as the anchoring stage does. */
async function account(): Promise<EvidenceChain> {
  const anchorer = anchorerOn(chain, await fundedKey(chain));
  closing.push(() => {
    anchorer.close();
  });
  let last: Anchored | undefined;
  return {
    chainId: anchorer.chainId,
    contract: anchorer.contract,
    anchorer: anchorer.anchorer,
    anchor: async ({ size, root }) => {
      last = await anchored(anchorer, last, { size, root: `0x${root}` });
      return last.link;
    },
    prove: async () => {
      assert.ok(last);
      const { block, blockHash } = last;
      const { header, accountProof, storageProof } = await anchorer.prove(block);
      const proofs = { accountProof: [...accountProof], storageProof: [...storageProof] };
      return { block, blockHash, header, ...proofs };
    },
  };
}

async function answered(question = shortQuestion, lies: Lies = {}) {
  const connector = connectorNamed("honest", await account());
  const bundle = await evidenceOf({ parties, connector, prover, question, nonce: 1, lies });
  const trust = trustIn(parties, connector, bundle.log.chain.blockHash);
  return { bundle, trust: { ...trust, chain: { ...trust.chain, development: true } } };
}

async function failuresOf(bundle: EvidenceBundleDocument, trust: Trust): Promise<string[]> {
  const checklist = await verify(JSON.stringify(bundle), JSON.stringify(trust));
  const failed = checklist.checks.filter(({ status }) => status === "failed").map(({ name }) => name);
  assert.equal(holds(checklist), failed.length === 0);
  return failed;
}

test("an answer that is anchored on a real chain holds, and its chain is told as a development one", async () => {
  const { bundle, trust } = await answered(fullQuestion);
  assert.equal(bundle.log.chain.links.length, 3);
  const checklist = await verify(JSON.stringify(bundle), JSON.stringify(trust));
  assert.ok(holds(checklist));
  assert.equal(checklist.checks.find(({ name }) => name === "chain-state")?.status, "development");
});

test("the node's own block hash is what an auditor looks up", async () => {
  const { bundle, trust } = await answered();
  const { block } = bundle.log.chain;
  const told = (await chain.ask("eth_getBlockByNumber", `0x${block.toString(16)}`, false)) as {
    hash: string;
  };
  assert.deepEqual(await failuresOf(bundle, { ...trust, block: told.hash }), []);
  const before = (await chain.ask("eth_getBlockByNumber", `0x${(block - 1).toString(16)}`, false)) as {
    hash: string;
  };
  assert.deepEqual(await failuresOf(bundle, { ...trust, block: before.hash }), ["chain-state"]);
});

test("another account's anchors in the same contract, and anchors that it never made, show nothing", async () => {
  const { bundle, trust } = await answered();
  const other = await answered();
  const [region] = trust.regions;
  assert.ok(region);
  const theirs = { ...trust, regions: [{ ...region, anchorer: other.bundle.log.chain.anchorer }] };
  assert.deepEqual(await failuresOf(bundle, theirs), ["chain-contract"]);
  const { chain: anchors } = bundle.log;
  const posing = { ...anchors, anchorer: other.bundle.log.chain.anchorer };
  const posed = { ...bundle, log: { ...bundle.log, chain: posing } };
  assert.deepEqual(await failuresOf(posed, theirs), ["chain-state"]);
  const [first, second, third] = anchors.links;
  assert.ok(first && second && third);
  const failuresWith = (links: typeof anchors.links): Promise<string[]> =>
    failuresOf({ ...bundle, log: { ...bundle.log, chain: { ...anchors, links } } }, trust);
  const [grown, linked] = ["log-consistency", "chain-links"];
  assert.deepEqual(await failuresWith([first, third]), [grown, linked]);
  assert.deepEqual(await failuresWith([first, { ...second, size: second.size + 1 }, third]), [grown, linked]);
  assert.deepEqual(await failuresWith([first, second, second, third]), [grown, linked]);
  assert.deepEqual(await failuresWith([{ ...first, time: first.time - 3600 }, second, third]), [linked]);
});

test("a seed that was anchored after the request, by the chain's own clock, is found out", async () => {
  const { bundle, trust } = await answered(shortQuestion, { seedAfterRequest: 301 });
  assert.deepEqual(await failuresOf(bundle, trust), ["seed-before-request"]);
});
