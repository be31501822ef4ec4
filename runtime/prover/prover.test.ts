import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { releaseCircuit, type ReleaseInput } from "../../pipelines/private-computation/circuit.ts";
import {
  blindingGenerator,
  decodePoint,
  generator,
  represent,
  verifyRepresentation,
  type Representation,
} from "../../crypto/commitment/commitment.ts";
import { releaseSignals } from "../../crypto/groth16/release-statement.ts";
import { verifyProof } from "../../crypto/groth16/verify.ts";
import { releaseExample } from "../../test/release-example.ts";
import { PavilionError } from "../../errors/errors.ts";
import { type Prover, openProver } from "./prover.ts";

const artifacts = new URL("../../circuits/release/artifacts/", import.meta.url);
const unavailable = { name: "PavilionError", code: "PROVER_UNAVAILABLE" };
const mismatched = { name: "PavilionError", code: "CIRCUIT_MISMATCH" };

const holds = async (prover: Prover<ReleaseInput>, input: ReleaseInput): Promise<boolean> =>
  verifyProof(prover.verificationKey, await prover.prove(input), releaseSignals(input.statement));

const representation = (): Representation => ({
  coordinates: [
    { slot: 0, index: 3 },
    { slot: 1, index: 1 },
  ],
  scalars: [17n, 4_711n, 2n ** 200n],
  context: Buffer.from("match, group and part"),
  nonces: [1, 2, 3].map((byte) => Buffer.alloc(64, byte)),
});

/** Threads and channels to them that keep the process alive. */
const threads = (): string[] =>
  process.getActiveResourcesInfo().filter((name) => /worker|messageport/i.test(name));

describe("the prover", () => {
  let prover: Prover<ReleaseInput>;
  before(async () => {
    prover = await openProver(releaseCircuit);
  });
  after(() => prover.close());

  test("tells how its keys were made", () => {
    assert.equal(prover.setup, "development");
  });

  test("proves releases that were asked for at once, each for its own statement", async () => {
    const inputs = [releaseExample(), releaseExample({ exact: [28n], noise: [-40n], group: 9 })];
    assert.deepEqual(await Promise.all(inputs.map((input) => holds(prover, input))), [true, true]);
  });

  test("makes another proof each time, so that equal witnesses are not seen to be equal", async () => {
    const [first, second] = [await prover.prove(releaseExample()), await prover.prove(releaseExample())];
    assert.notDeepEqual(first, second);
  });

  test("leaves the event loop free while it works", async () => {
    let turns = 0;
    const counting = setInterval(() => turns++, 5);
    await prover.prove(releaseExample());
    clearInterval(counting);
    assert.ok(turns >= 3);
  });

  test("fails on an opening that does not fit, says nothing about it, and goes on", async () => {
    const { statement, opening } = releaseExample();
    const wrong = { statement, opening: { ...opening, exact: [4_474n, 123_456_789n, 98n] } };
    await assert.rejects(prover.prove(wrong), (error: unknown) => {
      assert.ok(error instanceof PavilionError && error.code === "PROOF_FAILED");
      assert.equal(error.cause, undefined);
      assert.doesNotMatch(`${error.message} ${error.remedy}`, /[0-9]/);
      return true;
    });
    assert.equal(await holds(prover, { statement, opening }), true);
  });

  test("refuses a statement that no verifier may accept", async () => {
    const { statement, opening } = releaseExample();
    const bounds = [2n ** 53n, 0n, 0n];
    await assert.rejects(prover.prove({ statement: { ...statement, bounds }, opening }), {
      code: "GROTH16_INVALID_INPUT",
    });
  });

  test("represents what a part does not open, as this thread would, byte for byte", async () => {
    const given = representation();
    assert.deepEqual(await prover.represent(given), represent(given));
    assert.deepEqual(await prover.represent(given), represent(given));
    const { point, proof } = await prover.represent(given);
    const bases = [generator(0, 3), generator(1, 1), blindingGenerator()];
    assert.ok(verifyRepresentation(bases, decodePoint(point), given.context, proof));
  });

  test("fails on what cannot be represented, says nothing about it, and goes on", async () => {
    const given = representation();
    await assert.rejects(prover.represent({ ...given, scalars: [123_456_789n] }), (error: unknown) => {
      assert.ok(error instanceof PavilionError && error.code === "PROOF_FAILED");
      assert.equal(error.cause, undefined);
      assert.doesNotMatch(`${error.message} ${error.remedy}`, /[0-9]/);
      return true;
    });
    assert.deepEqual(await prover.represent(given), represent(given));
  });

  test("takes as much as it is asked for, and makes it in turn", async () => {
    const { statement, opening } = releaseExample();
    const unfit = { statement, opening: { ...opening, seed: opening.seed + 1n } };
    const outcomes = await Promise.allSettled(Array.from({ length: 400 }, () => prover.prove(unfit)));
    const codes = outcomes.map((outcome) =>
      outcome.status === "rejected" ? (outcome.reason as PavilionError).code : "",
    );
    assert.deepEqual([...new Set(codes)], ["PROOF_FAILED"]);
    assert.equal(await holds(prover, { statement, opening }), true);
  });

  test("tells the proof over which its thread ended from those that it had not begun, and starts another", async (context) => {
    const posted = context.mock.method(Worker.prototype, "postMessage");
    const outcomes = Promise.allSettled([1, 2, 3].map(() => prover.prove(releaseExample())));
    const [call] = posted.mock.calls;
    await (call?.this as Worker).terminate();
    const codes = (await outcomes).map((outcome) =>
      outcome.status === "rejected" ? (outcome.reason as PavilionError).code : "made",
    );
    assert.deepEqual(codes, ["PROOF_INTERRUPTED", "PROVER_UNAVAILABLE", "PROVER_UNAVAILABLE"]);
    assert.equal(await holds(prover, releaseExample()), true);
  });
});

describe("a prover that was closed", () => {
  test("fails what was under way and what comes later, and leaves no thread", async () => {
    const before = threads();
    const prover = await openProver(releaseCircuit);
    const underWay = assert.rejects(prover.prove(releaseExample()), unavailable);
    assert.ok(threads().length > before.length);
    await prover.close();
    await underWay;
    await assert.rejects(prover.prove(releaseExample()), unavailable);
    await prover.close();
    assert.deepEqual(threads(), before);
  });

  test("has nothing to end where nothing was proven", async () => {
    const before = threads();
    await (await openProver(releaseCircuit)).close();
    assert.deepEqual(threads(), before);
  });
});

describe("artifacts", () => {
  const names = ["release.wasm", "release.zkey", "verification-key.json"];
  let folder: string;
  const url = (): URL => pathToFileURL(`${folder}/`);

  const copied = (): void => {
    cpSync(artifacts, folder, { recursive: true });
  };
  /** Writes a file and pins what was written. */
  const pinned = (name: string, bytes: Uint8Array): void => {
    writeFileSync(join(folder, name), bytes);
    const path = join(folder, "artifacts.json");
    const manifest = JSON.parse(readFileSync(path, "utf8")) as { sha256: Record<string, string> };
    manifest.sha256[name] = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(path, JSON.stringify(manifest));
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "pavilion-prover-"));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  for (const name of names) {
    test(`are refused with one bit of ${name} changed, or without it`, async () => {
      copied();
      const bytes = readFileSync(join(folder, name));
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      writeFileSync(join(folder, name), bytes);
      await assert.rejects(openProver({ ...releaseCircuit, folder: url() }), mismatched);
      rmSync(join(folder, name));
      await assert.rejects(openProver({ ...releaseCircuit, folder: url() }), mismatched);
    });
  }

  test("are refused without artifacts.json, or with one that pins nothing", async () => {
    copied();
    for (const text of ["", "null", "{}", '{"setup":"development"}', '{"setup":"development","sha256":{}}']) {
      writeFileSync(join(folder, "artifacts.json"), text);
      await assert.rejects(openProver({ ...releaseCircuit, folder: url() }), mismatched, text);
    }
    rmSync(join(folder, "artifacts.json"));
    await assert.rejects(openProver({ ...releaseCircuit, folder: url() }), mismatched);
  });

  test("are refused with a verification key that is none, though it is pinned", async () => {
    copied();
    for (const text of ["{}", "key"]) {
      pinned("verification-key.json", Buffer.from(text));
      await assert.rejects(openProver({ ...releaseCircuit, folder: url() }), mismatched, text);
    }
  });

  test("whose keys do not belong together yield no proof", async () => {
    copied();
    const key = JSON.parse(readFileSync(join(folder, "verification-key.json"), "utf8")) as Record<
      string,
      unknown
    >;
    const other = { ...key, vk_delta_2: key.vk_gamma_2 };
    pinned("verification-key.json", Buffer.from(JSON.stringify(other)));
    const prover = await openProver({ ...releaseCircuit, folder: url() });
    await assert.rejects(prover.prove(releaseExample()), { name: "PavilionError", code: "PROOF_FAILED" });
    await prover.close();
  });
});
