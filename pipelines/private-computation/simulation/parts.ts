/**
 * What the stages that are played stand on: the pipelines' own ports over parts in memory. Keys, a policy that is the real one, a
 * chain, and in the prover's place one that makes no proof, but refuses every statement that the circuit would refuse.
 */
import { readFileSync } from "node:fs";
import type { SeedTable } from "../../../domain/log/seeds.ts";
import { Standing } from "../../../domain/terms/standing.ts";
import { blinding, seedBytes, seedsOf } from "../../../domain/log/testing/seeds.ts";
import { loadPolicy } from "../../../domain/policy/policy.ts";
import { changedPorts, type Serving } from "../../../runtime/contract/pipeline.ts";
import { onlyDeclared } from "../../../runtime/hsm/declared.ts";
import { keyring, type Hsm, type HsmKey } from "../../../runtime/hsm/hsm.ts";
import type { EventTypes } from "../../../schemas/avro/index.ts";
import type { Means } from "../../../simulation/world.ts";
import { usualLimits, type RoutingLimits } from "../../../stages/routing/limits.ts";
import { ingest } from "../../../stages/ingest/stage.ts";
import { checkOpening, representHere } from "../../../stages/zkp/testing/reference-prover.ts";
import type { Tables } from "../../directory.ts";
import { blindingKey, hpkeKey, issuerKey, logKey } from "../../keys.ts";
import { log, servingLog } from "../../log/pipeline.ts";
import { privateComputation, servingComputation } from "../pipeline.ts";
import { memoryChain } from "./chain.ts";
import {
  collaboration,
  collaborations,
  entry,
  key,
  logSigner,
  partitions,
  population,
  populationEntry,
  populations,
  region,
  regionKey,
} from "./region.ts";

const policyFolder = new URL("../../../domain/policy/", import.meta.url);
const policy = await loadPolicy(
  readFileSync(new URL("policy.wasm", policyFolder)),
  readFileSync(new URL("policy.wasm.sha256", policyFolder), "utf8").slice(0, 64),
);

const standing = new Standing();
for (const { id: broker } of collaboration.brokers) standing.addBroker({ broker, key: null, admitted: true });

/** What is played: the pipeline, and the log that it feeds. */
export const played = [privateComputation, log];

const config = { region, partitions, jurisdiction: "EU", seedPeriodSeconds: 3_600 };

/** Reached by the few questions that are asked. */
export const tightLimits: RoutingLimits = {
  waiting: { ...usualLimits.waiting, evidence: 1 },
  rates: { tenant: 2 },
};

/** What one run anchors another does not see. `seedEntries` are those on the seeds' topic. */
export function openParts(
  seedEntries: () => readonly EventTypes["SeedEntry"][],
  limits: RoutingLimits,
): (means: Means) => readonly Serving[] {
  const chain = memoryChain();
  const directory: Tables = {
    collaborations: {
      ...collaborations,
      ids: [collaboration.id],
      chainOf: () => [{ document: collaboration }],
      entryOf: () => entry,
    },
    populations: {
      ...populations,
      ids: [population.id],
      chainOf: () => [{ document: population }],
      entryOf: () => populationEntry,
    },
    seeds: seedsIn(seedEntries),
    standing,
    providers: collaboration.providers.map(({ id }) => id),
    restore: undefined,
  };
  return ({ wrap, track }) => {
    const away = "CHAIN_UNAVAILABLE";
    const hsm = memoryHsm(wrap);
    const failingChain = wrap(chain, { anchor: away, prove: away, standing: away, after: away });
    const lost = "PROVER_UNAVAILABLE";
    const prover = wrap({ prove: checkOpening, represent: representHere }, { prove: lost, represent: lost });
    const serving = [
      ...servingComputation(
        { config, hsm: onlyDeclared(hsm, privateComputation) },
        { policy, prover, directory, limits, exposed: "1/20" },
      ),
      ...servingLog({ config, hsm: onlyDeclared(hsm, log), chain: failingChain }, directory),
    ];
    return serving.map(openingBatches({ wrap, track }));
  };
}

/**
 * HPKE is worked out on other threads: the scheduler waits for all of it, so that it is what fails here, rather than the key
 * that it asks.
 */
const openingBatches = ({ wrap, track }: Means): ((serving: Serving) => Serving) =>
  changedPorts(ingest, (ports) => {
    const { openBatch } = wrap(
      { openBatch: (enc: Uint8Array, info: Uint8Array) => ports.openBatch(enc, info) },
      { openBatch: hsmAway },
    );
    return {
      ...ports,
      async openBatch(enc, info) {
        const context = await openBatch(enc, info);
        return { open: (ciphertext, aad) => track(Promise.resolve(context.open(ciphertext, aad))) };
      },
    };
  });

const hsmAway = "HSM_UNAVAILABLE";

/** The region's keys, and its seeds, which are neither made nor destroyed. */
function memoryHsm(wrap: Means["wrap"]): Omit<Hsm, "close"> {
  const keyOf = (
    publicKey: Uint8Array,
    operate: (input: Uint8Array) => Uint8Array | Promise<Uint8Array>,
  ): HsmKey => ({ publicKey, operate: async (input) => operate(input) });
  const failing = (key: HsmKey): HsmKey => wrap(key, { operate: hsmAway });
  const issuer = key("issuer");
  const seeds = {
    createSeed: () => Promise.resolve(),
    seed: (number: number) => Promise.resolve(seedBytes(number)),
    destroySeed: () => Promise.resolve(),
  };
  return {
    key: keyring([
      { declared: hpkeKey, key: keyOf(regionKey.getPublicKey(), (peer) => regionKey.computeSecret(peer)) },
      { declared: issuerKey, key: failing(keyOf(issuer.publicKey, issuer.sign)) },
      { declared: logKey, key: failing(keyOf(logSigner.publicKey, logSigner.sign)) },
      { declared: blindingKey, key: failing(keyOf(new Uint8Array(), blinding)) },
    ]),
    ...wrap(seeds, { createSeed: hsmAway, seed: hsmAway, destroySeed: hsmAway }),
  };
}

/** The table of seeds, as whoever follows its topic has it. */
function seedsIn(entries: () => readonly EventTypes["SeedEntry"][]): SeedTable {
  const read = (): SeedTable => seedsOf(...entries());
  return { openSeed: (commitment) => read().openSeed(commitment), newest: () => read().newest() };
}
