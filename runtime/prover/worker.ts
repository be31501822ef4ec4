/**
 * The thread in which proofs are made, one at a time, whatever their kind. Answers say that a proof failed and never why: a reason
 * could hold witness values.
 */
import { constants, setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { represent } from "../../crypto/commitment/commitment.ts";
import { openCircuit } from "./circuit-proofs.ts";
import {
  READY,
  type Answer,
  type CircuitTask,
  type Kind,
  type Kinds,
  type ProverKeys,
  type Task,
} from "./tasks.ts";

// On Linux 0 means this very thread: answers go before proofs wherever cores are few. Elsewhere it changes nothing.
if (process.platform === "linux") setPriority(0, constants.priority.PRIORITY_LOW);

const circuit = openCircuit(workerData as ProverKeys);

const makers: {
  readonly [K in Kind]: (input: Kinds[K]["takes"]) => Kinds[K]["gives"] | Promise<Kinds[K]["gives"]>;
} = {
  circuit: async (task: CircuitTask) => (await circuit)(task),
  representation: represent,
};

async function make<K extends Kind>({ id, kind, input }: Task<K>): Promise<Answer> {
  try {
    return { id, made: await makers[kind](input) };
  } catch {
    return { id, made: undefined };
  }
}

/** The port is listened to at once, or tasks would be lost. */
let last: Promise<unknown> = circuit.then(() => {
  parentPort?.postMessage(READY);
});
parentPort?.on("message", (task: Task) => {
  last = last.then(async () => {
    parentPort?.postMessage(await make(task));
  });
});
