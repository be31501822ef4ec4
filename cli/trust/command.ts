import { command, text } from "../command.ts";
import { json } from "../options.ts";

export const trust = command({
  name: "trust",
  usage: "[--out FILE] [--json]",
  does: "writes the trust file as the operator of the running stack knows it; confirm it at your own sources",
  options: {
    out: text(
      "where the trust file is written; trust.json in .pavilion/, or in what PAVILION_HOME names, unless given",
    ),
    json,
  },
  act: async (given) => (await import("./trust.ts")).trust(given),
});
