/**
 * Every command: how it is used, what it does, and where it lies. Each is a module of its own that is loaded when it is
 * asked for.
 */
import type { Commands } from "./command.ts";

export const commands: Commands = {
  demo: {
    usage: "demo [--json]",
    does: "answers a question over two providers' files end to end",
    run: async (args) => (await import("./demo/demo.ts")).demo(args),
  },
  up: {
    usage: "up [--parts FILE.json] [--json]",
    does: "starts the stack and leaves it running: Kafka, registry, chain, HSM tokens, connectors",
    run: async (args) => (await import("./stack/up.ts")).up(args),
  },
  down: {
    usage: "down [--erase --yes] [--json]",
    does: "stops the stack; what it holds stays, unless it is to be erased",
    run: async (args) => (await import("./stack/down.ts")).down(args),
  },
  status: {
    usage: "status [--config CONNECTOR.json] [--region R] [--watch] [--json]",
    does: "shows how the stages of a running connector stand",
    run: async (args) => (await import("./status/command.ts")).status(args),
  },
  "provider init": {
    usage: "provider init --provider P [--passphrase-file FILE] [--json]",
    does: "makes a provider's keys and its card",
    run: async (args) => (await import("./party/init.ts")).init("provider", args),
  },
  "provider key": {
    usage: "provider key --provider P [--json]",
    does: "prints a provider's public key, which collaborations pin",
    run: async (args) => (await import("./party/init.ts")).key("provider", args),
  },
  "provider admit": {
    usage: "provider admit CARD [--region R] [--out FILE] [--json]",
    does: "the operator lets a provider in: Kafka user, topics and ACLs; writes its access file beside the card",
    run: async (args) => (await import("./party/admit.ts")).admit("provider", args),
  },
  "provider revoke": {
    usage: "provider revoke P [--json]",
    does: "the operator cuts a provider off at once: standing, rights and Kafka user, in every region",
    run: async (args) => (await import("./party/revoke.ts")).revoke("provider", args),
  },
  "provider serve": {
    usage: "provider serve --provider P [--wait] [--json]",
    does: "runs a provider's agent; a sender's must be up while others push",
    run: async (args) => (await import("./party/agent.ts")).serveProvider(args),
  },
  "provider state": {
    usage: "provider state show|repair --provider P [--json]",
    does: "an agent's memory of its pushes and meters beside what the region has: shows both, or goes on from them",
    run: async (args) => (await import("./party/agent.ts")).state(args),
  },
  "provider push": {
    usage:
      "provider push --provider P --collaboration C [--dry-run] [--left-out-max SHARE] [--emptied-max SHARE] " +
      "[--resume] [--discard] [--wait] [--timeout SECONDS] [--json] [FILE.csv]",
    does: "normalises, blinds, seals, commits to and pushes a file, or settles a push that was interrupted",
    run: async (args) => (await import("./party/agent.ts")).push(args),
  },
  "broker init": {
    usage: "broker init --broker B [--passphrase-file FILE] [--json]",
    does: "makes a broker's keys and its card",
    run: async (args) => (await import("./party/init.ts")).init("broker", args),
  },
  "broker key": {
    usage: "broker key --broker B [--json]",
    does: "prints a broker's public key, which collaborations pin",
    run: async (args) => (await import("./party/init.ts")).key("broker", args),
  },
  "broker admit": {
    usage: "broker admit CARD [--region R] [--out FILE] [--json]",
    does: "the operator lets a broker in: Kafka user and ACLs; writes its access file beside the card",
    run: async (args) => (await import("./party/admit.ts")).admit("broker", args),
  },
  "broker revoke": {
    usage: "broker revoke B [--json]",
    does: "the operator cuts a broker off at once: standing, rights and Kafka user, in every region",
    run: async (args) => (await import("./party/revoke.ts")).revoke("broker", args),
  },
  "operator card": {
    usage: "operator card [CARD.json] [--region R] [--json]",
    does: "prints a region's keys and their fingerprint, which providers compare before they sign; writes the card",
    run: async (args) => (await import("./operator/card.ts")).card(args),
  },
  "population check": {
    usage: "population check FILE [--json]",
    does: "lists what is wrong with a population, in YAML or JSON, and who has still to sign it",
    run: async (args) => (await import("./population/commands.ts")).check(args),
  },
  "population sign": {
    usage: "population sign FILE --provider P [--json]",
    does: "adds a provider's signature, in NAME.signed.json beside the file",
    run: async (args) => (await import("./population/commands.ts")).sign(args),
  },
  "population leave": {
    usage: "population leave FILE|ID --provider P [--json]",
    does: "a provider signs that it leaves: in the file of the version without it, or in a file for the operator",
    run: async (args) => (await import("./population/commands.ts")).leave(args),
  },
  "population publish": {
    usage: "population publish FILE [--departure FILE] [--strike P --reason TEXT] [--json]",
    does: "the operator publishes a population that every provider has signed",
    run: async (args) => (await import("./population/commands.ts")).publish(args),
  },
  "population list": {
    usage: "population list [--provider P] [--broker B] [--region R] [--json]",
    does: "lists the populations of a region for its operator, for a provider or broker those that concern it",
    run: async (args) => (await import("./population/show.ts")).list(args),
  },
  "population show": {
    usage: "population show ID [--version N] [--provider P] [--broker B] [--region R] [--json]",
    does: "says in words what a published population agrees to, its versions and who signed, left or was removed",
    run: async (args) => (await import("./population/show.ts")).show(args),
  },
  "collaboration check": {
    usage: "collaboration check FILE [--json]",
    does: "lists what is wrong with a collaboration, in YAML or JSON, and who has still to sign it",
    run: async (args) => (await import("./collaboration/commands.ts")).check(args),
  },
  "collaboration sign": {
    usage: "collaboration sign FILE --provider P [--json]",
    does: "adds a provider's signature, in NAME.signed.json beside the file",
    run: async (args) => (await import("./collaboration/commands.ts")).sign(args),
  },
  "collaboration leave": {
    usage: "collaboration leave FILE|ID --provider P [--json]",
    does: "a provider signs that it leaves: in the file of the version without it, or in a file for the operator",
    run: async (args) => (await import("./collaboration/commands.ts")).leave(args),
  },
  "collaboration publish": {
    usage: "collaboration publish FILE [--departure FILE] [--strike P --reason TEXT] [--json]",
    does: "the operator publishes a collaboration that every provider has signed",
    run: async (args) => (await import("./collaboration/commands.ts")).publish(args),
  },
  "collaboration list": {
    usage: "collaboration list [--provider P] [--broker B] [--region R] [--json]",
    does: "lists what is published: all of a region for its operator, for a provider or broker what names it",
    run: async (args) => (await import("./collaboration/show.ts")).list(args),
  },
  "collaboration show": {
    usage: "collaboration show ID [--version N] [--provider P] [--broker B] [--region R] [--json]",
    does: "says in words what a published collaboration lets be asked, its versions and who signed",
    run: async (args) => (await import("./collaboration/show.ts")).show(args),
  },
  "budget show": {
    usage: "budget show POPULATION [--region R] [--json]",
    does: "says what a population's budget is at a home, what is spent and what is left, also before anything is paid",
    run: async (args) => (await import("./budget/show.ts")).show(args),
  },
  request: {
    usage: "request FILE.json … [--bundle FILE] [--timeout SECONDS] [--json]",
    does: "signs and publishes questions, waits for their answers, and with --bundle for the evidence of one",
    run: async (args) => (await import("./request/request.ts")).request(args),
  },
  "requests list": {
    usage: "requests list [--provider P] [--region R] [--since TIME] [--until TIME] [--limit N] [--json]",
    does: "lists who asked what, for which purpose, at what epsilon and what came of it, the newest first",
    run: async (args) => (await import("./requests/list.ts")).list(args),
  },
  trust: {
    usage: "trust [--out FILE] [--json]",
    does: "writes the trust file as the operator of the running stack knows it; confirm it at your own sources",
    run: async (args) => (await import("./trust/trust.ts")).trust(args),
  },
  "auditor admit": {
    usage: "auditor admit --auditor A --out FILE [--region R] [--json]",
    does: "the operator lets an auditor read what proves; writes its access file",
    run: async (args) => (await import("./audit/admit.ts")).admitAuditor(args),
  },
  audit: {
    usage: "audit --access ACCESS.json --trust TRUST.json [--json]",
    does: "reads a region's whole log: whether a leaf is missing, and whether every spend adds up",
    run: async (args) => (await import("./audit/audit.ts")).audit(args),
  },
  verify: {
    usage: "verify BUNDLE.json --trust TRUST.json [--block HASH] [--json]",
    does: "checks an evidence bundle offline; exit 0 only if all holds, 1 if something fails, 2 if it cannot be read",
    run: async (args) => (await import("./verify/verify.ts")).verify(args),
  },
  "dead-letters": {
    usage:
      "dead-letters list|show|redrive [LETTER …] [--config CONNECTOR.json] [--region R] [--stage S,…] [--code C] " +
      "[--since TIME] [--limit N] [--all] [--user U --password-file F] [--json]",
    does: "what stages could not accept: lists it, shows letters, or puts their originals back on their topics",
    run: async (args) => (await import("./dead-letters/command.ts")).deadLetters(args),
  },
  bench: {
    usage: "bench NAME [--json]",
    does: "measures beside a reference in one run: hops or restore",
    run: async (args) => (await import("../bench/bench.ts")).bench(args),
  },
  test: {
    usage: "test [--unit] [--integration] [--faults [--minutes N] [--seed N]] [--verbose] [--json] [PART …]",
    does: "runs all tests, real parts included, or some",
    run: async (args) => (await import("../scripts/test.ts")).test(args),
  },
  simulate: {
    usage: "simulate [--seeds N] [--from K] [--seed S] [--mutants] [--json]",
    does: "plays whole pipelines in memory under faults, one run a seed",
    run: async (args) => (await import("../simulation/command.ts")).simulate(args),
  },
  check: {
    usage: "check [--json]",
    does: "checks format, types, lint, the dependency rule, dead code and generated files",
    run: async (args) => (await import("../scripts/check.ts")).check(args),
  },
  doctor: {
    usage: "doctor [--json]",
    does: "says what is missing on this machine, and the command that fixes it",
    run: async (args) => (await import("./doctor/doctor.ts")).doctor(args),
  },
  completion: {
    usage: "completion bash|zsh|fish",
    does: "prints a script that completes commands and options in a shell",
    run: async (args) => (await import("./completion.ts")).completion(commands, args),
  },
  version: {
    usage: "version [--json]",
    does: "says which version this is, and on which Node it runs; --version is the same",
    run: async (args) => (await import("./version.ts")).version(args),
  },
  help: {
    usage: "help [COMMAND] [--json]",
    does: "says what there is, or explains a command's options",
    run: async (args) => (await import("./help.ts")).help(commands, args),
  },
};
