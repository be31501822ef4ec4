import { command } from "../command.ts";
import { json, region } from "../options.ts";

export const budget = command({
  name: "budget show",
  usage: "POPULATION [--region R] [--json]",
  does: "says what a population's budget is at a home, what is spent and what is left, also before anything is paid",
  options: { region, json },
  operands: { POPULATION: "the population's id" },
  act: async (given, ids) => (await import("./show.ts")).show(ids, given),
});
