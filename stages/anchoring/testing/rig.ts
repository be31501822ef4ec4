/**
 * The anchoring stage at work in its tests: on a chain in memory, with an HSM that may fail, through crashes.
 */
import assert from "node:assert/strict";
import { verifyCheckpoint } from "../../../crypto/checkpoint/checkpoint.ts";
import { ed25519FromSeed } from "../../../crypto/jws/ed25519.ts";
import { anchorState } from "../../../crypto/ethereum/anchor-state.ts";
import { verifyStateProof } from "../../../crypto/ethereum/state-proof.ts";
import { leafHash, rootOfLeaves, verifyConsistency, verifyInclusion } from "../../../crypto/merkle/merkle.ts";
import { leafText, originOf } from "../../../domain/log/leaves.ts";
import type { LogReceipt } from "../../../domain/log/receipt.ts";
import { PavilionError } from "../../../errors/errors.ts";
import type { Audit, Outcome, StageEvent } from "../../../runtime/contract/stage.ts";
import type {
  AnchoredLeaf,
  AnchorReceipt,
  LogLeaf,
  RestoreEntry,
  SeedEntry,
} from "../../../schemas/avro/index.ts";
import { anchoring, type AnchoringPorts } from "../stage.ts";
import { MemoryChain } from "./memory-chain.ts";
import { requestNamed } from "../../../test/stage-plan.ts";
import { blinding, seedBytes, seedRef, seedsOf } from "../../../domain/log/testing/seeds.ts";
import { MemoryState } from "../../../test/stage-state.ts";

const region = "au-east";
const logKey = ed25519FromSeed(new Uint8Array(32).fill(5));
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const origin = originOf(region);
const log = { origin, publicKey: logKey.publicKey };

type AnchoringEvent = StageEvent<"LogLeaf" | "AnchoredLeaf" | "Tick">;

/** A stage at work on a chain: everything it has said, and a state that a crash leaves as it was before the input. */
export class Rig {
  readonly chain: MemoryChain;
  readonly state: MemoryState;
  readonly keys = new Set<number>();
  readonly leaves: AnchoredLeaf[] = [];
  readonly seeds: SeedEntry[] = [];
  readonly receipts: AnchorReceipt[] = [];
  readonly actions: string[] = [];
  readonly audits: Audit[] = [];
  readonly logged: string[] = [];
  hsmFails = false;
  time = 0;
  /** How the region was put back from a backup, if it was. */
  restore: RestoreEntry | undefined;
  readonly ports: AnchoringPorts;

  /** A region of its own, or one that goes on from a state, on a chain. */
  constructor({
    chain = new MemoryChain(),
    state = new MemoryState(),
  }: Partial<Pick<Rig, "chain" | "state">> = {}) {
    this.chain = chain;
    this.state = state;
    this.ports = this.#portsOn(chain);
  }

  readonly #portsOn = (chain: MemoryChain): AnchoringPorts => ({
    region,
    partition: 0,
    chain: chain.port,
    blinding,
    restore: () => this.restore,
    seedPeriodMs: HOUR_MS,
    createSeed: (id) => this.#hsm(() => void this.keys.add(id)),
    seed: (id) => this.#hsm(() => seedBytes(id)),
    destroySeed: (id) => this.#hsm(() => void this.keys.delete(id)),
    logSigner: {
      name: origin,
      publicKey: logKey.publicKey,
      sign: (text) => Promise.resolve(logKey.sign(text)),
    },
  });

  /** Handles the event and crashes before anything of it is kept: only what the HSM and the chain did stays. */
  async crash(event: AnchoringEvent): Promise<void> {
    await anchoring.handle(event, this.state, this.ports);
  }

  async take(event: AnchoringEvent): Promise<Outcome> {
    const outcome = await anchoring.handle(event, this.state, this.ports);
    assert.equal(outcome.kind, "publish");
    if (event.type === "LogLeaf") this.logged.push(event.value.text);
    this.state.apply(outcome.changes);
    for (const { type, value } of outcome.outputs) {
      if (type === "AnchoredLeaf") this.leaves.push(value as AnchoredLeaf);
      if (type === "SeedEntry") this.#told(value as SeedEntry);
      if (type === "AnchorReceipt") this.receipts.push(value as AnchorReceipt);
    }
    this.actions.push(...outcome.audit.map(({ action }) => action));
    this.audits.push(...outcome.audit);
    return outcome;
  }

  /** A seed opens once its leaf was told as anchored, and while its key is there. */
  #told(entry: SeedEntry): void {
    this.seeds.push(entry);
    if (!entry.open) return;
    const isAnchored = this.leaves.some(
      ({ kind, text }) => kind === "seed" && isLeafOf(entry.commitment, text),
    );
    assert.ok(isAnchored && this.keys.has(entry.id));
  }

  /** The commitment of the newest open seed, as an asker finds it. */
  openSeed(): string | undefined {
    return seedsOf(...this.seeds).newest()?.commitment;
  }

  async tick(count = 1, everyMs = 1_000): Promise<void> {
    for (let n = 0; n < count; n++) await this.take(tickAt((this.time += everyMs)));
  }

  /** The log as it must be: every leaf whose record was told, seeds among them. */
  checkLog(): void {
    assert.deepEqual(
      this.leaves.map(({ index }) => index),
      this.leaves.map((_, index) => index),
    );
    const hashes = this.leaves.map(({ text }) => leafHash(Buffer.from(text)));
    const sizes = new Set(this.leaves.map(({ size }) => size));
    const roots = new Map([...sizes].map((size) => [size, rootOfLeaves(hashes.slice(0, size))]));
    for (const { text, index, size, root, proof, checkpoint } of this.leaves) {
      assert.ok(verifyInclusion(leafHash(Buffer.from(text)), index, size, proof, root));
      assert.equal(root, roots.get(size));
      assert.deepEqual(verifyCheckpoint(checkpoint, log), { size, root });
    }
    const others = this.leaves.filter(({ kind }) => kind !== "seed").map(({ text }) => text);
    assert.deepEqual(others, this.logged.slice(0, others.length));
  }

  /** Every receipt holds by itself, and ends in what the contract held in its block. */
  checkReceipts(): void {
    for (const receipt of this.receipts) checkReceipt(receipt, this.chain);
  }

  #hsm<T>(operation: () => T): Promise<T> {
    if (this.hsmFails) return Promise.reject(new PavilionError("HSM_UNAVAILABLE", "The token is gone."));
    return Promise.resolve(operation());
  }
}

export const tickAt = (time: number): AnchoringEvent => ({
  type: "Tick",
  value: { worker: "w", stages: [] },
  topic: "clock.ticks",
  key: "",
  time,
});

export const broughtLeaf = (value: AnchoredLeaf, time = 0): AnchoringEvent => ({
  type: "AnchoredLeaf",
  value,
  topic: "log.brought",
  key: origin,
  time,
});

const leafEvent = (value: LogLeaf, time = 0): AnchoringEvent => ({
  type: "LogLeaf",
  value,
  topic: "proofs.pending",
  key: origin,
  time,
});

/** A leaf of a request, of any kind and with any members. */
export const leafOf = (
  number: number,
  kind: string,
  completes: boolean | null,
  members: Readonly<Record<string, unknown>> = {},
): AnchoringEvent => {
  const request = requestNamed(number);
  const text = leafText({ type: `test/${kind}-leaf`, request: request.digest, ...members });
  return leafEvent({ kind, request, text, completes });
};

export const matchLeaf = (number: number, seed = seedRef(1).commitment): AnchoringEvent =>
  leafOf(number, "match", false, { seed });

export const spendLeaf = (number: number): AnchoringEvent => leafOf(number, "spend", true);

/** Time enough for whatever is in the log to be anchored. */
export async function settled(rig: Rig): Promise<void> {
  await rig.tick(6);
}

export function logOf(receipt: AnchorReceipt | undefined): LogReceipt {
  assert.ok(receipt);
  return JSON.parse(receipt.text) as LogReceipt;
}

const isLeafOf = (commitment: string, text: string): boolean =>
  (JSON.parse(text) as { commitment?: string }).commitment === commitment;

/** As an auditor checks it who trusts the block's hash. */
function checkReceipt(receipt: AnchorReceipt, { contract, anchorer }: MemoryChain): void {
  const { checkpoint, leaves, seed, chain } = logOf(receipt);
  const { size, root } = verifyCheckpoint(checkpoint, log);
  for (const { leaf, index, proof } of [...leaves, ...(seed === null ? [] : [seed])]) {
    assert.ok(verifyInclusion(leafHash(Buffer.from(JSON.stringify(leaf))), index, size, proof, root));
  }
  const places = leaves.map(({ index }) => index);
  assert.ok(places.every((index, at) => index > (places[at - 1] ?? -1)));
  const { links } = chain;
  const firstPlace = places[0] ?? NaN;
  if (seed === null) assert.ok(firstPlace < (links[0]?.size ?? 0));
  else {
    const first = verifyCheckpoint(seed.anchored, log);
    assert.ok(seed.index < first.size && first.size <= firstPlace);
    assert.deepEqual([links[0]?.size, links[0]?.root], [first.size, first.root]);
  }
  assert.deepEqual([links.at(-1)?.size, links.at(-1)?.root], [size, root]);
  let state = chain.before;
  for (const [at, { size: own, root: grown, time, consistency }] of links.entries()) {
    const before = links[at - 1];
    assert.ok(before === undefined || verifyConsistency(before.size, before.root, own, grown, consistency));
    state = anchorState({ previous: state, root: `0x${grown}`, size: own, time }, anchorer);
  }
  assert.equal(verifyStateProof({ blockHash: chain.blockHash, contract, anchorer }, chain), state);
}
