import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import type { Part } from "../../infra/parts.ts";
import { PavilionError } from "../../errors/errors.ts";
import { Kept, type Standing } from "./kept.ts";

/** A process that ends when it is told, or when a test ends it. */
class FakePart implements Part {
  readonly pid: number;
  readonly #ending = Promise.withResolvers<string>();
  isGone = false;

  constructor(pid: number) {
    this.pid = pid;
  }

  get exited(): Promise<string> {
    return this.#ending.promise;
  }

  end(how: string): void {
    this.isGone = true;
    this.#ending.resolve(how);
  }

  readonly stop = (): Promise<void> => {
    this.end("exit code 0");
    return Promise.resolve();
  };
}

const longestWaitMs = 5_000;
let time = 0;
let parts: FakePart[] = [];
let told: { standing: Standing; sentence: string }[] = [];
/** Starts fail while it is set. */
let failure: Error | undefined;
let starts = 0;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  time = 0;
  parts = [];
  told = [];
  failure = undefined;
  starts = 0;
});

function keep(): Kept<FakePart> {
  const start = (): FakePart => {
    const part = new FakePart(100 + parts.length);
    parts.push(part);
    return part;
  };
  return new Kept({
    name: "the part",
    first: start(),
    startAgain: () => {
      starts += 1;
      return failure === undefined ? Promise.resolve(start()) : Promise.reject(failure);
    },
    onChange: (standing, sentence) => told.push({ standing, sentence }),
    now: () => time,
  });
}

const turn = (): Promise<void> => new Promise(setImmediate);

/** Lets waits pass in small steps until so many starts were made; answers how long that took. */
async function untilStarts(wanted: number): Promise<number> {
  const step = 10;
  let passed = 0;
  await turn();
  while (starts < wanted) {
    assert.ok(passed <= longestWaitMs, "a wait is longer than the longest");
    mock.timers.tick(step);
    passed += step;
    await turn();
  }
  return passed;
}

test("what ends is started again, and how it stands is told", async () => {
  const kept = keep();
  assert.equal(kept.standing.state, "up");
  parts[0]?.end("signal SIGKILL");
  await turn();
  const { state, pid, ended } = kept.standing;
  assert.deepEqual([state, pid, ended], ["away", null, "signal SIGKILL"]);
  await untilStarts(1);
  assert.deepEqual(kept.standing, {
    ...{ state: "up", pid: 101, since: new Date(0).toISOString(), restarts: 1, ended: "signal SIGKILL" },
    ...{ failedStarts: 0, failure: null },
  });
  assert.deepEqual(
    told.map(({ sentence }) => sentence),
    ["the part ended with signal SIGKILL; it is started again, alone", "the part is up again"],
  );
  await kept.stop();
});

test("what cannot start is tried for good, with waits that grow to a cap, and says so", async () => {
  const kept = keep();
  failure = new PavilionError("PORT_IN_USE", "Its port is taken.");
  parts[0]?.end("exit code 1");
  const waits: number[] = [];
  for (let start = 1; start <= 40; start++) waits.push(await untilStarts(start));
  assert.ok((waits[0] ?? 0) <= 200, "the first wait is short");
  assert.ok((waits.at(-1) ?? 0) >= longestWaitMs / 4, "later ones are long");
  assert.deepEqual([kept.standing.failedStarts, kept.standing.failure], [40, "PORT_IN_USE"]);
  failure = undefined;
  await untilStarts(41);
  assert.deepEqual([kept.standing.state, kept.standing.failure], ["up", null]);
  await kept.stop();
});

test("waits begin small again only where it stood for a while", async () => {
  const kept = keep();
  for (let end = 0; end < 12; end++) {
    parts.at(-1)?.end("exit code 1");
    await untilStarts(end + 1);
    await turn();
  }
  parts.at(-1)?.end("exit code 1");
  assert.ok((await untilStarts(13)) > 1_000, "one that ends again and again is not hurried");
  await turn();
  time += 60_000;
  parts.at(-1)?.end("exit code 1");
  assert.ok((await untilStarts(14)) <= 200);
  await kept.stop();
});

test("what is told to stop stays down, a start under way with it", async () => {
  const kept = keep();
  await kept.stop();
  await turn();
  assert.deepEqual([starts, told.length], [0, 0]);

  const slow = Promise.withResolvers<FakePart>();
  const first = new FakePart(1);
  const starting = new Kept({
    ...{ name: "the part", first, onChange: () => undefined },
    startAgain: () => {
      starts += 1;
      return slow.promise;
    },
  });
  first.end("signal SIGKILL");
  await untilStarts(1);
  const stopped = starting.stop();
  const late = new FakePart(2);
  slow.resolve(late);
  await stopped;
  assert.ok(late.isGone);
});
