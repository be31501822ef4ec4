import { command } from "../command.ts";
import { json, region } from "../options.ts";

export const operator = command({
  name: "operator card",
  usage: "[CARD.json] [--region R] [--json]",
  does: "prints a region's keys and their fingerprint, which providers compare before they sign; writes the card",
  options: { region, json },
  operands: { "CARD.json": "where the region's card is written, for whoever drafts a population" },
  act: async (given, files) => (await import("./card.ts")).card(files, given),
});
