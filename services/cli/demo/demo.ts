/**
 * `./pavilion demo [--json]`: the main job, end to end, on the real parts, in a temporary folder that is removed again.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PavilionError } from "../../../runtime/errors.ts";
import { openLog, type Log } from "../../../runtime/log.ts";
import type { Result } from "../../../schemas/avro/index.ts";
import { openAuditTrail, spanOf, stageTimes, type AuditTrail } from "./audit-trail.ts";
import { files, requestDraft } from "./example.ts";
import { plainJoin } from "./plain-join.ts";
import { agentText, answerLines, stageLines, type StageTime } from "./report.ts";
import { connectBroker, homeRegion, otherRegion, pushAll, setScene, signFresh, type Scene } from "./scene.ts";

/** The stages that a request passes, in order; ingest and the relay worked before it came. */
const requestStages = ["routing", "compliance", "psi", "aggregate", "dp", "signing", "result"];
const auditLimitMs = 15_000;

export async function demo(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { json: { type: "boolean", default: false } } });
  // With --json, standard output is the one line; what a person follows goes beside it.
  const tell = (line: string): void => {
    if (values.json) console.error(line);
    else console.log(line);
  };
  const started = performance.now();
  const dir = mkdtempSync(join(tmpdir(), "pavilion-demo-"));
  try {
    const outcome = await play(dir, tell);
    const totalMs = Math.round(performance.now() - started);
    rmSync(dir, { recursive: true, force: true });
    tell(
      `Done in ${(totalMs / 1000).toFixed(1)} s. Nothing is left running, and the temporary folder is gone.`,
    );
    if (values.json)
      console.log(JSON.stringify({ ...outcome, totalMs, evidence: null, trust: null, verified: null }));
    return 0;
  } catch (error) {
    console.error(
      `pavilion: the demo failed; the logs of its parts are kept in ${join(dir, "log")} and ${dir}`,
    );
    throw error;
  }
}

interface DemoOutcome {
  readonly requestId: string;
  readonly result: Result;
  readonly stages: readonly StageTime[];
}

async function play(dir: string, tell: (line: string) => void): Promise<DemoOutcome> {
  const log = openLog({ service: "demo" }, "silent");
  const step = stopwatch(tell);
  const scene = await setScene(dir, log);
  try {
    step("Kafka, schema registry and two HSM tokens are up; topics, ACLs, schemas and keys are made");
    await Promise.all([homeRegion, otherRegion].map((region) => scene.stack.startConnector(region)));
    step(`connectors of ${homeRegion} and ${otherRegion} are up`);
    const trail = await openAuditTrail(scene.stack.kafka, scene.stack.codec, homeRegion);
    try {
      const pushed = await pushStages(scene, trail, tell);
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
async function pushStages(
  scene: Scene,
  trail: AuditTrail,
  tell: (line: string) => void,
): Promise<StageTime[]> {
  await pushAll(scene, files, (provider, line) => {
    const text = agentText(line);
    if (text !== undefined) tell(`    ${provider}: ${text}`);
  });
  return ["ingest", "oprf-relay"].map((name) => {
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
    const request = await signFresh(scene, requestDraft());
    const asked = Date.now();
    const result = await client.ask(request);
    const roundTripMs = Date.now() - asked;
    if (result.answer === null) {
      throw new PavilionError(
        "INTERNAL_ERROR",
        `The question was refused: ${result.code ?? ""} ${result.message ?? ""}`,
      );
    }
    await trail.until(
      ({ requestId: id, stage }) => id === request.requestId && stage === "result",
      auditLimitMs,
    );
    const stages = [...pushed, ...stageTimes(trail.records, request.requestId, requestStages, asked)];
    const [patients = "", members = ""] = scene.collaboration.providers.map(({ id }) => files[id]);
    const plain = plainJoin(patients, members, scene.collaboration.referenceDate.replaceAll("-", ""));
    const { confidence, epsilonSpent, epsilonLeft } = result.answer;
    tell("");
    for (const line of stageLines(stages)) tell(line);
    tell(`  question to answer ${String(roundTripMs)} ms`);
    tell("");
    for (const line of answerLines(result.answer, plain)) tell(line);
    tell(
      `  each interval holds the exact value with probability ${confidence}; only this demo knows the plain join`,
    );
    tell(
      `  epsilon spent ${epsilonSpent}, left ${epsilonLeft}; status ${result.status}, credential signed in the HSM`,
    );
    return { requestId: request.requestId, result, stages };
  } finally {
    await client.close();
  }
}

/** The same question in a region where the data is not: data never leaves its home, so it is refused. */
async function askElsewhere(scene: Scene, log: Log, tell: (line: string) => void): Promise<void> {
  const client = await connectBroker(scene, otherRegion, log);
  try {
    const { status, code } = await client.ask(await signFresh(scene, requestDraft()));
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
