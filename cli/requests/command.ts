import { command, text } from "../command.ts";
import { json, region } from "../options.ts";

export const requests = command({
  name: "requests list",
  usage: "[--provider P] [--region R] [--since TIME] [--until TIME] [--limit N] [--json]",
  does: "lists who asked what, for which purpose, at what epsilon and what came of it, the newest first",
  options: {
    provider: text(
      "the provider who reads what was asked over its data; the region's operator, who reads all, unless given",
    ),
    region,
    since: text(
      "only what ended from then on: a date, or how long ago in seconds, minutes, hours or days: 30s, 90m, 12h, 7d",
    ),
    until: text("only what ended before then"),
    limit: text("at most so many, the newest; 50 unless given"),
    json,
  },
  act: async (given) => (await import("./list.ts")).list(given),
});
