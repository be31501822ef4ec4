/**
 * Defects that the runtime must not have, each put in by way of its surroundings. The simulation is worth what it finds:
 * every mutant has to be caught.
 */
import { textDigest } from "../domain/terms/request.ts";
import type { AddressedRecord } from "../runtime/kafka/emitted-record.ts";
import { changelogTopic, topicFor } from "../schemas/topics.ts";
import { decode, encode } from "./codec.ts";
import { stages } from "../pipelines/pipelines.ts";
import { questions } from "./private-computation.ts";
import type { EveryPort } from "../test/stage-pipeline.ts";
import type { Transactions } from "../runtime/kafka/transactor.ts";
import type { Mutation } from "./world.ts";

export interface Mutant {
  readonly name: string;
  readonly does: string;
  readonly mutation: Mutation<EveryPort>;
}

/** Outputs follow in a transaction of their own: lost where the first one alone commits. */
const offsetsFirst = (real: Transactions): Transactions => ({
  async commit(records, offsets) {
    const isState = ({ address }: { address: string }): boolean => address.endsWith(stateSuffix);
    await real.commit(records.filter(isState), offsets);
    return real.commit(
      records.filter((record) => !isState(record)),
      [],
    );
  },
  discard: () => real.discard(),
});

const stateSuffix = changelogTopic("", "").slice(1);

/** What was not acknowledged is sent again, as if it had surely failed. */
const sendsAgain = (open: () => Transactions): Transactions => {
  let real = open();
  return {
    async commit(records, offsets) {
      try {
        return await real.commit(records, offsets);
      } catch {
        real = open();
        return real.commit(records, offsets);
      }
    },
    discard: () => real.discard(),
  };
};

/** Refusals of what nobody signed name the request that it was a copy of, as if it had been the request. */
const answersClaims = (real: Transactions): Transactions => ({
  commit: (records, offsets) => real.commit(records.map(claimed), offsets),
  discard: () => real.discard(),
});

function claimed(record: AddressedRecord): AddressedRecord {
  if (!record.address.endsWith(topicFor("", "result.refusals")) || record.message.value === null)
    return record;
  const refusal = decode("Refusal", Buffer.from(record.message.value));
  const asked = questions.find(({ requestId }) => requestId === refusal.request.requestId);
  if (!refusal.unsigned || asked === undefined) return record;
  const request = { ...refusal.request, digest: textDigest(asked.document) };
  const value = encode("Refusal", { ...refusal, request, unsigned: false });
  return { ...record, message: { ...record.message, value } };
}

export const mutants: readonly Mutant[] = [
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
    name: "offsets-first",
    does: "positions and state commit before the outputs",
    mutation: { transactions: (open) => offsetsFirst(open()) },
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
  {
    name: "answers-claims",
    does: "a copy that nobody signed is answered under the digest of the request that it is a copy of",
    mutation: { transactions: (open) => answersClaims(open()) },
  },
  {
    name: "waits-for-all",
    does: "questions are refused while a stage is away that no answer waits for",
    mutation: {
      ports: (ports) => ({ ...ports, answeringStages: stages.map(({ name }) => name) }),
    },
  },
  {
    name: "noise-redrawn",
    does: "a process that takes over draws noise anew",
    mutation: {
      ports: (ports, lives) =>
        lives === 0
          ? ports
          : {
              ...ports,
              seed: async (id) => (await ports.seed(id)).map((byte) => byte ^ lives),
            },
    },
  },
];
