import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import fc from "fast-check";
import { longestWaitMs, settled } from "../../test/waits.ts";
import { catalogue } from "../../errors/catalogue.ts";
import { PavilionError, type ErrorCode } from "../../errors/errors.ts";
import { attemptsMaxFor, causeOf, portAwayBy, PortHeld } from "./passing.ts";
import { persist, Waits, type Persisted } from "./persistence.ts";

describe("trying again", () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout"] });
  });
  afterEach(() => {
    mock.timers.reset();
  });

  const failure = (code: ErrorCode): PavilionError => new PavilionError(code, "it failed");

  /** Meets the failures one after the other, then succeeds. */
  async function meeting(
    failures: readonly unknown[],
  ): Promise<{ outcome: Persisted<string>; told: number[] }> {
    const left = [...failures];
    const told: number[] = [];
    const attempt = (): Promise<string> => {
      // The failure as it came, whatever it is.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      return left.length > 0 ? Promise.reject(left.shift()) : Promise.resolve("done");
    };
    const outcome = await settled(
      persist(attempt, new AbortController().signal, (_, attempts) => told.push(attempts)),
    );
    return { outcome, told };
  }

  const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

  test("a port that is away is waited for, however long", async () => {
    const { outcome, told } = await meeting(times(200, failure("HSM_UNAVAILABLE")));
    assert.deepEqual(outcome, { value: "done" });
    assert.equal(told.length, 200);
  });

  test("a defect is tried three times, an operation of a port that answers eight times", async () => {
    const defect = new TypeError("undefined is no object");
    assert.deepEqual((await meeting(times(2, defect))).outcome, { value: "done" });
    assert.deepEqual((await meeting(times(3, defect))).outcome, { error: defect, attempts: 3 });
    const operation = failure("HSM_OPERATION_FAILED");
    assert.deepEqual((await meeting(times(7, operation))).outcome, { value: "done" });
    assert.deepEqual((await meeting(times(8, operation))).outcome, { error: operation, attempts: 8 });
  });

  test("what a breaker holds back does not count as an attempt", async () => {
    const held = times(50, new PortHeld("prover", "PROVER_UNAVAILABLE"));
    const ended = failure("PROOF_INTERRUPTED");
    const { outcome } = await meeting([...times(19, ended), ...held]);
    assert.deepEqual(outcome, { value: "done" });
    const last = await meeting([...times(19, ended), ...held, ended]);
    assert.deepEqual(last.outcome, { error: ended, attempts: 20 });
  });

  test("ends with the signal, in a wait and in an attempt, and starts no other attempt", async () => {
    for (const hangs of [false, true]) {
      const stopping = new AbortController();
      let attempts = 0;
      const attempt = (): Promise<never> =>
        ++attempts === 2 && hangs
          ? new Promise<never>(() => undefined)
          : Promise.reject(failure("HSM_UNAVAILABLE"));
      const outcome = persist(attempt, stopping.signal, () => undefined);
      for (let turn = 0; turn < 5; turn++) {
        await new Promise(setImmediate);
        if (turn === 2) mock.timers.tick(longestWaitMs);
      }
      assert.equal(attempts, 2);
      stopping.abort(new Error("stopping"));
      await assert.rejects(outcome, /stopping/);
      mock.timers.tick(longestWaitMs);
      await new Promise(setImmediate);
      assert.equal(attempts, 2);
    }
  });

  test("a first attempt that fails while the signal is aborted is not told as the input's failure", async () => {
    const stopping = new AbortController();
    const outcome = persist(
      () => {
        stopping.abort(new Error("stopping"));
        return Promise.reject(new TypeError("closed under its feet"));
      },
      stopping.signal,
      () => assert.fail("it counts as no failure"),
    );
    await assert.rejects(outcome, /stopping/);
  });
});

test("waits grow to five seconds, half of each left to chance, and start small again", () => {
  const waits = new Waits();
  const durations = Array.from({ length: 20 }, () => waits.next());
  for (const [index, duration] of durations.entries()) {
    const full = Math.min(longestWaitMs, 100 * 2 ** index);
    assert.ok(
      duration >= Math.floor(full / 2) && duration <= full,
      `wait ${String(index)}: ${String(duration)}`,
    );
  }
  waits.reset();
  assert.ok(waits.next() <= 100);
});

test("the table knows the ports, and nothing else passes by itself", () => {
  const known = catalogue()
    .flatMap(({ codes }) => Object.keys(codes))
    .flatMap((code) => {
      const port = portAwayBy(new PavilionError(code as ErrorCode, ""));
      return port === undefined ? [] : [`${code} ${port}`];
    });
  assert.deepEqual(known.sort(), [
    "HSM_OPERATION_FAILED hsm",
    "HSM_UNAVAILABLE hsm",
    "PROOF_INTERRUPTED prover",
    "PROVER_UNAVAILABLE prover",
    "REGISTRY_UNAVAILABLE registry",
  ]);
  assert.equal(portAwayBy(new TypeError("x")), undefined);
  assert.equal(attemptsMaxFor(new PavilionError("CHAIN_UNAVAILABLE", "")), 3);
});

test("a cause tells class and code as names, and never what a message holds", () => {
  assert.equal(causeOf(new PavilionError("HSM_OPERATION_FAILED", "x")), "PavilionError HSM_OPERATION_FAILED");
  assert.equal(
    causeOf(Object.assign(new TypeError("y"), { code: "ERR_INVALID_ARG_TYPE" })),
    "TypeError ERR_INVALID_ARG_TYPE",
  );
  assert.equal(
    causeOf(Object.assign(new Error("z"), { type: "MESSAGE_TOO_LARGE" })),
    "Error MESSAGE_TOO_LARGE",
  );
  assert.equal(causeOf("thrown text"), "unknown");
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.anything(), (name, message, code) => {
      const error = Object.assign(new Error(message), { name, code });
      assert.match(causeOf(error), /^[A-Za-z][A-Za-z0-9_]*( [A-Za-z][A-Za-z0-9_]*)?$/);
    }),
  );
});
