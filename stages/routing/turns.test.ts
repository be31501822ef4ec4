import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Outcome } from "../../runtime/contract/stage.ts";
import type { RoutedRequest } from "../../schemas/avro/index.ts";
import { refusalsIn } from "../../test/stage-run.ts";
import { oddTexts } from "../../test/odd-names.ts";
import { MemoryState } from "../../test/stage-state.ts";
import { FairQueue, SIGNERS_MAX, TENANTS_MAX, type QueueLimits } from "../../runtime/contract/fair-queue.ts";
import { IN_FLIGHT_MAX } from "./in-flight.ts";
import { Turns, WAITING } from "./turns.ts";

const later = 1_000_000;

function routed(tenant: string, number: number, deadline = later): RoutedRequest {
  const digest = `${tenant}-${String(number)}`;
  return {
    request: { requestId: digest, digest, tenant, broker: "core", collaboration: "c", deadline },
    ...{ document: "{}", signature: "s", seed: { id: 1, commitment: "c" } },
  };
}

/** The state of one partition, and who went in which order. */
/** Small, so that a test reaches them. */
const limits: QueueLimits = { tenant: 64, broker: 320 };

class Gate {
  readonly state = new MemoryState();
  readonly gone: string[] = [];
  readonly refused: string[] = [];

  /** Whether the request was let in. */
  enter(request: RoutedRequest, time = 0, signer = "key"): boolean {
    const turns = new Turns(this.state, time, limits);
    const isIn = turns.enter(request, { signer, tenant: request.request.tenant });
    this.#apply(turns.outcome());
    return isIn;
  }

  end(digest: string, time = 0): void {
    const turns = new Turns(this.state, time, limits);
    turns.end(digest);
    this.#apply(turns.outcome());
  }

  tick(time: number): void {
    this.#apply(new Turns(this.state, time, limits).outcome());
  }

  get entries(): number {
    return ["signers", "tenants", "tenant-queues", "waiting", "flights"].reduce(
      (count, table) => count + [...this.state.entries(table)].length,
      0,
    );
  }

  #apply(outcome: Outcome): void {
    this.state.apply(outcome.changes);
    this.gone.push(...outcome.outputs.map(({ key }) => key));
    this.refused.push(...refusalsIn(outcome));
    assert.ok(
      outcome.outputs.every(({ topic, type }) => topic === "routing.routed" && type === "RoutedRequest"),
    );
    assert.deepEqual(
      outcome.audit.map(({ action, request }) => [action, request?.digest]),
      outcome.outputs.map(({ key }) => ["request.routed", key]),
    );
  }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

test("while there is room a request goes at once", () => {
  const gate = new Gate();
  for (const number of numbers(IN_FLIGHT_MAX)) gate.enter(routed("a", number));
  assert.equal(gate.gone.length, IN_FLIGHT_MAX);
  gate.enter(routed("b", 0));
  assert.equal(gate.gone.length, IN_FLIGHT_MAX);
});

test("each result lets one go, and tenants take turns however many of one wait", () => {
  const gate = new Gate();
  for (const number of numbers(IN_FLIGHT_MAX + 10)) gate.enter(routed("flood", number));
  for (const number of numbers(3)) gate.enter(routed("quiet", number));
  gate.enter(routed("late", 0));
  for (const number of numbers(8)) gate.end(`flood-${String(number)}`);
  const first = IN_FLIGHT_MAX;
  assert.deepEqual(gate.gone.slice(IN_FLIGHT_MAX), [
    `flood-${String(first)}`,
    "quiet-0",
    "late-0",
    `flood-${String(first + 1)}`,
    "quiet-1",
    `flood-${String(first + 2)}`,
    "quiet-2",
    `flood-${String(first + 3)}`,
  ]);
});

test("a result that comes twice, or of a request that is not under way, frees one place or none", () => {
  const gate = new Gate();
  for (const number of numbers(IN_FLIGHT_MAX + 5)) gate.enter(routed("a", number));
  for (const digest of ["a-0", "a-0", "stranger", "a-0"]) gate.end(digest);
  assert.equal(gate.gone.length, IN_FLIGHT_MAX + 1);
});

test("a name that two signers ask for is two tenants: neither's flood takes the other's turns or places", () => {
  const gate = new Gate();
  const ask = (signer: string, number: number): boolean => gate.enter(routed("clinic", number), 0, signer);
  for (const number of numbers(IN_FLIGHT_MAX + limits.tenant)) assert.ok(ask("flood", number));
  assert.equal(ask("flood", 1_000), false);
  assert.ok(ask("owner", 2_000));
  gate.end("clinic-0");
  gate.end("clinic-1");
  assert.deepEqual(gate.gone.slice(-2), [`clinic-${String(IN_FLIGHT_MAX)}`, "clinic-2000"]);
});

test("a signer with many tenants gets no more turns than one with a single one", () => {
  const gate = new Gate();
  for (const number of numbers(IN_FLIGHT_MAX)) gate.enter(routed("first", number), 0, "many");
  for (const number of numbers(20)) gate.enter(routed(`tenant${String(number)}`, 0), 0, "many");
  for (const number of numbers(3)) gate.enter(routed("quiet", number), 0, "one");
  for (const number of numbers(7)) gate.end(`first-${String(number)}`);
  assert.deepEqual(gate.gone.slice(IN_FLIGHT_MAX), [
    "tenant0-0",
    "quiet-0",
    "tenant1-0",
    "quiet-1",
    "tenant2-0",
    "quiet-2",
    "tenant3-0",
  ]);
});

test("a signer has only so many waiting whomever it signs for, and only so many signers have any", () => {
  const gate = new Gate();
  for (const number of numbers(IN_FLIGHT_MAX)) gate.enter(routed("first", number), 0, "early");
  const enter = (tenant: number, number: number): boolean =>
    gate.enter(routed(`tenant${String(tenant)}`, number), 0, "many");
  let count = 0;
  while (count < 1_000 && enter(count, 0)) count++;
  assert.equal(count, TENANTS_MAX);
  for (let number = 1; count < limits.broker; number++)
    for (let tenant = 0; tenant < TENANTS_MAX && count < limits.broker; tenant++, count++)
      assert.ok(enter(tenant, number));
  assert.equal(enter(TENANTS_MAX - 1, 9_999), false);
  for (const number of numbers(SIGNERS_MAX - 1))
    assert.ok(gate.enter(routed("t", number), 0, `signer${String(number)}`));
  assert.equal(gate.enter(routed("t", 1_000), 0, "one-more"), false);
  gate.end("first-0");
  gate.end("first-1");
  assert.ok(gate.enter(routed("t", 1_001), 0, "one-more"));
});

test("a tenant has only so many waiting; another is let in", () => {
  const gate = new Gate();
  const wait = (tenant: string, number: number): boolean => gate.enter(routed(tenant, number));
  assert.ok(numbers(IN_FLIGHT_MAX + limits.tenant).every((number) => wait("a", number)));
  assert.equal(wait("a", 10_000), false);
  assert.ok(wait("b", 0));
  gate.end("a-0");
  assert.ok(wait("a", 10_001));
  assert.equal(wait("a", 10_002), false);
});

test("how full the queues are is told of the fullest signer, and of the tenant that has most of its", () => {
  const gate = new Gate();
  const held = (): number[] => new FairQueue(gate.state, WAITING, limits).fills.map((fill) => fill.held);
  for (const number of numbers(IN_FLIGHT_MAX)) gate.enter(routed("a", number));
  assert.deepEqual(held(), [0, 0, 0, 0]);
  for (const number of numbers(3)) gate.enter(routed("b", number), 0, "one");
  for (const number of numbers(2)) gate.enter(routed("c", number), 0, "other");
  for (const number of numbers(4)) gate.enter(routed("d", number), 0, "other");
  assert.deepEqual(held(), [2, 6, 2, 4]);
  assert.deepEqual(
    new FairQueue(gate.state, WAITING, limits).fills.map(({ most }) => most),
    [SIGNERS_MAX, limits.broker, TENANTS_MAX, limits.tenant],
  );
});

test("one for whom there is no room is told when there is, by how turns went lately", () => {
  const gate = new Gate();
  const waiter = { signer: "key", tenant: "a" };
  const roomIn = (): number | undefined => new Turns(gate.state, 0, limits).roomIn(waiter);
  for (const number of numbers(IN_FLIGHT_MAX + limits.tenant)) gate.enter(routed("a", number));
  gate.enter(routed("b", 0));
  gate.enter(routed("a", 0), 0, "other");
  assert.equal(roomIn(), undefined);
  for (const number of numbers(10)) gate.end(`a-${String(number)}`, 4_000 * (number + 1));
  assert.equal(roomIn(), 4);
  for (const number of numbers(3)) gate.enter(routed("b", 1 + number), 40_000);
  gate.enter(routed("a", 1), 40_000, "other");
  // Its own, another tenant's, and as many of the other signer's, of which there is one.
  assert.equal(roomIn(), 12);
});

test("whoever waits past the deadline is refused, and does not take a place", () => {
  const gate = new Gate();
  for (const number of numbers(IN_FLIGHT_MAX)) gate.enter(routed("a", number));
  gate.enter(routed("a", 100, 50));
  gate.enter(routed("a", 101, 90));
  gate.enter(routed("b", 0, 50));
  gate.tick(50);
  assert.deepEqual(gate.refused, []);
  gate.tick(51);
  assert.deepEqual(gate.refused, ["a-100 DEADLINE_PASSED", "b-0 DEADLINE_PASSED"]);
  gate.end("a-0", 52);
  assert.equal(gate.gone.at(-1), "a-101");
});

test("a result that never comes holds a place until the deadline, not longer", () => {
  const gate = new Gate();
  for (const number of numbers(IN_FLIGHT_MAX)) gate.enter(routed("a", number, 100));
  gate.enter(routed("b", 0));
  gate.tick(100);
  assert.equal(gate.gone.length, IN_FLIGHT_MAX);
  gate.tick(101);
  assert.equal(gate.gone.at(-1), "b-0");
});

test("however requests come, end and grow late: places are kept, turns are fair, nothing is lost or left", () => {
  const step = fc.oneof(
    fc.record({
      signer: fc.constantFrom("x", "y"),
      tenant: fc.constantFrom("a", "b", "c"),
      lasts: fc.integer({ min: 0, max: 400 }),
    }),
    fc.record({ end: fc.nat() }),
    fc.record({ passes: fc.integer({ min: 1, max: 30 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const gate = new Gate();
      const entered: string[] = [];
      let time = 0;
      for (const [number, given] of steps.entries()) {
        if ("tenant" in given) {
          const request = routed(given.tenant, number, time + given.lasts);
          if (gate.enter(request, time, given.signer)) entered.push(request.request.digest);
        } else if ("end" in given) {
          gate.end(gate.gone[given.end % Math.max(gate.gone.length, 1)] ?? "none", time);
        } else {
          time += given.passes;
          gate.tick(time);
        }
        assert.ok([...gate.state.entries("flights")].length <= IN_FLIGHT_MAX);
      }
      gate.tick(time + 1_000);
      assert.equal(gate.entries, 0);
      const ended = [...gate.gone, ...gate.refused.map((refusal) => refusal.split(" ")[0] ?? "")];
      assert.deepEqual(ended.sort(), entered.sort());
    }),
  );
});

test("whoever has one waiting goes after at most one of each other signer, or of each other tenant of its own", () => {
  const floods = fc.array(
    fc.record({
      signer: fc.constantFrom("own", "x", "y"),
      tenant: fc.constantFrom("a", "b", "c"),
      count: fc.integer({ min: 0, max: limits.tenant }),
    }),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(floods, (flooding) => {
      const gate = new Gate();
      for (const number of numbers(IN_FLIGHT_MAX)) gate.enter(routed("first", number), 0, "early");
      const signers = new Map<string, string>();
      for (const [index, { signer, tenant, count }] of flooding.entries()) {
        for (const number of numbers(count)) {
          const request = routed(tenant, 1_000 * (index + 1) + number);
          if (gate.enter(request, 0, signer)) signers.set(request.request.digest, signer);
        }
      }
      if (!gate.enter(routed("quiet", 0), 0, "own")) return;
      const before = gate.gone.length;
      for (let ends = 0; !gate.gone.includes("quiet-0"); ends++) gate.end(gate.gone[ends] ?? "");
      const ahead = gate.gone.slice(before, gate.gone.indexOf("quiet-0"));
      const own = ahead.filter((digest) => signers.get(digest) === "own");
      assert.equal(new Set(own.map((digest) => digest.split("-")[0])).size, own.length);
      for (const other of ["x", "y"]) {
        const theirs = ahead.filter((digest) => signers.get(digest) === other);
        assert.ok(theirs.length <= own.length + 1);
      }
    }),
  );
});

test("signers and tenants take turns whatever they are called", () => {
  const gate = new Gate();
  for (let number = 0; number < IN_FLIGHT_MAX; number++) gate.enter(routed("first", number));
  for (const number of [1, 2])
    for (const name of oddTexts) assert.ok(gate.enter(routed(name, number), 0, name));
  for (const digest of [...gate.gone]) gate.end(digest);
  for (let at = IN_FLIGHT_MAX; at < IN_FLIGHT_MAX + 2 * oddTexts.length; at++) gate.end(gate.gone[at] ?? "");
  assert.deepEqual(
    gate.gone.slice(IN_FLIGHT_MAX),
    [1, 2].flatMap((number) => oddTexts.map((name) => `${name}-${String(number)}`)),
  );
  assert.equal(gate.entries, 0);
});
