/**
 * The dependency rule of ARCHITECTURE.md: services → pipelines → {stages, runtime}; stages → crypto, generated types,
 * the stage contract; crypto → libraries. Type-only imports count. Tests may import anything.
 */

/** Code of the project itself, by its folders at the root. */
const project =
  "^(bench|circuits|cli|contracts|crypto|domain|errors|examples|infra|pipelines|runtime|schemas|scripts|services|simulation|stages|test|verifier)/";
/** What everybody may stand on. */
const ground = ["^crypto/", "^schemas/", "^errors/"];
/** What tests share lies in `test/`; what helps with one thing, simulations too, in `testing/` beside that. */
const tests = "(\\.test\\.ts$|(^|/)testing/|^test/)";
/** The simulator, and what pipelines bring to be simulated. */
const simulations = "^(simulation/|pipelines/[^/]+/simulation/)";
/** Node modules that reach disk, network, processes, the clock or the environment. */
const outsideWorld =
  "^(node:)?(child_process|cluster|dgram|dns|fs|http|http2|https|inspector|net|os|perf_hooks|process|readline|repl|" +
  "sqlite|timers|tls|tty|v8|worker_threads)(/|$)";

/** A rule that code under `from`, but for tests and `besides`, imports no project code but what `allowed` matches. */
function only(name, comment, from, allowed, ...besides) {
  return {
    name,
    comment,
    severity: "error",
    from: { path: from, pathNot: [tests, ...besides] },
    to: { path: project, pathNot: allowed },
  };
}

module.exports = {
  forbidden: [
    only(
      "stage-imports",
      "A stage imports domain, crypto, schemas, the errors, the contract and itself: never another stage, never the runtime's insides.",
      "^stages/([^/]+)/",
      [...ground, "^domain/", "^runtime/contract/", "^stages/$1/"],
    ),
    only(
      "domain-imports",
      "What several rooms mean by the same words rests on the ground alone.",
      "^domain/",
      [...ground, "^domain/"],
    ),
    only(
      "verifier-imports",
      "The verifier stands alone, for a stranger to read whole: nothing of it trusts a stage, a service or the runtime.",
      "^verifier/",
      [...ground, "^domain/", "^verifier/"],
    ),
    {
      name: "kinds-of-evidence",
      comment: "A kind of evidence is known to the list of kinds, and to nothing else of the verifier.",
      severity: "error",
      from: { path: "^verifier/", pathNot: [tests, "^verifier/kinds(/|\\.ts$)"] },
      to: { path: "^verifier/kinds/" },
    },
    {
      name: "kinds-apart",
      comment: "A kind of evidence takes nothing from another, nor from the list.",
      severity: "error",
      from: { path: "^verifier/kinds/([^/]+)/", pathNot: tests },
      to: { path: "^verifier/kinds(/|\\.ts$)", pathNot: "^verifier/kinds/$1/" },
    },
    only("crypto-imports", "Crypto is made of leaf libraries.", "^crypto/", ["^crypto/", "^schemas/"]),
    only("schema-imports", "Schemas describe; reading them knows the errors.", "^schemas/", [
      "^schemas/",
      "^errors/",
    ]),
    only("error-imports", "The errors depend on nothing.", "^errors/", ["^errors/"]),
    only(
      "pipeline-imports",
      "A pipeline knows its stages and what they are run with.",
      "^pipelines/",
      [...ground, "^(domain|pipelines|runtime|stages)/"],
      simulations,
    ),
    only(
      "pipeline-simulation-imports",
      "What a pipeline brings to be simulated stands above services, which make its load.",
      "^pipelines/[^/]+/simulation/",
      [...ground, "^(domain|examples|pipelines|runtime|services|simulation|stages)/"],
    ),
    only(
      "simulator-imports",
      "The simulator plays what the list of pipelines holds, and knows none of them.",
      "^simulation/",
      [...ground, "^runtime/", "^simulation/", "^pipelines/pipelines\\.ts$"],
    ),
    only("runtime-imports", "The runtime knows no pipeline, stage, service or document.", "^runtime/", [
      ...ground,
      "^runtime/",
      "^contracts/",
    ]),
    only(
      "service-imports",
      "A service knows pipelines, never their stages; nobody below the command line knows it.",
      "^services/",
      [...ground, "^(contracts|domain|infra|pipelines|runtime|services|verifier)/"],
    ),
    {
      name: "command-line-on-top",
      comment:
        "Nothing knows the command line: what it shares with building and playing lies below both. A bench may set the demo's scene.",
      severity: "error",
      from: { path: project, pathNot: [tests, "^(bench|cli)/"] },
      to: { path: "^cli/" },
    },
    {
      name: "development-apart",
      comment: "Benches, scripts and simulations are reached through the developers' commands alone.",
      severity: "error",
      from: { path: project, pathNot: [tests, simulations, "^(bench|scripts|cli/developer)/"] },
      to: { path: ["^(bench|scripts)/", simulations] },
    },
    only("embedded-imports", "The embedded stack stands alone; it takes the errors.", "^infra/embedded/", [
      "^infra/(embedded/|parts\\.ts$)",
      "^errors/",
    ]),
    {
      name: "pure-code",
      comment:
        "Stages, domain and crypto touch disk, network, processes and environment only through what they are handed.",
      severity: "error",
      from: { path: "^(stages|domain|crypto)/", pathNot: tests },
      to: { path: outsideWorld, dependencyTypes: ["core"] },
    },
    {
      name: "pure-code-packages",
      comment:
        "Stages, domain and crypto use no Kafka client, registry client, HSM module, chain client, prover or logger.",
      severity: "error",
      from: { path: "^(stages|domain|crypto)/", pathNot: tests },
      to: {
        path: "^node_modules/(kafkajs|@kafkajs/[^/]+|pkcs11js|ethers|snarkjs|pino|prom-client|cockatiel|@opentelemetry/[^/]+)/",
      },
    },
    {
      name: "kafka-client",
      comment: "Kafka is spoken in runtime/kafka, the embedded stack, and the services' clients.",
      severity: "error",
      from: {
        path: project,
        pathNot: [
          tests,
          "^bench/",
          "^simulation/",
          "^runtime/kafka/",
          "^infra/embedded/",
          "^services/[^/]+/",
          "^cli/",
        ],
      },
      to: { path: "^node_modules/kafkajs/" },
    },
    {
      name: "registry-client",
      comment: "The schema registry is asked where Kafka is spoken, and in runtime/registry.",
      severity: "error",
      from: {
        path: project,
        pathNot: [tests, "^runtime/(kafka|registry)/", "^infra/embedded/", "^services/[^/]+/", "^cli/"],
      },
      to: { path: "^node_modules/@kafkajs/" },
    },
    {
      name: "nothing-imports-tests",
      comment: "What tests share stays with tests, and with what measures.",
      severity: "error",
      from: { path: project, pathNot: [tests, "^bench/"] },
      to: { path: "(\\.test\\.ts$|^test/)" },
    },
    {
      name: "testing-apart",
      comment:
        "What stands in the place of real parts is met in tests and simulations alone, and in what measures without them.",
      severity: "error",
      from: { path: project, pathNot: [tests, simulations, "^bench/"] },
      to: { path: "(^|/)testing/" },
    },
    {
      name: "no-development-packages",
      comment: "What runs in a deployment uses what is installed there.",
      severity: "error",
      from: { path: project, pathNot: [tests, "^(scripts|bench|simulation)/"] },
      to: { dependencyTypes: ["npm-dev"], pathNot: "^node_modules/@types/" },
    },
    {
      name: "no-cycles",
      comment: "Modules that need each other are one module, or hide a third.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "resolvable",
      comment: "Every import names something that is there and that package.json lists.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "listed-packages",
      comment: "Every imported package stands in package.json.",
      severity: "error",
      from: { path: project },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
  ],
  options: {
    doNotFollow: { path: "^node_modules/" },
    exclude: { path: "^(\\.pavilion|\\.git)/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
