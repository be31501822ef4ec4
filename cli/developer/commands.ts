/** What measures, tests, plays and checks the connector itself: no part of what a deployment does. */
import { command, flag, text } from "../command.ts";
import { jsonAtTheEnd, json } from "../options.ts";

export const developer = [
  command({
    name: "bench",
    usage: "NAME [--large] [--rates LIST] [--seconds N] [--against COMMIT] [--json]",
    does: "measures beside a reference in one run: history, hops, load or restore",
    options: {
      large: flag("history: a million past questions too"),
      rates: text("load: questions a second, one rate after the other; 1,2,4,8,16 unless given"),
      seconds: text("load: how long each rate is kept, in seconds; 90 unless given"),
      against: text("load: a version of this project that is measured too, by its commit"),
      json: jsonAtTheEnd,
    },
    operands: {
      NAME: "history: what a question costs after a year of them; hops: the runtime beside Kafka Streams and kafkajs; load: questions at steady rates; restore: a stage's state from its file beside a replay",
    },
    act: async (given, names) => (await import("../../bench/bench.ts")).bench(names, given),
  }),
  command({
    name: "test",
    usage: "[--unit] [--integration] [--faults [--minutes N] [--seed N]] [--verbose] [--json] [PART …]",
    does: "runs all tests, real parts included, or some",
    options: {
      unit: flag("the tests beside the code"),
      integration: flag("the tests on real parts"),
      faults: flag("the long fault tests, which nothing else runs"),
      minutes: text("how long the faults last, in minutes; 30 unless given"),
      seed: text("repeats a run's faults; drawn unless given"),
      verbose: flag("prints failed tests' errors whole"),
      json: jsonAtTheEnd,
    },
    operands: { PART: "only test files whose path contains one of these" },
    act: async (given, parts) => (await import("../../scripts/test.ts")).test(parts, given),
  }),
  command({
    name: "simulate",
    usage: "[--seeds N] [--from K] [--seed S] [--mutants] [--json]",
    does: "plays whole pipelines in memory under faults, one run a seed",
    options: {
      seeds: text("how many seeds are played, one run each; 200 unless given"),
      from: text("the first of them; 1 unless given"),
      seed: text("plays this seed alone"),
      mutants: flag("plants defects and says which seed catches each; plays seeds besides only with --seeds"),
      json,
    },
    act: async (given) => (await import("../../simulation/command.ts")).simulate(given),
  }),
  command({
    name: "check",
    usage: "[--json]",
    does: "checks format, types, lint, the dependency rule, dead code and generated files",
    options: { json: jsonAtTheEnd },
    act: async (given) => (await import("../../scripts/check.ts")).check(given.json),
  }),
];
