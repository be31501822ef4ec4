/**
 * `dead-letters list|show|redrive [LETTER …] [--config CONNECTOR.json]`: what the region's stages could not accept, and a
 * way back for it. Runs beside the connector; `redrive` opens the region's HSM, since originals are sealed to its key.
 */
import type { Kafka } from "kafkajs";
import { readConfig, readSecret } from "../../runtime/config.ts";
import { PavilionError } from "../../errors/errors.ts";
import { openHsm } from "../../runtime/hsm/hsm.ts";
import { sealingKey, sealingKeysOf } from "../../runtime/hsm/sealing-keys.ts";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { openLog } from "../../runtime/log.ts";
import { openCodec, type Codec } from "../../runtime/registry/codec.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { tokenAddressOf } from "../../services/connector/token-address.ts";
import { misuse } from "../../errors/misuse.ts";
import { connectorConfigOf } from "../stack/running.ts";
import { tableLines } from "../table.ts";
import { readLetters, type Letter } from "./letters.ts";
import { openRedriver } from "./redrive.ts";
import { select, selectionOf, type Selection, type SelectionOptions } from "./selection.ts";
import { topics } from "../../pipelines/pipelines.ts";

interface Desk {
  readonly config: ConnectorConfig;
  readonly kafka: Kafka;
  readonly codec: Codec;
  readonly selection: Selection;
  readonly json: boolean;
}

interface Given extends SelectionOptions {
  readonly config: string | undefined;
  readonly region: string | undefined;
  readonly user: string | undefined;
  readonly "password-file": string | undefined;
  readonly all: boolean;
  readonly json: boolean;
}

/** Exit codes: 0 done, 1 where a letter could not be redriven or the command failed. */
export async function deadLetters([action, ...names]: readonly string[], given: Given): Promise<number> {
  const isFiltered = [given.stage, given.code, given.since].some((filter) => filter !== undefined);
  const run = action === undefined ? undefined : actions.get(action);
  if (run === undefined) throw misuse("dead-letters takes list, show or redrive.");
  if (action === "list" ? names.length > 0 : names.length === 0 && !isFiltered && !given.all) {
    throw misuse(
      action === "list"
        ? "list takes filters, and no names of letters."
        : "Name letters, or filter them by --stage, --code, --since, or take --all.",
    );
  }
  const selection = selectionOf(names, given, Date.now());
  const config = configOf(given.config, given.region);
  const log = openLog({ service: "cli" }, "silent");
  const access = accessOf(config, given.user, given["password-file"]);
  const kafka = connectKafka(access, `${config.region}.dead-letters`, log);
  const codec = await openCodec(config.registryUrl, topics);
  try {
    return await run({ config, kafka, codec, selection, json: given.json });
  } catch (error) {
    throw explained(error, access.username);
  }
}

const actions: ReadonlyMap<string, (desk: Desk) => Promise<number>> = new Map([
  ["list", list],
  ["show", show],
  ["redrive", redrive],
]);

async function list(desk: Desk): Promise<number> {
  const { chosen, left } = select(await lettersFor(desk), desk.selection, "newest");
  if (desk.json) print({ letters: chosen.map(described), left });
  else {
    const header = ["letter", "time", "code", "cause", "tries", "event", "from", ""];
    for (const line of tableLines(header, chosen.map(rowOf), ["tries"])) console.log(line);
    console.log(
      left === 0 ? `${String(chosen.length)} letters` : `the newest of ${String(chosen.length + left)}`,
    );
  }
  return 0;
}

async function show(desk: Desk): Promise<number> {
  const { chosen, left } = select(await lettersFor(desk), desk.selection, "newest");
  if (desk.json) print({ letters: chosen.map(described), left });
  else {
    for (const letter of chosen) {
      const members = Object.entries(described(letter)).map(([name, value]) => [`  ${name}`, String(value)]);
      console.log([letter.name, ...tableLines(["", ""], members).slice(1)].join("\n"));
    }
  }
  return 0;
}

async function redrive(desk: Desk): Promise<number> {
  const { config, kafka, codec, selection } = desk;
  const hsm = await openHsm({ ...tokenAddressOf(config), keys: [sealingKey] });
  try {
    const redriver = await openRedriver(
      kafka,
      codec,
      await sealingKeysOf(hsm, config.hsm.tokenLabel),
      config.region,
    );
    try {
      // Only now: an earlier redriver is fenced, so that no mark is missed.
      const { chosen, left } = select(await pendingFor(desk), selection, "oldest");
      const outcomes: { letter: string; outcome: string }[] = [];
      for (const letter of chosen) {
        const outcome = (await redriver.redrive(letter)) ?? "redriven";
        outcomes.push({ letter: letter.name, outcome });
        if (!desk.json) console.log(`${letter.name}  ${outcome}`);
      }
      if (desk.json) print({ letters: outcomes, left });
      else if (left > 0) console.log(`${String(left)} more are left: run it again, or raise --limit.`);
      return outcomes.every(({ outcome }) => outcome === "redriven") ? 0 : 1;
    } finally {
      await redriver.close();
    }
  } finally {
    await hsm.close();
  }
}

const lettersFor = ({ kafka, codec, config, selection }: Desk): Promise<Letter[]> =>
  readLetters(kafka, codec, config.region, selection.stages);

/** Filters pass over what is redriven; a letter that is named is answered for. */
async function pendingFor(desk: Desk): Promise<Letter[]> {
  const letters = await lettersFor(desk);
  return desk.selection.names.length > 0 ? letters : letters.filter(({ redriven }) => !redriven);
}

/** Everything but the original, which stays sealed. */
function described(letter: Letter): Record<string, unknown> {
  const { name, key, sealed: _, offset: _offset, time, ...rest } = letter;
  return { letter: name, time: new Date(time).toISOString(), key: key.toString(), ...rest };
}

function rowOf(letter: Letter): string[] {
  const { name, time, code, cause, attempts, eventType, sourceTopic, sourcePartition, sourceOffset } = letter;
  const from = `${sourceTopic}/${String(sourcePartition)}/${String(sourceOffset)}`;
  const state = letter.redriven ? "redriven" : "";
  return [
    name,
    new Date(time).toISOString(),
    code,
    cause ?? "",
    String(attempts),
    eventType ?? "",
    from,
    state,
  ];
}

function configOf(file: string | undefined, region: string | undefined): ConnectorConfig {
  const config = readConfig("connector-config", file ?? connectorConfigOf(region));
  if (region !== undefined && region !== config.region) {
    const message = `The configuration is region ${config.region}'s, not ${region}'s.`;
    throw new PavilionError("CONFIG_INVALID", message, "Give the configuration of the region that is meant.");
  }
  return config;
}

/** The connector's own user reads letters and may redrive what stages write; the operator's may redrive all. */
function accessOf({ kafka }: ConnectorConfig, user: string | undefined, passwordFile: string | undefined) {
  if ((user === undefined) !== (passwordFile === undefined)) {
    throw misuse("--user and --password-file go together.");
  }
  return {
    bootstrap: kafka.bootstrap,
    username: user ?? kafka.username,
    password: readSecret(passwordFile ?? kafka.passwordFile),
  };
}

/** What Kafka says where a user may not. A transaction that is refused one topic is told so of the others this way. */
const refusals = [
  "TOPIC_AUTHORIZATION_FAILED",
  "GROUP_AUTHORIZATION_FAILED",
  "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
  "OPERATION_NOT_ATTEMPTED",
  "SASL_AUTHENTICATION_FAILED",
];
const fencings = ["INVALID_PRODUCER_EPOCH", "PRODUCER_FENCED"];

/** Kafka's answers that say what an operator can do, under the project's codes. */
function explained(error: unknown, username: string): unknown {
  const types = typesOf(error);
  if (types.some((type) => refusals.includes(type))) {
    return new PavilionError("ACCESS_DENIED", `Kafka does not let ${username} do this.`);
  }
  if (types.some((type) => fencings.includes(type))) {
    return new PavilionError(
      "REDRIVE_SUPERSEDED",
      "Another redrive of the region began; this one has ended.",
    );
  }
  return error;
}

/** kafkajs wraps the broker's answer, and what it was the cause of. */
function typesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const own = "type" in error && typeof error.type === "string" ? [error.type] : [];
  const isLogin = error.name === "KafkaJSSASLAuthenticationError";
  return [...own, ...(isLogin ? ["SASL_AUTHENTICATION_FAILED"] : []), ...typesOf(error.cause)];
}

const print = (value: unknown): void => {
  console.log(JSON.stringify(value));
};
