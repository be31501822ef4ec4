import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MemoryState } from "../../test/stage-state.ts";
import { forgetFull, rated } from "./rates.ts";

const minuteMs = 60_000;
const waiter = { signer: "key", tenant: "clinic" };

class Door {
  readonly state = new MemoryState();
  readonly rates: { readonly tenant?: number; readonly broker?: number };

  constructor(rates: Door["rates"]) {
    this.rates = rates;
  }

  /** How long to wait, 0 where it was let in. */
  ask(time: number, tenant = "clinic", signer = "key"): number {
    const { waitMs, changes } = rated({ signer, tenant }, this.rates, this.state, time);
    this.state.apply(changes);
    return waitMs;
  }
}

test("nothing is limited, and nothing kept, where no rate is set", () => {
  const door = new Door({});
  for (let number = 0; number < 1_000; number++) assert.equal(door.ask(0), 0);
  assert.deepEqual(door.state.snapshot(), []);
});

test("a tenant asks as often as it may, and then when it is told to", () => {
  const door = new Door({ tenant: 7 });
  for (let number = 0; number < 7; number++) assert.equal(door.ask(0), 0);
  const wait = door.ask(0);
  assert.equal(wait, Math.ceil(minuteMs / 7));
  assert.equal(door.ask(wait - 1), 1);
  assert.equal(door.ask(wait), 0);
  assert.equal(door.ask(0, "other"), 0);
  assert.equal(door.ask(0, "clinic", "other"), 0);
});

test("a broker's rate is shared by its tenants, and one that is held up takes nothing from the others", () => {
  const door = new Door({ tenant: 2, broker: 3 });
  assert.equal(door.ask(0), 0);
  assert.equal(door.ask(0), 0);
  for (let number = 0; number < 10; number++) assert.notEqual(door.ask(0), 0);
  assert.equal(door.ask(0, "other"), 0);
  assert.notEqual(door.ask(0, "other"), 0);
});

test("within any minute at most a bucket and what came back meanwhile, whoever asks when; and nothing is left after it", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), gaps, (tenant, waits) => {
      const door = new Door({ tenant });
      const admitted: number[] = [];
      let time = 0;
      for (const gap of waits) {
        time += gap;
        const wait = door.ask(time);
        if (wait === 0) admitted.push(time);
        else assert.ok(rated(waiter, door.rates, door.state, time + wait).waitMs === 0);
      }
      for (const [index, from] of admitted.entries()) {
        const within = admitted.slice(index).filter((at) => at - from < minuteMs).length;
        assert.ok(within <= 2 * tenant);
      }
      assert.ok(admitted.length <= tenant + (time * tenant) / minuteMs);
      door.state.apply(forgetFull(door.state, time + minuteMs + 1));
      assert.deepEqual(door.state.snapshot(), []);
    }),
  );
});
