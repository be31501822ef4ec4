/**
 * What the stage asks of the outside and cannot have at present, and why: told to auditors when it begins, when its
 * reason changes, and not at every tick between.
 */
import type { ErrorCode } from "../../errors/errors.ts";
import type { Change, StateView } from "../../runtime/contract/state.ts";

const LOG = "log";

type Outside = "chain" | "seeds";

export const troubleWith = (outside: Outside, state: StateView): unknown =>
  state.get(LOG, `${outside}-trouble`);

/** `reason` is undefined where there is none any more. */
export const noteTrouble = (outside: Outside, reason: ErrorCode | undefined): Change => ({
  table: LOG,
  key: `${outside}-trouble`,
  value: reason,
});
