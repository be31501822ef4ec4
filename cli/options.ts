/**
 * What the commands' options and arguments mean. Which ones a command takes, its usage line says; each is explained here
 * by its name, and by the command's name and its own where the command means something else by it.
 */
import type { Command } from "./command.ts";

export interface Argument {
  /** `--region`, `CARD`. */
  readonly name: string;
  /** With the value it takes, as the usage line writes it: `--region R`. */
  readonly shown: string;
  readonly meaning: string;
}

const texts = {
  "--json": "prints the outcome as one line of JSON",
  "--region": "the region; the stack's first one unless given",
  "--out": "where the access file is written; access.json beside the card unless given",
  "--provider": "the provider, by the name that its keys were made under",
  "--broker": "the broker, by the name that its keys were made under",
  "--trust": "the trust file: the keys, circuits, policies and contract that you believe in",

  "demo --json": "prints the outcome as one line of JSON, and what a person follows on standard error",

  "--parts":
    "a file that names a Kafka, a schema registry and a chain that run already; it is kept for later starts",
  "--erase": "deletes what the stack holds, for good: all data, keys and the chain",
  "--yes": "says that --erase is meant",
  "--config": "a connector's configuration file; of the running stack unless given",
  "status --json": "prints each overview as one line of JSON",
  "status --region": "the running stack's region; its first one unless given",
  "--watch": "shows it every two seconds until Ctrl-C",

  "provider init --provider": "the provider's name: 2 to 63 lower-case letters, digits and dashes",
  "broker init --broker": "the broker's name: 2 to 63 lower-case letters, digits and dashes",
  "--passphrase-file":
    "a file with the passphrase that seals the keys, of which a copy stays beside them; a random one is made unless given",
  "CARD.json": "where the region's card is written, for whoever drafts a population",
  P: "the provider's name",
  B: "the broker's name",
  CARD: "the card.json that the party's init made",
  "--collaboration": "the id of a published collaboration",
  "provider push --timeout":
    "how long to wait for the next answer of the sender's agent or the connector, in seconds; 300 unless given",
  "show|repair":
    "shows both, or goes on from what the region has and what the agent counted, where the region lost some of it",
  "--dry-run": "says what would be pushed and what left out, and sends nothing",
  "--left-out-max":
    "the share of the file's rows that may be left out, such as 25%; with more nothing is sent; 10% unless given",
  "--emptied-max":
    "the share of a column's cells that may be kept without a value or as other; with more nothing is sent; 50% unless given",
  "--wait": "waits for another process that works on the same, instead of leaving",
  "--resume": "finishes a push that was interrupted, as it was sealed; takes no file",
  "--discard": "gives up what is not live of a push that was interrupted; what is live stays; takes no file",
  "FILE.csv": "the rows, under a header",
  "provider push --json":
    "prints the outcome as one line of JSON, and its progress as such lines on standard error",
  "provider serve --json": "prints one line of JSON once it serves",

  "collaboration list --provider": "the provider who reads; the region's operator unless given",
  "collaboration list --broker": "the broker who reads",
  "collaboration show --provider": "the provider who reads; the region's operator unless given",
  "collaboration show --broker": "the broker who reads",
  "collaboration show --version": "the version; the latest unless given",
  "collaboration show ID": "the collaboration's id",
  "population list --provider": "the provider who reads; the region's operator unless given",
  "population list --broker": "the broker who reads",
  "population show --provider": "the provider who reads; the region's operator unless given",
  "population show --broker": "the broker who reads",
  "population show --version": "the version; the latest unless given",
  "population show ID": "the population's id",
  FILE: "the document, in YAML or JSON, or NAME.signed.json",
  "FILE|ID":
    "the version that comes without the provider; or the id of what it leaves, whether or not a version is drafted",
  POPULATION: "the population's id",
  "--departure": "a departure that a provider has signed on its own; may be given several times",
  "--strike": "removes a provider that neither signs nor leaves; may be given several times",
  "--reason": "why, for everybody to read; it stays on record",
  "FILE.json": "a question; several, of one broker, are asked at once",
  "--bundle": "where the evidence bundle is written, once there is one; for one question",
  "request --timeout": "how long to wait for the evidence, in seconds; 300 unless given",
  "requests list --provider":
    "the provider who reads what was asked over its data; the region's operator, who reads all, unless given",
  "requests list --since":
    "only what ended from then on: a date, or how long ago in seconds, minutes, hours or days: 30s, 90m, 12h, 7d",
  "requests list --until": "only what ended before then",
  "requests list --limit": "at most so many, the newest; 50 unless given",
  "trust --out":
    "where the trust file is written; trust.json in .pavilion/, or in what PAVILION_HOME names, unless given",

  "--auditor": "the auditor's name",
  "auditor admit --out": "where the access file is written",
  "--access": "the access file that the operator gave the auditor",
  "BUNDLE.json": "the evidence bundle",
  "--block":
    "hash of the block at which you believe the chain, 0x and 64 hexadecimal digits; the trust file's unless given",

  "list|show|redrive": "lists letters, shows all of them but the original, or puts originals back",
  LETTER: "letters by the names that list shows",
  "dead-letters --region":
    "the running stack's region, its first one unless given; a configuration of another one is refused",
  "--stage": "only these stages' letters",
  "--code": "only letters with this error code",
  "--since":
    "only letters from then on: a date, or how long ago in seconds, minutes, hours or days: 30s, 90m, 12h, 7d",
  "--limit":
    "of those that are not named, at most so many letters: the newest, of redrive the oldest; 100 unless given",
  "--all": "letters of every kind, where none is named or filtered; up to --limit",
  "--user": "the Kafka user; the connector's own unless given",
  "--password-file": "a file with that user's password",

  NAME: "hops: the runtime beside Kafka Streams and kafkajs; restore: a stage's state from its file beside a replay",
  "bench --json": "ends with one line of JSON, and prints what a person follows on standard error",

  "--unit": "the tests beside the code",
  "--integration": "the tests on real parts",
  "--faults": "the long fault tests, which nothing else runs",
  "--minutes": "how long the faults last, in minutes; 30 unless given",
  "test --seed": "repeats a run's faults; drawn unless given",
  "--verbose": "prints failed tests' errors whole",
  "test --json": "ends with one line of JSON, and prints what a person follows on standard error",
  PART: "only test files whose path contains one of these",

  "check --json": "ends with one line of JSON, and prints what a person follows on standard error",

  "--seeds": "how many seeds are played, one run each; 200 unless given",
  "--from": "the first of them; 1 unless given",
  "simulate --seed": "plays this seed alone",
  "--mutants": "plants defects and says which seed catches each; plays seeds besides only with --seeds",
  COMMAND: "a command, of one or two words",
  "bash|zsh|fish": "the shell",
};

/** By what they are of. */
export const meanings: ReadonlyMap<string, string> = new Map(Object.entries(texts));

/** In the order of the usage line. */
export function argumentsOf(name: string, { usage }: Command): Argument[] {
  const written = usage.slice(name.length).matchAll(/(--[a-z-]+)(?: [A-Z][^\s[\]]*)?|([^\s[\]]+)(?: …)?/g);
  return [...written].map(([shown, option, positional]) => {
    const argument = option ?? positional ?? "";
    const meaning = meanings.get(`${name} ${argument}`) ?? meanings.get(argument) ?? "";
    return { name: argument, shown, meaning };
  });
}
