/**
 * Where the budgets of a region's populations stand, from the table that the ledger keeps with every charge: one record a
 * population, however many charges there were.
 */
import { randomUUID } from "node:crypto";
import type { Kafka } from "kafkajs";
import type { BudgetState } from "../../schemas/avro/index.ts";
import { topicFor } from "../../schemas/topics.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import { eventTypeOf } from "../../runtime/kafka/cloudevents.ts";
import { endOf, openReader } from "../../runtime/kafka/reader.ts";

/** By population, as of its latest charge; none for one that was never charged. */
export async function readBudgetStates(
  kafka: Kafka,
  codec: Codec,
  region: string,
): Promise<ReadonlyMap<string, BudgetState>> {
  const states = new Map<string, BudgetState>();
  const topic = topicFor(region, "budget.states");
  if ((await endOf(kafka, topic)) === 0n) return states;
  const reader = await openReader(kafka, {
    topic,
    group: `${region}.operator.budgets.${randomUUID()}`,
    from: "beginning",
    fail: () => undefined, // the waiting below fails then
    handle: async ({ headers, value }) => {
      if (value === null || eventTypeOf(headers) !== "BudgetState") return;
      const state = await codec.decode("budget.states", "BudgetState", value);
      states.set(state.population, state);
    },
  });
  try {
    await reader.caughtUp;
  } finally {
    await reader.close();
  }
  return states;
}
