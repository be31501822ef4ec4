import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { turnsUntil, waitingOf } from "../../domain/fairness/turns-left.ts";
import { blinding, seedBytes } from "../../domain/log/testing/seeds.ts";
import { TENANTS_MAX } from "../../runtime/contract/fair-queue.ts";
import type { Output, StageEvent } from "../../runtime/contract/stage.ts";
import type { EvidenceQueue, ReleaseWitness } from "../../schemas/avro/index.ts";
import { oddTexts } from "../../test/odd-names.ts";
import { planAt, requestNamed } from "../../test/stage-plan.ts";
import { collaboration, tableOf } from "../../test/stage-question.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { zkp, type ZkpPorts } from "./stage.ts";
import { representHere } from "./testing/reference-prover.ts";

const brokers = ["core", "other", "third"].map((id) => ({ id, key: `key-of-${id}`, tenants: ["clinic"] }));
const ports: ZkpPorts = {
  partition: 3,
  collaborations: tableOf({ ...collaboration, brokers }),
  prove: () => Promise.reject(new Error("these witnesses have no groups")),
  represent: representHere,
  circuit: "c1".repeat(32),
  seed: (id) => Promise.resolve(seedBytes(id)),
  blinding,
};
/** How long the proofs of a witness take here. */
const proofMs = 500;

interface Asker {
  readonly broker: string;
  readonly tenant: string;
}
const flood: Asker = { broker: "core", tenant: "flood" };
const quiet: Asker = { broker: "core", tenant: "quiet" };

function witnessOf(name: string, { broker, tenant }: Asker): ReleaseWitness {
  const request = { ...requestNamed(1), requestId: name, digest: name, broker, tenant };
  const cell = { grouping: 0, category: 0, sums: [7], blinding: Buffer.alloc(32, name) };
  return { request, plan: planAt(), exact: [cell], released: [], matchLeaf: "5a".repeat(32) };
}

/** One partition: what the stage publishes to itself comes back in its order, while proofs take their time. */
class Partition {
  readonly state = new MemoryState();
  readonly turns: Output[] = [];
  /** In the order in which they were proven. */
  readonly proven: string[] = [];
  readonly told: EvidenceQueue[] = [];
  time = 1_000_000;

  async arrive(name: string, asker: Asker): Promise<void> {
    const value = witnessOf(name, asker);
    await this.#handle({ type: "ReleaseWitness", value, topic: "dp.witnesses", key: name, time: this.time });
  }

  /** The next of the stage's own records. */
  async turn(): Promise<void> {
    const next = this.turns.shift();
    assert.ok(next);
    assert.equal(next.partition, ports.partition);
    const { type, value, key, topic } = next;
    await this.#handle({ type, value, key, topic, time: this.time } as StageEvent<"ProofTurn">);
  }

  /** Until nothing is left to do. */
  async settle(): Promise<void> {
    while (this.turns.length > 0) await this.turn();
  }

  async tick(): Promise<void> {
    const value = { worker: "one", stages: ["zkp"] };
    await this.#handle({ type: "Tick", value, topic: "clock.ticks", key: "one", time: this.time });
  }

  get waiting(): number {
    return [...this.state.entries("waiting")].length;
  }

  async #handle(event: StageEvent<"ReleaseWitness" | "ProofTurn" | "Tick">): Promise<void> {
    const outcome = await zkp.handle(event, this.state, ports);
    this.state.apply(outcome.changes);
    for (const made of outcome.outputs) {
      if (made.topic === "zkp.turns") this.turns.push(made);
      else if (made.topic === "zkp.waiting") this.told.push(made.value as EvidenceQueue);
      else {
        this.proven.push(made.key);
        this.time += proofMs;
      }
    }
  }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

async function flooded(count: number): Promise<Partition> {
  const partition = new Partition();
  for (const number of numbers(count)) await partition.arrive(`flood-${String(number)}`, flood);
  return partition;
}

test("where nobody waits a witness is proven as it comes", async () => {
  const partition = new Partition();
  for (const name of ["a", "b", "c"]) {
    await partition.arrive(name, flood);
    assert.equal(partition.proven.at(-1), name);
    await partition.settle();
  }
  assert.equal(partition.waiting, 0);
});

test("of a flood one is proven at a time, and the rest waits in the state", async () => {
  const partition = await flooded(100);
  assert.deepEqual(partition.proven, ["flood-0"]);
  assert.equal(partition.waiting, 99);
  await partition.settle();
  assert.deepEqual(
    partition.proven,
    numbers(100).map((number) => `flood-${String(number)}`),
  );
  assert.equal(partition.waiting, 0);
});

test("a tenant that comes while a hundred of another's wait is proven after one more of them", async () => {
  const partition = await flooded(101);
  await partition.arrive("quiet-0", quiet);
  await partition.settle();
  assert.ok(partition.proven.indexOf("quiet-0") <= 2, partition.proven.slice(0, 5).join());
  assert.equal(partition.proven.length, 102);
});

test("a broker of more tenants than have queues of their own passes nobody by them", async () => {
  const partition = new Partition();
  for (const number of numbers(TENANTS_MAX + 40))
    await partition.arrive(`many-${String(number)}`, { broker: "core", tenant: `t${String(number)}` });
  assert.deepEqual([partition.proven, partition.waiting], [["many-0"], TENANTS_MAX + 39]);
  await partition.arrive("other-0", { broker: "other", tenant: "quiet" });
  await partition.settle();
  assert.ok(partition.proven.indexOf("other-0") <= 2);
  assert.equal(new Set(partition.proven).size, TENANTS_MAX + 41);
});

test("what comes while the turn is out is among those that the next is chosen of", async () => {
  const partition = await flooded(50);
  await partition.turn();
  await partition.turn();
  await partition.arrive("quiet-0", quiet);
  await partition.settle();
  assert.ok(partition.proven.indexOf("quiet-0") <= 4);
});

test("a name that two brokers bear is two signers, told by the keys that the terms pin", async () => {
  const partition = await flooded(20);
  await partition.arrive("same-name", { broker: "other", tenant: "flood" });
  await partition.settle();
  assert.ok(partition.proven.indexOf("same-name") <= 2);
});

test("a witness comes to its turn as it came in, its blindings too", async () => {
  const partition = await flooded(2);
  await partition.turn();
  const [next] = partition.turns;
  assert.deepEqual(next?.value, witnessOf("flood-1", flood));
});

test("a witness that is given up holds up nobody: the turn behind it goes on", async () => {
  const partition = await flooded(4);
  await partition.turn();
  // The runtime gives the witness up, which leads to nothing here.
  assert.equal(partition.turns.shift()?.key, "flood-1");
  await partition.settle();
  assert.deepEqual(partition.proven, ["flood-0", "flood-2", "flood-3"]);
});

test("one that is driven again is proven, and gives no second turn", async () => {
  const partition = await flooded(4);
  await partition.turn();
  const [given, turn] = partition.turns;
  assert.ok(given && turn);
  partition.turns.push(given);
  await partition.settle();
  assert.deepEqual(partition.proven, ["flood-0", "flood-1", "flood-1", "flood-2", "flood-3"]);
});

test("a turn that does not come back is given out anew by a tick, and counts once if it does after all", async () => {
  const partition = await flooded(4);
  const lost = partition.turns.shift();
  assert.ok(lost);
  partition.time += 60_000 - proofMs;
  await partition.tick();
  assert.equal(partition.turns.length, 0);
  partition.time += 1;
  await partition.tick();
  assert.equal(partition.turns.length, 1);
  partition.turns.unshift(lost);
  await partition.turn();
  assert.equal(partition.turns.length, 1);
  await partition.settle();
  assert.deepEqual(partition.proven, ["flood-0", "flood-1", "flood-2", "flood-3"]);
  assert.equal(partition.turns.length, 0);
});

test("a new owner of the partition goes on with what the last one kept", async () => {
  const partition = await flooded(3);
  const taken = new Partition();
  taken.state.apply(partition.state.snapshot().map(([table, key, value]) => ({ table, key, value })));
  taken.turns.push(...partition.turns);
  await taken.settle();
  assert.deepEqual(taken.proven, ["flood-1", "flood-2"]);
});

test("tells every second who waits and how long each takes, and once that nobody does", async () => {
  const partition = await flooded(4);
  await partition.arrive("quiet-0", quiet);
  await partition.turn();
  await partition.tick();
  await partition.tick();
  assert.equal(partition.told.length, 1);
  assert.deepEqual(partition.told[0], {
    shares: [
      { signer: "key-of-core", tenant: "quiet", waiting: 1 },
      { signer: "key-of-core", tenant: "flood", waiting: 2 },
    ],
    millisecondsEach: proofMs,
  });
  await partition.settle();
  for (let second = 0; second < 3; second++) {
    partition.time += 1_000;
    await partition.tick();
  }
  assert.equal(partition.told.length, 2);
  assert.deepEqual(partition.told[1]?.shares, []);
});

test("tells of tenants by name only so many", async () => {
  const partition = await flooded(1);
  for (const number of numbers(256)) {
    await partition.arrive(`one-${String(number)}`, { broker: "core", tenant: `tenant${String(number)}` });
    await partition.arrive(`two-${String(number)}`, { broker: "other", tenant: `tenant${String(number)}` });
  }
  await partition.tick();
  const { shares } = partition.told[0] ?? { shares: [] };
  assert.equal(shares.length, 257);
  assert.deepEqual(shares.at(-1), { signer: "key-of-other", tenant: "", waiting: 256 });
});

const askers = fc.record({
  broker: fc.constantFrom(...brokers.map(({ id }) => id)),
  tenant: fc.constantFrom("a", "b", ...oddTexts.slice(0, 3)),
});

test("however they come, each is proven once, and no later than was told, nor much earlier", async () => {
  const many = fc.array(fc.tuple(askers, fc.integer({ min: 1, max: 20 })), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(many, askers, async (floods, last) => {
      const partition = new Partition();
      let count = 0;
      for (const [asker, of] of floods)
        for (const _ of numbers(of)) await partition.arrive(String(count++), asker);
      const before = partition.proven.length;
      await partition.tick();
      const { shares } = partition.told[0] ?? { shares: [] };
      const waiter = { signer: `key-of-${last.broker}`, tenant: last.tenant };
      const turns = turnsUntil(shares, waiter, waitingOf(shares, waiter.signer, waiter.tenant) + 1);
      await partition.arrive("last", last);
      await partition.settle();
      assert.deepEqual(partition.proven.toSorted(), [...numbers(count).map(String), "last"].sort());
      const taken = partition.proven.indexOf("last") - before + 1;
      // Who comes before and who behind within a round is not told.
      assert.ok(taken <= turns && taken >= turns - shares.length, `${String(taken)} of ${String(turns)}`);
      assert.equal(partition.waiting, 0);
    }),
    { numRuns: 50 },
  );
});
