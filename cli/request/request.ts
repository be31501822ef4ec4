/**
 * `request FILE.json … [--bundle FILE] [--timeout SECONDS] [--json]`: asks, one question a file, all at once; prints each
 * answer, and with `--bundle` waits for the evidence of one.
 */
import { accessSync, constants, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { JwsSigner } from "../../crypto/jws/jws.ts";
import { errorCodeOr, PavilionError } from "../../errors/errors.ts";
import { openLog } from "../../runtime/log.ts";
import { shell } from "../../runtime/shell.ts";
import { readJson } from "../../runtime/text-file.ts";
import { secondsIn, secondsWanted } from "../../runtime/waits.ts";
import type { Result } from "../../schemas/avro/index.ts";
import type { EvidenceBundleDocument } from "../../schemas/json/evidence-bundle.ts";
import { openBrokerClient, type BrokerClient } from "../../services/clients/broker/client.ts";
import { newRequest, requireAsked, signRequest, type Asked } from "../../services/clients/broker/request.ts";
import { openBroker } from "../../services/keystore/parties.ts";
import { misuse } from "../../errors/misuse.ts";
import { accessOf, keysOf } from "../party/keys.ts";
import { answerTable, evidenceLines } from "./answer.ts";

const evidenceSecondsMin = 300;

interface Question {
  readonly file: string;
  readonly asked: Asked;
}

interface Given {
  readonly bundle: string | undefined;
  readonly timeout: string | undefined;
  readonly json: boolean;
}

export async function request(files: readonly string[], given: Given): Promise<number> {
  if (files.length === 0) throw misuse("Give a file with a question.");
  if (given.bundle !== undefined && files.length > 1) {
    throw misuse("--bundle writes the evidence of one question: ask that one alone.");
  }
  const seconds = given.timeout === undefined ? undefined : secondsIn(given.timeout);
  if (given.timeout !== undefined && seconds === undefined) throw misuse(`--timeout takes ${secondsWanted}.`);
  const bundle = given.bundle === undefined ? undefined : placeFor(given.bundle);
  const questions = files.map(readQuestion);
  const broker = brokerOf(questions);
  const client = await clientOf(broker);
  try {
    const { keystore, passphrase } = keysOf("broker", broker);
    const { sign } = await openBroker(keystore, passphrase);
    const results = await Promise.all(questions.map((question) => ask(client, sign, question)));
    const tell = (lines: readonly string[]): void => {
      if (!given.json) for (const line of lines) console.log(line);
    };
    // Before the evidence, which may take long or fail: the answer is paid for.
    for (const [index, result] of results.entries()) tell(resultLines(files[index] ?? "", result));
    const block = bundle === undefined ? undefined : await keepBundle(client, results[0], bundle, seconds);
    if (bundle !== undefined) tell(bundleLines(bundle, block));
    if (given.json) {
      const told = results.map((result, index) => ({ file: files[index], result }));
      console.log(JSON.stringify({ results: told, ...(bundle === undefined ? {} : { bundle, block }) }));
    }
    return results.every(({ answer }) => answer !== null) ? 0 : 1;
  } finally {
    await client.close();
  }
}

/** Where the bundle is to be written, found out before anything is spent. Throws CONFIG_INVALID. */
function placeFor(file: string): string {
  const place = resolve(file);
  try {
    mkdirSync(dirname(place), { recursive: true });
    accessSync(dirname(place), constants.W_OK);
    if (!existsSync(place) || statSync(place).isFile()) return place;
  } catch (cause) {
    throw new PavilionError("CONFIG_INVALID", `The bundle cannot be written to ${place}.`, undefined, {
      cause,
    });
  }
  throw new PavilionError("CONFIG_INVALID", `${place} is no file.`, "Name a file for the bundle.");
}

/** Throws DOCUMENT_INVALID. */
function readQuestion(file: string): Question {
  return { file, asked: requireAsked(readJson(file, "DOCUMENT_INVALID"), file) };
}

/** All questions of a call are one broker's. */
function brokerOf(questions: readonly Question[]): string {
  const [broker, ...others] = new Set(questions.map(({ asked }) => asked.broker));
  if (broker !== undefined && others.length === 0) return broker;
  throw new PavilionError(
    "DOCUMENT_INVALID",
    "The questions name several brokers, and a call asks as one.",
    "Ask the questions of each broker by themselves.",
  );
}

function clientOf(broker: string): Promise<BrokerClient> {
  const { region, kafka, registryUrl } = accessOf("broker", broker);
  const log = openLog({ service: "broker", broker }, "error", "stderr");
  return openBrokerClient({ broker, region, kafka, registryUrl, log });
}

/** Signs under the newest seed, and once more under the next one should it have closed meanwhile. */
async function ask(client: BrokerClient, sign: JwsSigner, { asked }: Question): Promise<Result> {
  const once = async (): Promise<Result> =>
    client.ask(await signRequest(newRequest(asked, await client.newestSeed()), sign));
  const result = await once();
  return result.code === "STALE_SEED" ? once() : result;
}

/** Writes the evidence; answers the block to look up at one's own node. */
async function keepBundle(
  client: BrokerClient,
  result: Result | undefined,
  file: string,
  seconds: number | undefined,
): Promise<{ number: number; hash: string } | undefined> {
  if (result?.answer === null || result?.evidenceFor === null || result === undefined) return undefined;
  console.error("  the answer is provisional; waiting for its proofs and the anchor of its spend …");
  const wait = seconds ?? Math.max(evidenceSecondsMin, 2 * (result.evidenceSeconds ?? 0));
  const text = await client.evidence(result.evidenceFor, wait * 1_000);
  const bundle = JSON.parse(text) as EvidenceBundleDocument;
  writeFileSync(file, `${JSON.stringify(bundle, undefined, 2)}\n`);
  const { block, blockHash } = bundle.log.chain;
  return { number: block, hash: blockHash };
}

function resultLines(file: string, result: Result): string[] {
  const { requestId, answer, code, message, evidenceSeconds } = result;
  if (answer !== null) {
    return [`  ${file}: request ${requestId}`, ...answerTable(answer), ...evidenceLines(evidenceSeconds)];
  }
  return [
    `  ${file}: request ${requestId} is refused`,
    `  ${errorCodeOr(code ?? "", "INTERNAL_ERROR")}: ${message ?? ""}`,
  ];
}

const bundleLines = (file: string, block: { number: number; hash: string } | undefined): string[] =>
  block === undefined
    ? ["  no evidence: there is no answer"]
    : [
        `  evidence bundle  ${file}`,
        `  look up block ${String(block.number)} at a node of your own; if it has the hash below, verify by it:`,
        shell`  ./pavilion verify ${file} --trust TRUST.json --block ${block.hash}`,
      ];
