/**
 * What the log needs no longer goes: anchors that no receipt can begin with, and hashes of which no proof is made.
 */
import { withChanges } from "../../runtime/contract/changed-state.ts";
import type { Change, StateView } from "../../runtime/contract/state.ts";
import { anchorAt, anchorHolding, firstAnchor, forgetAnchors } from "./anchors.ts";
import { oldestKept } from "./leaves.ts";
import { forgetNodes } from "./log.ts";
import { oldestAnchor, oldestSeed } from "./seeds.ts";

/** Forgets, so much at once, what nothing can be asked of any more. */
export function forgetBeginning(state: StateView): Change[] {
  const kept = oldestKept(state);
  // A receipt may begin with a seed's anchor, or with that of a request's first leaf.
  const anchors = forgetAnchors(Math.min(oldestAnchor(state), anchorHolding(kept, state)), state);
  const left = withChanges(state, anchors);
  // Proofs are about what the anchors from the first on hold, about seeds, and about leaves that wait or are kept.
  const first = anchorAt(firstAnchor(left), left);
  return [...anchors, ...forgetNodes(Math.min(first?.link.size ?? 0, kept, oldestSeed(left)), left)];
}
