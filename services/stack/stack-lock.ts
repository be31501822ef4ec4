/**
 * One program at a time at a stack's folder: its supervisor while it runs, and whatever makes, copies, erases or puts back
 * the folder meanwhile. The lock is the kernel's (owner-lock.ts), and lies beside the folder, which may be put in another's place.
 */
import { takeOwnership } from "../keystore/owner-lock.ts";
import { PavilionError } from "../../errors/errors.ts";

/** Until it is disposed of. Throws STACK_RUNNING where another program has it. */
export const ownStack = (folder: string): Promise<Disposable> =>
  owning(`${folder}.lock`, `the stack in ${folder}`);

/** The same by a lock file of any name; `what` is owned. */
export async function owning(file: string, what: string): Promise<Disposable> {
  try {
    return await takeOwnership(file, what, { wait: false });
  } catch (error) {
    if (!(error instanceof PavilionError && error.code === "AGENT_BUSY")) throw error;
    throw new PavilionError("STACK_RUNNING", error.message, undefined, { cause: error });
  }
}
