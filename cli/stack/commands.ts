import { command, flag, text } from "../command.ts";
import { json, jsonAtTheEnd } from "../options.ts";

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
  command({
    name: "backup",
    usage: "--out FOLDER [--json]",
    does: "copies the stack, which has to be down, into a new folder, with its keys and passwords",
    options: { out: text("the folder to make; it must not be there yet"), json: jsonAtTheEnd },
    act: async (given) => (await import("./backup.ts")).backup(given),
  }),
  command({
    name: "restore",
    usage: "--from FOLDER [--replace] [--json]",
    does: "puts the stack back from a backup, once all of it was found as it was written",
    options: {
      from: text("the backup's folder"),
      replace: flag("moves a stack that is there aside, and says where to"),
      json: jsonAtTheEnd,
    },
    act: async (given) => (await import("./restore.ts")).restore(given),
  }),
];
