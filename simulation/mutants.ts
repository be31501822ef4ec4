/**
 * Defects that the runtime must not have, each put in by way of its surroundings. The simulation is worth what it finds:
 * every mutant has to be caught. A scenario lists those that its load can tell.
 */
import type { Transactions } from "../runtime/kafka/transactor.ts";
import { changelogTopic } from "../schemas/topics.ts";
import type { RuntimeMutation } from "./world.ts";

interface RuntimeMutant {
  readonly name: string;
  readonly does: string;
  readonly mutation: RuntimeMutation;
}

/** Outputs follow in a transaction of their own: lost where the first one alone commits. */
const stateFirst = (real: Transactions): Transactions => ({
  async commit(records) {
    const isState = ({ address }: { address: string }): boolean => address.endsWith(stateSuffix);
    await real.commit(records.filter(isState));
    return real.commit(records.filter((record) => !isState(record)));
  },
  discard: () => real.discard(),
});

const stateSuffix = changelogTopic("", "").slice(1);

/** What was not acknowledged is sent again, as if it had surely failed. */
const sendsAgain = (open: () => Transactions): Transactions => {
  let real = open();
  return {
    async commit(records) {
      try {
        return await real.commit(records);
      } catch {
        real = open();
        return real.commit(records);
      }
    },
    discard: () => real.discard(),
  };
};

export const runtimeMutants: readonly RuntimeMutant[] = [
  {
    name: "no-fencing",
    does: "an owner that lost its partition goes on writing",
    mutation: { cluster: { unfenced: true } },
  },
  {
    name: "leaky-reads",
    does: "readers are shown aborted records",
    mutation: { cluster: { leaky: true } },
  },
  {
    name: "state-first",
    does: "positions and state commit before the outputs",
    mutation: { transactions: (open) => stateFirst(open()) },
  },
  {
    name: "sends-again",
    does: "a transaction without an acknowledgement is sent once more",
    mutation: { transactions: sendsAgain },
  },
  {
    name: "no-dedupe",
    does: "what was handled before is handled again",
    mutation: { anonymous: true, forgets: (table) => table === "@positions" },
  },
  {
    name: "state-lost",
    does: "a new owner begins without the stage's state",
    mutation: { forgets: (table) => !table.startsWith("@") },
  },
];
