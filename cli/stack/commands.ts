import { command, flag, text } from "../command.ts";
import { json } from "../options.ts";

export const stack = [
  command({
    name: "up",
    usage: "[--parts FILE.json] [--json]",
    does: "starts the stack and leaves it running: Kafka, registry, chain, HSM tokens, connectors",
    options: {
      parts: text(
        "a file that names a Kafka, a schema registry and a chain that run already; it is kept for later starts",
      ),
      json,
    },
    act: async (given) => (await import("./up.ts")).up(given),
  }),
  command({
    name: "down",
    usage: "[--erase --yes] [--json]",
    does: "stops the stack; what it holds stays, unless it is to be erased",
    options: {
      erase: flag("deletes what the stack holds, for good: all data, keys and the chain"),
      yes: flag("says that --erase is meant"),
      json,
    },
    act: async (given) => (await import("./down.ts")).down(given),
  }),
];
