/**
 * `./pavilion demo [--json]`: the main job, end to end, on the real parts, in a temporary folder that is removed again.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stages } from "../../pipelines/pipelines.ts";
import { errorCodeOr, PavilionError } from "../../errors/errors.ts";
import { openLog, type Log } from "../../runtime/log.ts";
import type { Answer, Result } from "../../schemas/avro/index.ts";
import { onEarlyEnd } from "../../infra/embedded/early-end.ts";
import { LiveLines } from "../live-lines.ts";
import { followAgent, type AgentLine } from "../party/agent-text.ts";
import { evidenceTimes, openAuditTrail, spanOf, stageTimes, type AuditTrail } from "./audit-trail.ts";
import { clearFolder, verifyBundle, type Verified } from "./evidence.ts";
import { files, requestDraft } from "../../examples/example.ts";
import { plainJoin } from "./plain-join.ts";
import { answerLines, stageLines, type StageTime } from "./report.ts";
import { connectBroker, homeRegion, otherRegion, pushAll, setScene, signFresh, type Scene } from "./scene.ts";

/** Ingest and the relay work while providers push, three stages on the evidence; the others, in order, on a request. */
const pushStageNames = ["ingest", "oprf-relay"];
const evidenceStageNames = ["zkp", "anchoring", "evidence"];
const answerStageNames = stages
  .map((stage) => stage.name)
  .filter((name) => ![...pushStageNames, ...evidenceStageNames].includes(name));
const auditLimitMs = 15_000;

export async function demo(asJson: boolean): Promise<number> {
  // As JSON, standard output is the one line; what a person follows goes beside it.
  const lines = new LiveLines(asJson ? process.stderr : process.stdout);
  const { tell } = lines;
  const started = performance.now();
  clearFolder();
  const dir = temporaryFolder();
  const remove = (): void => {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  const unwatch = onEarlyEnd(remove);
  try {
    const outcome = await play(dir, lines);
    const totalMs = Math.round(performance.now() - started);
    remove();
    tell(
      `Done in ${(totalMs / 1000).toFixed(1)} s. Nothing is left running, and the temporary folder is gone.`,
    );
    const { requestId, result, stages, evidence, trust, verified } = outcome;
    if (asJson)
      console.log(JSON.stringify({ requestId, result, stages, totalMs, evidence, trust, verified }));
    return verified ? 0 : 1;
  } catch (error) {
    keepLogsOnly(dir);
    throw error;
  } finally {
    unwatch();
  }
}

function temporaryFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), "pavilion-demo-"));
  } catch (cause) {
    const message = `No temporary folder can be made under ${tmpdir()}.`;
    throw new PavilionError("CONFIG_INVALID", message, "Set TMPDIR to a folder that can be written.", {
      cause,
    });
  }
}

/** Of a failed run the logs stay where the error says they are, and nothing else: keys, PINs and data go. */
function keepLogsOnly(dir: string): void {
  for (const part of readdirSync(dir).filter((name) => name !== "log")) {
    const logs = ["chain", "kafka", "registry"].includes(part) ? logsIn(join(dir, part)) : [];
    if (logs.length === 0) rmSync(join(dir, part), { recursive: true, force: true });
  }
  if (readdirSync(dir).length === 0) rmSync(dir, { recursive: true });
  else console.error(`pavilion: the demo failed; the logs of its parts are kept in ${dir}`);
}

/** A part's own logs, at the top of its folder; what else lies there is removed. */
function logsIn(folder: string): string[] {
  const names = readdirSync(folder);
  const logs = names.filter((name) => name.endsWith(".log"));
  for (const name of names.filter((other) => !logs.includes(other))) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
  return logs;
}

interface DemoOutcome extends Verified {
  readonly requestId: string;
  readonly result: Result;
  readonly stages: readonly StageTime[];
}

async function play(dir: string, lines: LiveLines): Promise<DemoOutcome> {
  const { tell } = lines;
  const log = openLog({ service: "demo" }, "silent");
  const step = stopwatch(tell);
  tell("  starting Kafka, the schema registry, a chain and two HSM tokens …");
  const scene = await setScene(dir, log);
  try {
    step("they are up; topics, ACLs, schemas, keys and the anchoring contract are made");
    const onChange = (_: unknown, sentence: string): void => {
      tell(`  ${sentence}`);
    };
    scene.stack.keepParts(onChange);
    await Promise.all([homeRegion, otherRegion].map((region) => scene.stack.keepConnector(region, onChange)));
    step(`connectors of ${homeRegion} and ${otherRegion} are up`);
    const trail = await openAuditTrail(scene.stack.kafka, scene.stack.codec, homeRegion);
    try {
      const pushed = await pushStages(scene, trail, lines);
      step("both providers have pushed; no identifier has left them");
      return await answer(scene, trail, pushed, log, tell);
    } finally {
      await trail.close();
    }
  } finally {
    await scene.stack.stop();
  }
}

/** Has the providers push, and times the two stages that work on it. */
async function pushStages(scene: Scene, trail: AuditTrail, lines: LiveLines): Promise<StageTime[]> {
  try {
    await pushAll(scene, files, (provider, line) => {
      if (line.startsWith("{")) followAgent(lines, JSON.parse(line) as AgentLine, `    ${provider}: `);
      else lines.tell(`  ${line}`);
    });
  } finally {
    lines.clear();
  }
  return pushStageNames.map((name) => {
    const first = Math.min(
      ...trail.records.filter((record) => record.stage === name).map(({ time }) => time),
    );
    return { name, ms: spanOf(trail.records, name, first) };
  });
}

async function answer(
  scene: Scene,
  trail: AuditTrail,
  pushed: StageTime[],
  log: Log,
  tell: (line: string) => void,
): Promise<DemoOutcome> {
  await askElsewhere(scene, log, tell);
  const client = await connectBroker(scene, homeRegion, log);
  try {
    const request = await signFresh(scene, client, requestDraft());
    const published = Date.now();
    const result = await client.ask(request);
    const roundTripMs = Date.now() - published;
    if (result.answer === null) throw refusalOf(result);
    await trail.until(
      ({ requestId: id, stage }) => id === request.requestId && stage === "result",
      auditLimitMs,
    );
    const asked = stageTimes(trail.records, request.requestId, answerStageNames, published);
    tellAnswer(scene, result.answer, [...stageLines("while the providers pushed", pushed)], tell, {
      asked,
      roundTripMs,
    });
    tell("");
    tell("  the answer is provisional; waiting for its proofs and for the anchor of its spend …");
    const bundle = await client.evidence(result.evidenceFor ?? "");
    await trail.until(
      ({ requestId: id, stage }) => id === request.requestId && stage === "evidence",
      auditLimitMs,
    );
    const proven = evidenceTimes(trail.records, request.requestId, evidenceStageNames);
    for (const line of stageLines("for the evidence, from the answer's publishing", proven)) tell(line);
    const verified = await verifyBundle(scene, bundle, anchoringOf(trail, request.requestId), tell);
    return { requestId: request.requestId, result, stages: [...pushed, ...asked, ...proven], ...verified };
  } finally {
    await client.close();
  }
}

/** The transaction that anchored a request's spend, as the region's audit trail tells it. */
const anchoringOf = ({ records }: AuditTrail, id: string): string =>
  records.find(({ requestId, action }) => requestId === id && action === "request.anchored")?.details
    .transaction ?? "";

function tellAnswer(
  scene: Scene,
  answered: Answer,
  before: readonly string[],
  tell: (line: string) => void,
  { asked, roundTripMs }: { asked: readonly StageTime[]; roundTripMs: number },
): void {
  const [patients = "", members = ""] = scene.collaboration.providers.map(({ id }) => files.get(id));
  const plain = plainJoin(patients, members, scene.collaboration.referenceDate.replaceAll("-", ""));
  const { confidence, epsilonSpent, epsilonLeft } = answered;
  const [window] = scene.population.budget.windows;
  const lines = [
    "",
    ...before,
    ...stageLines("for the question", asked),
    `  from question to answer ${String(roundTripMs)} ms`,
    "",
    ...answerLines(answered, plain),
    `  each interval holds the exact value with probability ${confidence}; only this demo knows the plain join`,
    `  epsilon spent ${epsilonSpent}; the population may spend ${epsilonLeft} more within ${String(window?.days)} days`,
  ];
  for (const line of lines) tell(line);
}

/** The same question in a region where the data is not: data never leaves its home, so it is refused. */
async function askElsewhere(scene: Scene, log: Log, tell: (line: string) => void): Promise<void> {
  const client = await connectBroker(scene, otherRegion, log);
  try {
    const { status, code } = await client.ask(await signFresh(scene, client, requestDraft()));
    tell(`  asked in ${otherRegion}: ${status} ${code ?? ""}`);
  } finally {
    await client.close();
  }
}

/** Tells a step that is done and how long it took. */
function stopwatch(tell: (line: string) => void): (line: string) => void {
  let last = performance.now();
  return (line) => {
    const now = performance.now();
    tell(`  ${((now - last) / 1000).toFixed(1).padStart(5)} s  ${line}`);
    last = now;
  };
}

/** The refusal as an error of its own code. */
function refusalOf({ code, message }: Result): PavilionError {
  return new PavilionError(
    errorCodeOr(code ?? "", "INTERNAL_ERROR"),
    `The question was refused: ${message ?? ""}`,
  );
}
