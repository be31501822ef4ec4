/**
 * A stage gets its own ports and no others: psi cannot sign, signing cannot draw noise, and nobody but the log's own writer
 * reaches the chain.
 */
import assert from "node:assert/strict";
import { createECDH } from "node:crypto";
import { test } from "node:test";
import type { AnchorChain } from "../runtime/chain/anchor-chain.ts";
import { keysOf, type Pipeline, type Serving } from "../runtime/contract/pipeline.ts";
import type { Host } from "../runtime/host.ts";
import { onlyDeclared } from "../runtime/hsm/declared.ts";
import { keyring } from "../runtime/hsm/hsm.ts";
import type { Prover } from "../runtime/prover/prover.ts";
import type { ConnectorConfig } from "../schemas/json/connector-config.ts";
import { pipelines } from "./pipelines.ts";

const region = ["partitions", "region"];
const terms = ["collaborations", "populations"];

/** By stage: the names of its ports, as its own interface has them. */
const own: Readonly<Record<string, readonly string[]>> = {
  ingest: [...region, ...terms, "openBatch", "decodeRecord", "randomBytes"],
  "oprf-relay": [...region, ...terms],
  routing: [...region, ...terms, "seeds", "standing", "answeringStages", "provingStage", "limits"],
  compliance: [...region, ...terms, "jurisdiction", "standing", "policy"],
  psi: ["blinding", "partition", "partitions"],
  aggregate: [...region, "blinding"],
  dp: [...region, "seed", "blinding", "exposed", "restore", "homes"],
  signing: [...region, "issuer"],
  result: [...region, "collaborations", "standing", "isAdmitted"],
  zkp: ["partition", "collaborations", "prove", "represent", "circuit", "seed", "blinding"],
  anchoring: [
    ...["region", "partition", "chain", "logSigner", "seedPeriodMs"],
    ...["createSeed", "seed", "destroySeed", "blinding", "restore"],
  ],
  evidence: ["region", "jurisdiction", "collaborationEntry", "populationEntry"],
};

/** A host whose parts do nothing: what is asked for is what counts. */
function hostOf(pipeline: Pipeline): Host {
  const nothing = (): never => assert.fail("opening calls no part");
  const publicKey = createECDH("prime256v1").generateKeys();
  const every = keysOf(pipelines).map((declared) => {
    const ed25519 = declared.purpose === "ed25519";
    return {
      declared,
      key: { publicKey: ed25519 ? publicKey.subarray(0, 32) : publicKey, operate: nothing },
    };
  });
  const hsm = { key: keyring(every), createSeed: nothing, seed: nothing, destroySeed: nothing };
  const config = {
    region: "eu",
    jurisdiction: "EU",
    partitions: 1,
    development: true,
    seedPeriodSeconds: 60,
  };
  return {
    config: config as ConnectorConfig,
    section: undefined,
    hsm: onlyDeclared(hsm, pipeline),
    chain: () => ({}) as AnchorChain,
    prover: <T>() =>
      Promise.resolve({ setup: "development", prove: nothing, represent: nothing } as unknown as Prover<T>),
    owners: () => undefined,
  };
}

async function servings(): Promise<Serving[]> {
  const opened = await Promise.all(pipelines.map((pipeline) => pipeline.open(hostOf(pipeline))));
  return opened.flatMap(({ serving }) => [...serving]);
}

test("every stage of a pipeline is served, each once", async () => {
  const served = (await servings()).map(({ stage }) => stage.name);
  assert.deepEqual(
    served,
    pipelines.flatMap(({ stages }) => stages.map(({ name }) => name)),
  );
});

test("a stage gets its own ports and no others", async () => {
  for (const { stage, ports } of await servings()) {
    assert.deepEqual(Object.keys(ports(0)).sort(), [...(own[stage.name] ?? [])].sort(), stage.name);
  }
});
