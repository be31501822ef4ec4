/**
 * `provider serve`, `provider push`: the provider's agent, as its keys and its access make it.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { decodeBase64url } from "../../../crypto/jws/base64url.ts";
import { endingBySignal } from "../../../runtime/ending.ts";
import { PavilionError } from "../../../runtime/errors.ts";
import { openLog } from "../../../runtime/log.ts";
import { secondsIn, secondsWanted } from "../../../runtime/waits.ts";
import { openAgent, type Agent } from "../../provider-agent/agent.ts";
import { Progress } from "../../provider-agent/progress.ts";
import { pushFile, type PushSummary } from "../../provider-agent/push.ts";
import { serve } from "../../provider-agent/serve.ts";
import { LiveLines } from "../live-lines.ts";
import { misuse } from "../misuse.ts";
import { agentText, followAgent } from "./agent-text.ts";
import { accessOf, filesOf, keysOf } from "./keys.ts";

const timeoutDefaultSeconds = "300";

/** Serves until it is told to stop. */
export async function serveProvider(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { provider: { type: "string" }, json: { type: "boolean", default: false } },
  });
  const { provider } = values;
  if (provider === undefined) throw misuse("--provider names whose agent serves.");
  const ending = endingBySignal();
  const agent = await agentOf(provider, "warn");
  try {
    await serve(agent, ending, () => {
      const { region } = agent.self;
      const told = `  ${provider}'s agent serves; Ctrl-C ends it`;
      console.log(values.json ? JSON.stringify({ serves: provider, region }) : told);
    });
  } finally {
    await agent.close();
  }
  return 0;
}

export async function push(args: string[]): Promise<number> {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      provider: text,
      collaboration: text,
      timeout: text,
      json: { type: "boolean", default: false },
    },
  });
  const { provider, collaboration } = values;
  const [file, ...more] = positionals;
  const seconds = secondsIn(values.timeout ?? timeoutDefaultSeconds);
  if (provider === undefined || collaboration === undefined || file === undefined || more.length > 0) {
    throw misuse("A push takes --provider, --collaboration and one file.");
  }
  if (seconds === undefined) throw misuse(`--timeout takes ${secondsWanted}.`);
  const agent = await agentOf(provider, "error");
  const lines = new LiveLines(process.stderr);
  try {
    const progress = new Progress((line) => {
      if (values.json) lines.tell(JSON.stringify(line));
      else followAgent(lines, line, "  ");
    });
    const order = { collaboration, file, timeoutMs: seconds * 1_000, progress };
    const summary = await pushFile(agent, order).finally(() => {
      lines.clear();
    });
    if (values.json) console.log(JSON.stringify(summary));
    else for (const line of summaryLines(summary)) console.log(line);
  } finally {
    await agent.close();
  }
  return 0;
}

function summaryLines(summary: PushSummary): string[] {
  const told = agentText(summary);
  return [
    `  ${String(summary.pushed)} records of ${summary.dataset} are pushed to ${summary.collaboration}`,
    ...(told === undefined ? [] : [`  ${told}`]),
    `  rows at fault, counted below the header, for nobody else: ${summary.report}`,
  ];
}

function agentOf(provider: string, logLevel: "warn" | "error"): Promise<Agent> {
  const access = accessOf("provider", provider);
  const { folder } = filesOf("provider", provider);
  const { keystore: keystoreFile, passphrase } = keysOf("provider", provider);
  const regionKey = decodeBase64url(access.regionKey);
  if (regionKey === undefined) {
    throw new PavilionError("CONFIG_INVALID", "The access file's regionKey is not base64url.");
  }
  const stateFolder = join(folder, "state");
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  const log = openLog({ service: "provider-agent", provider }, logLevel, "stderr");
  return openAgent(
    {
      ...{ provider, region: access.region, kafka: access.kafka, registryUrl: access.registryUrl },
      ...{ regionKey, keystoreFile, passphrase, stateFolder },
    },
    log,
  );
}
