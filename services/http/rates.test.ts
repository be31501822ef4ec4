import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Rates } from "./rates.ts";

test("lets a whole minute's calls in at once, and then one at a time as time passes", () => {
  const rates = new Rates(10);
  for (let call = 0; call < 60; call++) assert.equal(rates.wait("a", 60, 0), 0);
  assert.equal(rates.wait("a", 60, 0), 1_000);
  assert.equal(rates.wait("b", 60, 0), 0);
  assert.equal(rates.wait("a", 60, 1_000), 0);
  assert.ok(rates.wait("a", 60, 1_000) > 0);
  for (let call = 0; call < 60; call++) assert.equal(rates.wait("a", 60, 100_000), 0);
});

test("never lets in more than two minutes' calls within one, and says truly how long to wait", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 200 }),
      (perMinute, pauses) => {
        const rates = new Rates(10);
        let now = 0;
        const taken: number[] = [];
        for (const pause of pauses) {
          now += pause;
          const wait = rates.wait("a", perMinute, now);
          if (wait > 0) {
            now += wait;
            assert.equal(rates.wait("a", perMinute, now), 0);
          }
          taken.push(now);
        }
        for (const start of taken)
          assert.ok(taken.filter((at) => at >= start && at < start + 60_000).length <= 2 * perMinute);
      },
    ),
  );
});

test("remembers no more callers than it was told to", () => {
  const rates = new Rates(2);
  for (const who of ["a", "b", "c"]) rates.wait(who, 1, 0);
  assert.equal(rates.wait("a", 1, 0), 0);
});
