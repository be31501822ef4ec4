/**
 * Where the budgets of a region's populations stand, from the table that the ledger keeps with every charge: one record a
 * population, however many charges there were.
 */
import type { Kafka } from "kafkajs";
import { readEvents } from "../../runtime/kafka/events.ts";
import type { Log } from "../../runtime/log.ts";
import type { Codec } from "../../runtime/registry/codec.ts";
import type { BudgetState } from "../../schemas/avro/index.ts";

/** By population, as of its latest charge; none for one that was never charged. */
export async function readBudgetStates(
  session: { readonly kafka: Kafka; readonly codec: Codec; readonly log: Log },
  region: string,
): Promise<ReadonlyMap<string, BudgetState>> {
  const states = new Map<string, BudgetState>();
  await readEvents(
    { ...session, region, groups: `${region}.operator.budgets` },
    {
      topic: "budget.states",
      types: ["BudgetState"],
      from: "beginning",
      take({ value }) {
        states.set(value.population, value);
      },
    },
  );
  return states;
}
