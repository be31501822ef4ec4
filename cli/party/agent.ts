/**
 * `provider serve`, `provider push`: the provider's agent, as its keys and its access make it.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { endingBySignal } from "../../runtime/ending.ts";
import { openLog } from "../../runtime/log.ts";
import { openAgent, type Agent } from "../../services/provider-agent/agent.ts";
import { Progress } from "../../services/provider-agent/progress.ts";
import {
  pushCommandOf,
  runPush,
  type PushOutcome,
  type PushValues,
} from "../../services/provider-agent/push-command.ts";
import { serve } from "../../services/provider-agent/serve.ts";
import { repairState, showState, type StateReport } from "../../services/provider-agent/state-report.ts";
import { LiveLines } from "../live-lines.ts";
import { misuse } from "../../errors/misuse.ts";
import { agentText, followAgent } from "./agent-text.ts";
import { accessOf, filesOf, keysOf } from "./keys.ts";

interface Given {
  readonly provider: string | undefined;
  readonly json: boolean;
}

/** Serves until it is told to stop. */
export async function serveProvider({
  provider,
  wait,
  json,
}: Given & { readonly wait: boolean }): Promise<number> {
  if (provider === undefined) throw misuse("Say whose agent is to serve: --provider P.");
  const ending = endingBySignal();
  const agent = await agentOf(provider, "warn");
  try {
    const tell = (line: object, text: string): void => {
      console.log(json ? JSON.stringify(line) : `  ${text}`);
    };
    await serve(agent, ending, {
      wait,
      onWait: (holder) => {
        tell({ waits: holder }, `waits for another process that answers for ${provider}: ${holder}`);
      },
      onServing: () => {
        tell({ serves: provider, region: agent.self.region }, `${provider}'s agent serves; Ctrl-C ends it`);
      },
    });
  } finally {
    await agent.close();
  }
  return 0;
}

export async function push(files: readonly string[], given: Given & PushValues): Promise<number> {
  const { provider, json } = given;
  if (provider === undefined) throw misuse("Say whose push it is: --provider P.");
  const command = pushCommandOf(given, files, misuse);
  const agent = await agentOf(provider, "error");
  const lines = new LiveLines(process.stderr);
  try {
    const progress = new Progress((line) => {
      if (json) lines.tell(JSON.stringify(line));
      else followAgent(lines, line, "  ");
    });
    const outcome = await runPush(agent, command, progress).finally(() => {
      lines.clear();
    });
    if (json) console.log(JSON.stringify(outcome));
    else for (const line of outcomeLines(outcome)) console.log(line);
  } finally {
    await agent.close();
  }
  return 0;
}

function outcomeLines(outcome: PushOutcome): string[] {
  const { dataset, collaboration } = outcome;
  if (outcome.did === "discarded") {
    const { push, live = 0, dropped = 0 } = outcome;
    if (push === undefined)
      return [`  no push to ${collaboration} was interrupted: there is nothing to give up`];
    return [
      `  ${String(dropped)} records of ${dataset} are given up`,
      `  ${String(live)} records of that push are live in ${collaboration} and stay so`,
    ];
  }
  const told = agentText(outcome);
  const own = told === undefined ? [] : [`  ${told}`];
  if (outcome.did === "tried") {
    const { read, pushed } = outcome;
    return [
      `  nothing was sent: of ${String(read)} rows ${String(pushed)} records of ${dataset} would be pushed to ${collaboration}`,
      ...own,
    ];
  }
  return [
    `  ${String(outcome.pushed)} records of ${dataset} are pushed to ${collaboration}`,
    ...own,
    `  rows at fault, counted below the header, for nobody else: ${outcome.report}`,
  ];
}

/** `provider state show`, `provider state repair`: what the agent remembers beside what the region has of it. */
export async function state(actions: readonly string[], { provider, json }: Given): Promise<number> {
  const [does, ...more] = actions;
  if ((does !== "show" && does !== "repair") || more.length > 0) throw misuse("Say show or repair.");
  if (provider === undefined) throw misuse("Say whose agent is meant: --provider P.");
  const agent = await agentOf(provider, "error");
  try {
    const report = does === "show" ? await showState(agent) : await repairState(agent);
    if (json) console.log(JSON.stringify(report));
    else for (const line of stateLines(report)) console.log(`  ${line}`);
    return 0;
  } finally {
    await agent.close();
  }
}

function stateLines({ datasets, meters, setAside = [] }: StateReport): string[] {
  const batch = (sequence: number | undefined): string =>
    sequence === undefined ? "no batch" : `batch ${String(sequence)}`;
  const record = (sequence: number | undefined): string =>
    sequence === undefined ? "no record" : `record ${String(sequence)}`;
  const ofDatasets = datasets.flatMap(({ collaboration, dataset, remembered, live, interrupted }) => [
    `${dataset} in ${collaboration}: ${batch(live)} is live in the region, ${batch(remembered)} is the last that this agent had accepted`,
    ...(interrupted === undefined ? [] : [interrupted]),
  ]);
  const ofMeters = meters.map(
    ({ collaboration, topic, seen }) =>
      `meter of ${collaboration}: ${record(topic)} is the topic's newest, ${record(seen)} the newest that this agent has seen`,
  );
  const ofFiles = setAside.map((name) => `${name} was damaged, and stands aside as ${name}.damaged`);
  const lines = [...ofFiles, ...ofDatasets, ...ofMeters];
  return lines.length === 0 ? ["this agent has pushed nothing and evaluated nothing yet"] : lines;
}

function agentOf(provider: string, logLevel: "warn" | "error"): Promise<Agent> {
  const access = accessOf("provider", provider);
  const { folder } = filesOf("provider", provider);
  const { keystore: keystoreFile, passphrase } = keysOf("provider", provider);
  const stateFolder = join(folder, "state");
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  const log = openLog({ service: "provider-agent", provider }, logLevel, "stderr");
  return openAgent(
    {
      ...{ provider, region: access.region, kafka: access.kafka, registryUrl: access.registryUrl },
      ...{ keystoreFile, passphrase, stateFolder },
    },
    log,
  );
}
