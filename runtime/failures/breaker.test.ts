import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { PavilionError } from "../../errors/errors.ts";
import { Breaker, type BreakerState } from "./breaker.ts";
import { PortHeld } from "./passing.ts";

beforeEach(() => {
  mock.timers.enable({ apis: ["Date"] });
});
afterEach(() => {
  mock.timers.reset();
});

const away = () => Promise.reject(new PavilionError("HSM_UNAVAILABLE", "gone"));
const own = () => Promise.reject(new PavilionError("HSM_OPERATION_FAILED", "no such point"));
const longestPauseMs = 5_000;

interface Watched {
  readonly breaker: Breaker;
  readonly states: BreakerState[];
  /** What the port answers when it is asked whether it is there. */
  answers: boolean;
}

function watched(): Watched {
  const states: BreakerState[] = [];
  const self: Watched = {
    breaker: new Breaker(
      "hsm",
      { away: "HSM_UNAVAILABLE", saysAway: () => Promise.resolve(!self.answers) },
      (state) => states.push(state),
    ),
    states,
    answers: true,
  };
  return self;
}

const fails = (breaker: Breaker, call: () => Promise<never>, code: string): Promise<void> =>
  assert.rejects(breaker.run(call), { name: "PavilionError", code });

async function openIt({ breaker }: Watched): Promise<void> {
  for (let call = 0; call < 5; call++) await fails(breaker, away, "HSM_UNAVAILABLE");
}

test("opens after five unanswered calls in a row, and then asks no more", async () => {
  const it = watched();
  await openIt(it);
  assert.deepEqual(it.states, ["open"]);
  let asked = 0;
  const held = it.breaker.run(() => Promise.resolve(++asked));
  await assert.rejects(held, (error: unknown) => error instanceof PortHeld && error.port === "hsm");
  assert.equal(asked, 0);
});

test("an answer between unanswered calls keeps it closed", async () => {
  const { breaker, states } = watched();
  for (let call = 0; call < 20; call++) {
    await fails(breaker, away, "HSM_UNAVAILABLE");
    if (call % 4 === 3) assert.equal(await breaker.run(() => Promise.resolve("there")), "there");
  }
  assert.deepEqual(states, []);
});

test("failures of a port that answers are the caller's, however many", async () => {
  const { breaker, states } = watched();
  for (let call = 0; call < 20; call++) await fails(breaker, own, "HSM_OPERATION_FAILED");
  assert.deepEqual([states, breaker.state], [[], "closed"]);
});

test("the same failures count, under the port's code, once it no longer answers", async () => {
  const it = watched();
  it.answers = false;
  for (let call = 0; call < 5; call++) await fails(it.breaker, own, "HSM_UNAVAILABLE");
  assert.equal(it.breaker.state, "open");
});

test("after its pause one call alone finds out whether the port is back", async () => {
  const it = watched();
  await openIt(it);
  mock.timers.tick(longestPauseMs);
  let asked = 0;
  const answer = Promise.withResolvers<string>();
  const ask = () =>
    it.breaker.run(() => {
      asked += 1;
      return answer.promise;
    });
  const calls = [ask(), ask(), ask()];
  await new Promise(setImmediate);
  assert.deepEqual([asked, it.breaker.state], [1, "half-open"]);
  answer.resolve("back");
  assert.deepEqual(await Promise.all(calls), ["back", "back", "back"]);
  assert.deepEqual(it.states, ["open", "half-open", "closed"]);
});

test("opens again where that call is not answered", async () => {
  const it = watched();
  await openIt(it);
  mock.timers.tick(longestPauseMs);
  await fails(it.breaker, away, "HSM_UNAVAILABLE");
  assert.deepEqual(it.states, ["open", "half-open", "open"]);
  await assert.rejects(it.breaker.run(away), PortHeld);
});

test("guards a function with its arguments and its result", async () => {
  const { breaker } = watched();
  const joined = breaker.guard((one: string, other: number) => Promise.resolve(`${one}${String(other)}`));
  assert.equal(await joined("a", 1), "a1");
});
