/**
 * The anchors: what the contract held of the log in a block whose hash the auditor trusts, and the anchors that this
 * state is made of.
 */
import { anchorState } from "../crypto/ethereum/anchor-state.ts";
import { readHeader } from "../crypto/ethereum/header.ts";
import { bytesOf } from "../crypto/ethereum/hex.ts";
import { verifyStateProof } from "../crypto/ethereum/state-proof.ts";
import type { AnchorLink, ChainEvidence } from "../schemas/json/evidence-bundle.ts";
import type { Trust, TrustedRegion } from "../schemas/json/trust.ts";
import { require, type Checks } from "./checklist.ts";
import type { Roots } from "./kind.ts";

export type ChainCheck = "chain-contract" | "chain-state" | "chain-links";

/** What a check shows that rests on the trusted chain: nothing to outsiders where that is a development one. */
export const chainStatus = (trust: Trust | undefined): "proven" | "development" =>
  trust?.chain.development === true ? "development" : "proven";

/** Checks that the chain holds the region's log. Answers with the first of the anchors that the evidence shows. */
export function checkChain(
  checks: Checks<ChainCheck>,
  chain: ChainEvidence | undefined,
  region: TrustedRegion | undefined,
  { trust, block }: Roots,
): AnchorLink | undefined {
  const status = chainStatus(trust);
  const contract = checks.make("chain-contract", [chain, trust, region], trustedContract, status);
  const claim = trust &&
    region && {
      contract: trust.chain.contract,
      anchorer: region.anchorer,
      trusted: block ?? trust.block,
    };
  const state = checks.make("chain-state", [chain, contract && claim], provenState, status);
  return checks.make("chain-links", [chain, state], linkedAnchors, status);
}

/** The evidence is of the chain, contract and account that are trusted. */
function trustedContract(chain: ChainEvidence, trust: Trust, { anchorer }: TrustedRegion): true {
  require(chain.chainId === trust.chain.id, "The anchor is on another chain.");
  require(chain.contract === trust.chain.contract, "The anchor is in another contract.");
  require(chain.anchorer === anchorer, "Another account anchored.");
  return true;
}

/** What the contract held of the log, 32 bytes in hexadecimal. `trusted` is the hash of a block, if any is. */
function provenState(
  chain: ChainEvidence,
  { contract, anchorer, trusted }: { contract: string; anchorer: string; trusted: string | null },
): { readonly state: string } {
  // The bundle's own hash is not shown: whoever takes it from there trusts the bundle.
  require(trusted !==
    null, `No block is trusted. Look up block ${String(chain.block)} at a node of your own, and give its hash with --block.`);
  require(chain.blockHash === trusted, "The proof is of a different block from the trusted one.");
  const { number } = readHeader(bytesOf(chain.header, "STATE_PROOF_INVALID"));
  require(number === chain.block, "The block does not have the number that the bundle states.");
  return { state: verifyStateProof({ blockHash: trusted, contract, anchorer }, chain) };
}

/** The anchors lead to the proven state. Answers with the first. */
function linkedAnchors(chain: ChainEvidence, { state: proven }: { readonly state: string }): AnchorLink {
  const [first] = chain.links;
  require(first !== undefined, "The bundle shows no anchors.");
  let state = chain.before;
  let before = { size: 0, time: 0 };
  for (const { root, size, time } of chain.links) {
    require(size > before.size &&
      time >= before.time, "An anchor is smaller or earlier than the one before.");
    state = anchorState({ previous: state, root: `0x${root}`, size, time }, chain.anchorer);
    before = { size, time };
  }
  require(state === proven, "The anchors do not lead to the contract's state.");
  return first;
}
