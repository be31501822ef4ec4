/** `provider …` and `broker …`: how a party comes to take part, and a provider's agent. */
import { command, flag, text } from "../command.ts";
import { broker, json, provider, region } from "../options.ts";

const passphraseFile = text(
  "a file with the passphrase that seals the keys, of which a copy stays beside them; a random one is made unless given",
);
const admission = {
  region,
  out: text("where the access file is written; access.json beside the card unless given"),
  json,
};
const card = { CARD: "the card.json that the party's init made" };

export const party = [
  command({
    name: "provider init",
    usage: "--provider P [--passphrase-file FILE] [--json]",
    does: "makes a provider's keys and its card",
    options: {
      provider: text("the provider's name: 2 to 63 lower-case letters, digits and dashes"),
      "passphrase-file": passphraseFile,
      json,
    },
    act: async (given) => (await import("./init.ts")).init("provider", given.provider, given),
  }),
  command({
    name: "provider key",
    usage: "--provider P [--json]",
    does: "prints a provider's public key, which collaborations pin",
    options: { provider, json },
    act: async (given) => (await import("./init.ts")).key("provider", given.provider, given),
  }),
  command({
    name: "provider admit",
    usage: "CARD [--region R] [--out FILE] [--json]",
    does: "the operator lets a provider in: Kafka user, topics and ACLs; writes its access file beside the card",
    options: admission,
    operands: card,
    act: async (given, cards) => (await import("./admit.ts")).admit("provider", cards, given),
  }),
  command({
    name: "provider revoke",
    usage: "P [--json]",
    does: "the operator cuts a provider off at once: standing, rights and Kafka user, in every region",
    options: { json },
    operands: { P: "the provider's name" },
    act: async (given, names) => (await import("./revoke.ts")).revoke("provider", names, given),
  }),
  command({
    name: "provider serve",
    usage: "--provider P [--wait] [--json]",
    does: "runs a provider's agent; a sender's must be up while others push",
    options: {
      provider,
      wait: flag("waits for another process that works on the same, instead of leaving"),
      json: flag("prints one line of JSON once it serves"),
    },
    act: async (given) => (await import("./agent.ts")).serveProvider(given),
  }),
  command({
    name: "provider state",
    usage: "show|repair --provider P [--json]",
    does: "an agent's memory of its pushes and meters beside what the region has: shows both, or goes on from them",
    options: { provider, json },
    operands: {
      "show|repair":
        "shows both, or goes on from what the region has and what the agent counted, where the region lost some of it",
    },
    act: async (given, actions) => (await import("./agent.ts")).state(actions, given),
  }),
  command({
    name: "provider push",
    usage:
      "--provider P --collaboration C [--dry-run] [--left-out-max SHARE] [--emptied-max SHARE] " +
      "[--resume] [--discard] [--wait] [--timeout SECONDS] [--json] [FILE.csv]",
    does: "normalises, blinds, seals, commits to and pushes a file, or settles a push that was interrupted",
    options: {
      provider,
      collaboration: text("the id of a published collaboration"),
      "dry-run": flag("says what would be pushed and what left out, and sends nothing"),
      "left-out-max": text(
        "the share of the file's rows that may be left out, such as 25%; with more nothing is sent; 10% unless given",
      ),
      "emptied-max": text(
        "the share of a column's cells that may be kept without a value or as other; with more nothing is sent; 50% unless given",
      ),
      resume: flag("finishes a push that was interrupted, as it was sealed; takes no file"),
      discard: flag(
        "gives up what is not live of a push that was interrupted; what is live stays; takes no file",
      ),
      wait: flag("waits for another process that works on the same, instead of leaving"),
      timeout: text(
        "how long to wait for the next answer of the sender's agent or the connector, in seconds; 300 unless given",
      ),
      json: flag("prints the outcome as one line of JSON, and its progress as such lines on standard error"),
    },
    operands: { "FILE.csv": "the rows, under a header" },
    act: async (given, files) => (await import("./agent.ts")).push(files, given),
  }),
  command({
    name: "broker init",
    usage: "--broker B [--passphrase-file FILE] [--json]",
    does: "makes a broker's keys and its card",
    options: {
      broker: text("the broker's name: 2 to 63 lower-case letters, digits and dashes"),
      "passphrase-file": passphraseFile,
      json,
    },
    act: async (given) => (await import("./init.ts")).init("broker", given.broker, given),
  }),
  command({
    name: "broker key",
    usage: "--broker B [--json]",
    does: "prints a broker's public key, which collaborations pin",
    options: { broker, json },
    act: async (given) => (await import("./init.ts")).key("broker", given.broker, given),
  }),
  command({
    name: "broker admit",
    usage: "CARD [--region R] [--out FILE] [--json]",
    does: "the operator lets a broker in: Kafka user, topics and ACLs; writes its access file beside the card",
    options: admission,
    operands: card,
    act: async (given, cards) => (await import("./admit.ts")).admit("broker", cards, given),
  }),
  command({
    name: "broker revoke",
    usage: "B [--json]",
    does: "the operator cuts a broker off at once: standing, rights and Kafka user, in every region",
    options: { json },
    operands: { B: "the broker's name" },
    act: async (given, names) => (await import("./revoke.ts")).revoke("broker", names, given),
  }),
];
