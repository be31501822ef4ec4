/**
 * Defects that private computation must not have, each put in by way of its surroundings: every one has to be caught.
 */
import { textDigest } from "../../../domain/terms/request.ts";
import type { AddressedRecord } from "../../../runtime/kafka/emitted-record.ts";
import type { Transactions } from "../../../runtime/kafka/transactor.ts";
import { topicFor } from "../../../schemas/topics.ts";
import { decode, encode } from "../../../simulation/codec.ts";
import { runtimeMutants } from "../../../simulation/mutants.ts";
import { changedPorts } from "../../../runtime/contract/pipeline.ts";
import { dp } from "../../../stages/dp/stage.ts";
import { usualLimits } from "../../../stages/routing/limits.ts";
import { routing } from "../../../stages/routing/stage.ts";
import type { Mutant } from "../../../simulation/scenario.ts";
import { questions } from "./load.ts";
import { played } from "./parts.ts";

/** Refusals of what nobody signed name the request that it was a copy of, as if it had been the request. */
const answersClaims = (real: Transactions): Transactions => ({
  commit: (records) => real.commit(records.map(claimed)),
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
  ...runtimeMutants,
  {
    name: "answers-claims",
    does: "a copy that nobody signed is answered under the digest of the request that it is a copy of",
    mutation: { transactions: (open) => answersClaims(open()) },
  },
  {
    name: "waits-for-all",
    does: "questions are refused while a stage is away that no answer waits for",
    mutation: {
      serving: changedPorts(routing, (ports) => ({
        ...ports,
        answeringStages: played.flatMap(({ stages }) => stages.map(({ name }) => name)),
      })),
    },
  },
  {
    name: "history-lost",
    does: "what an earlier version spent is not found",
    mutation: { forgets: (table) => table === "ledger" },
  },
  {
    name: "no-limits",
    does: "more is let in than the region's limits say",
    mutation: { serving: changedPorts(routing, (ports) => ({ ...ports, limits: usualLimits })) },
  },
  {
    name: "noise-redrawn",
    does: "a process that takes over draws noise anew",
    mutation: {
      serving: (serving, lives) =>
        changedPorts(dp, (ports) => ({
          ...ports,
          seed: async (id) => (await ports.seed(id)).map((byte) => byte ^ lives),
        }))(serving),
    },
  },
];
