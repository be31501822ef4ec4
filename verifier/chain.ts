/**
 * The anchors: what the contract held of the log in a block whose hash the auditor trusts, and the anchors that this
 * state is made of.
 */
import { anchorState } from "../crypto/ethereum/anchor-state.ts";
import { readHeader } from "../crypto/ethereum/header.ts";
import { bytesOf } from "../crypto/ethereum/hex.ts";
import { verifyStateProof } from "../crypto/ethereum/state-proof.ts";
import type { ReadRequest } from "../domain/terms/request.ts";
import type { AnchorLink, EvidenceBundleDocument } from "../schemas/json/evidence-bundle.ts";
import type { Trust, TrustedRegion } from "../schemas/json/trust.ts";
import { require } from "./checklist.ts";

/** A request may be dated this much before the seed's anchor: what two clocks may differ by. */
const SKEW_MS = 300_000;

/** The bundle is of the chain, contract and account that are trusted. */
export function trustedContract(
  { log: { chain } }: EvidenceBundleDocument,
  trust: Trust,
  { anchorer }: TrustedRegion,
): true {
  require(chain.chainId === trust.chain.id, "The anchor is on another chain.");
  require(chain.contract === trust.chain.contract, "The anchor is in another contract.");
  require(chain.anchorer === anchorer, "Another account anchored.");
  return true;
}

/** What the contract held of the log, 32 bytes in hexadecimal. `trusted` is the hash of a block, if any is. */
export function provenState(
  { log: { chain } }: EvidenceBundleDocument,
  { contract, anchorer, trusted }: { contract: string; anchorer: string; trusted: string | null },
): { readonly state: string } {
  // The bundle's own hash is not shown: whoever takes it from there trusts the bundle.
  require(trusted !==
    null, `No block is trusted. Look up block ${String(chain.block)} at a node of your own, and give its hash with --block.`);
  require(chain.blockHash === trusted, "The proof is of another block than the trusted one.");
  const { number } = readHeader(bytesOf(chain.header, "STATE_PROOF_INVALID"));
  require(number === chain.block, "The block has another number.");
  return { state: verifyStateProof({ blockHash: trusted, contract, anchorer }, chain) };
}

/** The anchors lead to the proven state. Answers with the first, the seed's. */
export function linkedAnchors(
  { log: { chain } }: EvidenceBundleDocument,
  { state: proven }: { readonly state: string },
): AnchorLink {
  const [first] = chain.links;
  require(first !== undefined, "There are no anchors.");
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

/** The seed's anchor is no later than the request. */
export function seedFirst(anchor: AnchorLink, { issuedAt }: ReadRequest): true {
  require(anchor.time * 1000 <= issuedAt + SKEW_MS, "The seed was anchored after the request was issued.");
  return true;
}
