import { command, flag, text } from "../command.ts";
import { config, json } from "../options.ts";

export const deadLetters = command({
  name: "dead-letters",
  usage:
    "list|show|redrive [LETTER …] [--config CONNECTOR.json] [--region R] [--stage S,…] [--code C] " +
    "[--since TIME] [--limit N] [--all] [--user U --password-file F] [--json]",
  does: "what stages could not accept: lists it, shows letters, or puts their originals back on their topics",
  options: {
    config,
    region: text(
      "the running stack's region, its first one unless given; a configuration of another one is refused",
    ),
    stage: text("only these stages' letters"),
    code: text("only letters with this error code"),
    since: text(
      "only letters from then on: a date, or how long ago in seconds, minutes, hours or days: 30s, 90m, 12h, 7d",
    ),
    limit: text(
      "at most so many letters, where they are not named: the newest, or for redrive the oldest; 100 unless given",
    ),
    all: flag("letters of every kind, where none is named or filtered; up to --limit"),
    user: text("the Kafka user; the connector's own unless given"),
    "password-file": text("a file with that user's password"),
    json,
  },
  operands: {
    "list|show|redrive": "lists letters, shows all of them but the original, or puts originals back",
    LETTER: "letters by the names that list shows",
  },
  act: async (given, operands) => (await import("./dead-letters.ts")).deadLetters(operands, given),
});
