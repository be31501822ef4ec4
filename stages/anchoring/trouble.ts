/**
 * What the stage asks of the outside and cannot have at present, and why: told to auditors when it begins, when its
 * reason changes, and not at every tick between.
 */
import type { Change, StateView } from "../../runtime/contract/state.ts";

const LOG = "log";

/** `others`: what a restored region's log lacks that others hold. */
type Outside = "chain" | "seeds" | "others";

export const troubleWith = (outside: Outside, state: StateView): unknown =>
  state.get(LOG, `${outside}-trouble`);

/** `reason` is undefined where there is none any more. */
export const noteTrouble = (outside: Outside, reason: string | undefined): Change => ({
  table: LOG,
  key: `${outside}-trouble`,
  value: reason,
});
