/**
 * A small stack by the command line for whatever is put in that is bad: a clinic and an insurer with 120 people each, one
 * collaboration, a broker, and a way to put things on Kafka that no client of ours would.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChildProcess } from "node:child_process";
import type { IHeaders } from "kafkajs";
import { textDigest } from "../../domain/terms/request.ts";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { headersOf } from "../../runtime/kafka/cloudevents.ts";
import { partitionOf } from "../../runtime/kafka/partitioner.ts";
import type { RawRecord } from "../../runtime/kafka/wire/raw-batch.ts";
import { recordDigest } from "../../runtime/record-digest.ts";
import { openLog } from "../../runtime/log.ts";
import { openCodec, type Codec } from "../../runtime/registry/codec.ts";
import type { Result, SignedRequest } from "../../schemas/avro/index.ts";
import type { Access } from "../../schemas/json/access.ts";
import { openBrokerClient, type BrokerClient } from "../../services/clients/broker/client.ts";
import { newRequest, signRequest, type Asked } from "../../services/clients/broker/request.ts";
import { openBroker } from "../../services/keystore/parties.ts";
import { CommandLine } from "./command-line.ts";
import { publishPopulation, type Draft } from "./population-file.ts";
import { produceRaw } from "./raw-producer.ts";
import { topics } from "../../pipelines/pipelines.ts";

const log = openLog({ service: "test" }, "silent");

/** The broker's question; whatever is bad about one is said by what changes. */
export const question = {
  ...{ broker: "core", tenant: "council", home: "eu-central" },
  ...{ collaboration: "study", collaborationVersion: 1, purpose: "planning", legalBasis: "consent" },
  epsilon: "1",
  question: { measures: [{ kind: "count" }], groupings: [{ by: "total" }] },
  deadlineSeconds: 60,
} as unknown as Asked;

/** Of an event that carries a request. */
export const requestHeaders = (id: string): IHeaders =>
  headersOf({
    ...{ id, type: "SignedRequest", source: "/broker/core", time: Date.now(), subject: id },
    traceparent: "",
  });

type Budget = Pick<Draft, "epsilon" | "window">;
const small: Budget = { epsilon: "9", window: "3" };

export class BadInputStack {
  readonly dir = mkdtempSync(join(tmpdir(), "pavilion-bad-"));
  readonly pavilion = new CommandLine(this.dir);
  #serving: ChildProcess | undefined;
  #client: Promise<BrokerClient> | undefined;
  #codec: Codec | undefined;

  /** `change` is done to the terms before they are signed; the people's budget is one that a test's requests fit into. */
  static async start(change?: (terms: string) => string, budget: Budget = small): Promise<BadInputStack> {
    const stack = new BadInputStack();
    try {
      await stack.#set(change, budget);
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  async #set(change: ((terms: string) => string) | undefined, budget: Budget): Promise<void> {
    await this.pavilion.done("up");
    for (const [role, name] of [
      ["provider", "clinic"],
      ["provider", "insurer"],
      ["broker", "core"],
    ] as const) {
      await this.pavilion.done(role, "init", `--${role}`, name);
      await this.pavilion.done(role, "admit", this.partyFile(role, name, "card.json"));
    }
    await publishPopulation(this.pavilion, this.dir, {
      ...{ id: "townspeople", ...budget },
      datasets: [
        ["clinic", "patients"],
        ["insurer", "members"],
      ],
    });
    await this.publish(this.file("study.yaml", await this.yaml(change)));
    this.#serving = this.pavilion.serve("provider", "serve", "--provider", "clinic");
    await this.pavilion.done(
      ...this.pushOf(
        "clinic",
        this.csv("id,age", (i) => `${String(i)},${String(i % 80)}`),
      ),
    );
    await this.pavilion.done(
      ...this.pushOf(
        "insurer",
        this.csv("id,member", (i) => `${String(i)},yes`),
      ),
    );
  }

  /** Everybody who listens to Kafka leaves. */
  async leave(): Promise<void> {
    await this.forget();
    this.#serving?.kill("SIGTERM");
  }

  /** The broker's client leaves; the next request opens another. */
  async forget(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    const open = await client?.catch(() => undefined);
    await open?.close();
  }

  async stop(): Promise<void> {
    await this.leave();
    await this.pavilion.run("down");
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Writes a file into the folder that commands run in; answers its path. */
  file(name: string, content: string | Uint8Array): string {
    const path = join(this.dir, name);
    writeFileSync(path, content);
    return path;
  }

  partyFile(role: "provider" | "broker", name: string, file: string): string {
    return join(this.pavilion.home, `${role}s`, name, file);
  }

  csv(header: string, row: (i: number) => string, people = 120): string {
    const rows = Array.from({ length: people }, (_, index) => row(index + 1));
    return this.file(`${header.replaceAll(",", "-")}.csv`, `${[header, ...rows].join("\n")}\n`);
  }

  pushOf(provider: string, ...files: string[]): string[] {
    return ["provider", "push", "--provider", provider, "--collaboration", "study", ...files];
  }

  /** The collaboration with some of its text changed. */
  async yaml(change: (text: string) => string = (text) => text): Promise<string> {
    const key = (role: string, name: string): Promise<string> =>
      this.pavilion.done(role, "key", `--${role}`, name);
    const party = async (name: string, dataset: string, column: string): Promise<string> => `  - id: ${name}
    key: ${await key("provider", name)}
    dataset: ${dataset}
    identifier: { source: id, normalisation: [trim, digits] }
    columns: [${column}]
    limits: { records: 400, changesPerDay: 4000 }`;
    return change(`type: pavilion/collaboration
id: study
version: 1
previous: null
population: townspeople
referenceDate: "2020-01-01"
purposes: [planning]
legalBases: [consent]
matching: { sender: clinic, epoch: 1, partitions: 2 }
providers:
${await party("clinic", "patients", "{ name: age, kind: integer, source: age, transform: none, lower: 0, upper: 110, nullable: false }")}
${await party("insurer", "members", '{ name: member, kind: flag, source: member, "true": ["yes"], nullable: false }')}
budget: { epsilonPerQuestion: "2" }
minimumGroup: 5
brokers:
  - { id: core, key: ${await key("broker", "core")}, tenants: [council] }
`);
  }

  async publish(file: string): Promise<void> {
    for (const provider of ["clinic", "insurer"])
      await this.pavilion.done("collaboration", "sign", file, "--provider", provider);
    await this.pavilion.done("collaboration", "publish", file.replace(".yaml", ".signed.json"));
  }

  /** The command that asks the question with some of it changed. */
  asking(change: object): string[] {
    return ["request", this.file("question.json", JSON.stringify({ ...question, ...change })), "--json"];
  }

  /** A signed request, as our client would make it. */
  async signed(change: object = {}, now = new Date()): Promise<SignedRequest> {
    const { sign } = await openBroker(
      this.partyFile("broker", "core", "keystore.json"),
      readFileSync(this.partyFile("broker", "core", "passphrase"), "utf8"),
    );
    const client = await this.client();
    return signRequest(newRequest({ ...question, ...change }, await client.newestSeed(), now), sign);
  }

  async ask(request: SignedRequest): Promise<Result> {
    return (await this.client()).ask(request);
  }

  /** One, however many ask for it at once. */
  client(): Promise<BrokerClient> {
    const { region, kafka, registryUrl } = this.#access();
    this.#client ??= openBrokerClient({ broker: "core", region, kafka, registryUrl, log });
    return this.#client;
  }

  /** The same by a client with the operator's rights, who may write and read everything. */
  async askAsOperator(request: SignedRequest): Promise<Result> {
    const { region, registryUrl, kafka } = this.#access();
    const remembered = readFileSync(join(this.pavilion.home, "stack", "stack.json"), "utf8");
    const { operator: password = "" } = (JSON.parse(remembered) as { passwords: Record<string, string> })
      .passwords;
    const client = await openBrokerClient({
      ...{ broker: "core", region, registryUrl, log },
      kafka: { bootstrap: kafka.bootstrap, username: "operator", password },
    });
    try {
      return await client.ask(request);
    } finally {
      await client.close();
    }
  }

  /** Puts a record on the requests' topic as it is; answers its digest. */
  async put(key: string, value: Buffer, headers: IHeaders): Promise<string> {
    const producer = connectKafka(this.#access().kafka, "stranger", log).producer({ retry: { retries: 0 } });
    await producer.connect();
    try {
      const topic = "eu-central.broker.requests";
      const [stored] = await producer.send({ topic, messages: [{ key, value, headers }] });
      const { partition = 0, baseOffset = "" } = stored ?? {};
      return recordDigest({ topic, partition, offset: BigInt(baseOffset), key: Buffer.from(key), value });
    } finally {
      await producer.disconnect();
    }
  }

  /** A request that is refused for its time alone, as a record; and the digest under which it is answered: CLOCK_SKEW. */
  async lateRequest(): Promise<{ readonly digest: string; readonly record: RawRecord & { key: string } }> {
    const request = await this.signed({ deadlineSeconds: 600 }, new Date(Date.now() - 6 * 60_000));
    this.#codec ??= await openCodec(this.#access().registryUrl, topics);
    const value = await this.#codec.encode("broker.requests", "SignedRequest", request);
    const { requestId: key, document } = request;
    const headers = Object.entries(requestHeaders(key)).map(([name, one]) => [name, String(one)] as const);
    return { digest: textDigest(document), record: { delta: 0, key, value, headers } };
  }

  /** Puts a batch on the requests' topic as it is, or a provider's on its ingest topic, where a key belongs. */
  async putRaw(batch: Buffer, key: string, provider?: string): Promise<void> {
    const access = provider === undefined ? this.#access() : this.#access("provider", provider);
    const topic = provider === undefined ? "broker.requests" : `ingest.${provider}`;
    const kafka = connectKafka(access.kafka, "stranger", log);
    await produceRaw(kafka, `eu-central.${topic}`, batch, (count) => partitionOf(Buffer.from(key), count));
  }

  #access(role: "provider" | "broker" = "broker", name = "core"): Access {
    return JSON.parse(readFileSync(this.partyFile(role, name, "access.json"), "utf8")) as Access;
  }
}
