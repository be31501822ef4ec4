/**
 * A stage that counts what it handles, and what a task of it meets, for tests of the task with plain values.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { AuditEvent, DatasetHead, DeadLetter, Refusal, RequestRef } from "../../schemas/avro/index.ts";
import { decline, output, publish, refuse, reject, type Stage } from "../contract/stage.ts";
import { asking } from "../../pipelines/private-computation/asking.ts";
import { topics } from "../../pipelines/pipelines.ts";
import { StageTask, type Emission, type Input } from "../task.ts";

export const region = "eu-central";
export const partition = 1;

export type Counted = "DatasetHead" | "SignedRequest" | "RoutedRequest" | "RecordBatch";

/** Counts what it handles, so that an input handled twice shows; fails as the record's key says. */
export const counting: Stage<Counted, null> = {
  name: "counting",
  inputs: [
    { topic: "dataset.heads", types: ["DatasetHead"] },
    { topic: "broker.requests", types: ["SignedRequest"] },
    { topic: "routing.routed", types: ["RoutedRequest"] },
    { topic: "ingest.<provider>", types: ["RecordBatch"] },
  ],
  outputs: ["dataset.heads"],
  handle({ key }, state) {
    if (key === "poison") throw new Error("cannot handle this");
    const count = ((state.get("counts", "all") as number | undefined) ?? 0) + 1;
    const changes = [{ table: "counts", key: "all", value: count }];
    const audit = [{ tenant: "t", action: "counted", details: { count: String(count) } }];
    const outputs = [0, 1].map(() => output("dataset.heads", "DatasetHead", head, { key }));
    if (key === "decline") return decline("BAD_SIGNATURE", "Nobody signed it.");
    if (key === "reject") return reject("BATCH_UNREADABLE", "It is refused.", { changes });
    if (key === "refuse") {
      return refuse({ request, code: "POLICY_DENIED", detail: "It is not allowed." }, { changes });
    }
    return publish({ outputs, changes, audit });
  },
};

const head: DatasetHead = {
  ...{ collaboration: "c", epoch: 1, provider: "p", dataset: "d" },
  ...{ sequence: 1, head: "h", complete: true, signature: "s" },
};

export const request: RequestRef = {
  ...{ requestId: "request-1", digest: "d1", tenant: "tenant-1", broker: "b" },
  ...{ collaboration: "c", deadline: 1_000 },
};

export const sealed = (raw: Buffer): Buffer => Buffer.concat([Buffer.from("sealed "), raw]);

export const newTask = (stage = counting): StageTask<Counted, null> =>
  new StageTask({ stage, region, partition, ports: null, topics, asking, sealOriginal: sealed });

/** An event of another stage, on one of its topics. */
export function input(offset: number, change: Partial<Input> = {}): Input {
  return {
    topic: "dataset.heads",
    address: `${region}.dataset.heads`,
    offset: BigInt(offset),
    key: "k",
    rawKey: Buffer.from(change.key ?? "k"),
    time: 5,
    id: "",
    source: `/${region}/ingest`,
    traceparent: "trace",
    raw: Buffer.from("raw"),
    content: { type: "DatasetHead", value: head },
    ...change,
  };
}

export const signedRequest = {
  requestId: "request-2",
  document: '{"é":1}',
  signature: "s",
  seedCommitment: null,
};

export const asked = (offset: number, change: Partial<Input> = {}): Input =>
  input(offset, {
    topic: "broker.requests",
    address: `${region}.broker.requests`,
    source: "/broker/b",
    content: { type: "SignedRequest", value: signedRequest },
    ...change,
  });

/** What a handler fails with, whose message nobody may read. */
export const defect = new TypeError("value 4711 is not a function");

const noPayload = { enc: Buffer.alloc(0), records: [], commitments: Buffer.alloc(0) };

export const pushed = (offset: number, change: Partial<Input> = {}): Input =>
  input(offset, {
    topic: "ingest.<provider>",
    owner: "p",
    address: `${region}.ingest.p`,
    content: { type: "RecordBatch", value: { header: "", signature: "", ...noPayload } },
    ...change,
  });

export async function commit(task: StageTask<Counted, null>, ...inputs: Input[]): Promise<Emission[]> {
  const emissions: Emission[] = [];
  for (const next of inputs) {
    emissions.push(...(await task.take(next)));
    await task.state.commit();
  }
  return emissions;
}

export const handled = (task: StageTask<Counted, null>): unknown => task.state.get("counts", "all") ?? 0;

export interface ValueOn {
  readonly "dead-letter": DeadLetter;
  readonly "audit.events": AuditEvent;
  readonly "result.refusals": Refusal;
}

export function only<T extends keyof ValueOn>(emissions: readonly Emission[], topic: T): ValueOn[T] {
  const found = emissions.filter((emission) => emission.topic === topic);
  assert.equal(found.length, 1, `one record to ${topic}`);
  return found[0]?.value as ValueOn[T];
}

export const topicsOf = (emissions: readonly Emission[]): string[] => emissions.map(({ topic }) => topic);

export const digestOf = (content: string | Buffer): string =>
  createHash("sha256").update(content).digest("hex");
