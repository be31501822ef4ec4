import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyStage } from "../runtime/contract/pipeline.ts";
import type { TopicName } from "../schemas/topics.ts";
import { answeringStages } from "./answering.ts";
import { log } from "./log/pipeline.ts";
import { privateComputation } from "./private-computation/pipeline.ts";

type Declared = Pick<AnyStage, "name" | "inputs" | "outputs">;

/** A stage that reads and writes these topics; those behind a `~` are beside the answer. */
const stage = (name: string, reads: string, outputs: readonly TopicName[]): Declared => ({
  name,
  inputs: reads.split(" ").map((topic) => ({
    topic: topic.replace("~", "") as TopicName,
    types: [],
    ...(topic.startsWith("~") ? { besideAnswer: true as const } : {}),
  })),
  outputs,
});

const { topics } = privateComputation;

test("private computation answers without its intake, its proofs, its log and its evidence", () => {
  assert.deepEqual(answeringStages(privateComputation), [
    "routing",
    "compliance",
    "psi",
    "aggregate",
    "dp",
    "signing",
    "result",
  ]);
});

test("a stage that is reached beside the answer alone is not waited for, nor what it alone waits for", () => {
  const stages = [
    stage("first", "broker.requests", ["routing.routed", "dp.witnesses"]),
    stage("last", "routing.routed ~zkp.proven", ["broker.results.<broker>"]),
    stage("beside", "dp.witnesses", ["zkp.proven"]),
  ];
  assert.deepEqual(answeringStages({ stages, topics }), ["first", "last"]);
  const waiting = stages.map((one) =>
    one.name === "last" ? stage("last", "routing.routed zkp.proven", ["broker.results.<broker>"]) : one,
  );
  assert.deepEqual(answeringStages({ stages: waiting, topics }), ["first", "last", "beside"]);
});

test("a way that splits and joins is waited for as a whole, and one that goes round ends", () => {
  const stages = [
    stage("door", "broker.requests result.concluded", ["routing.routed"]),
    stage("left", "routing.routed", ["psi.partials"]),
    stage("right", "routing.routed", ["aggregate.sums"]),
    stage("join", "psi.partials aggregate.sums", ["broker.results.<broker>", "result.concluded"]),
    stage("feed", "ingest.<provider>", ["psi.partials"]),
    stage("end", "result.concluded", ["requests.ended"]),
  ];
  assert.deepEqual(answeringStages({ stages, topics }), ["door", "left", "right", "join"]);
});

test("a pipeline that nobody asks waits for none, and one that is asked and never answers is refused", () => {
  assert.deepEqual(answeringStages(log), []);
  const stages = [stage("only", "broker.requests", ["routing.routed"])];
  assert.throws(() => answeringStages({ stages, topics }));
});
