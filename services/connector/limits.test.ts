import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pino } from "pino";
import { Metrics } from "../../runtime/telemetry/metrics.ts";
import { Limits } from "./limits.ts";

const folder = mkdtempSync(join(tmpdir(), "pavilion-test-"));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Line {
  readonly msg: string;
  readonly of?: string;
  readonly held?: number;
}

/** Over a partition of which so much is held, of ten; with what was logged. */
function watching(stateFreeMiB?: number) {
  const metrics = new Metrics();
  const lines: Line[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as Line) });
  const of = { held: 0 };
  metrics.stage("routing").watch(3, {
    ...{ lags: () => new Map(), queued: () => 0, stateEntries: () => 0 },
    ...{ restoreSeconds: () => undefined, waitsFor: () => undefined },
    fills: () => [{ of: "requests", held: of.held, most: 10 }],
  });
  const config = { stateFolder: folder, ...(stateFreeMiB === undefined ? {} : { stateFreeMiB }) };
  const limits = new Limits({ metrics, log, config });
  return {
    metrics,
    lines,
    look: async (held: number): Promise<void> => {
      of.held = held;
      await limits.look();
    },
  };
}

test("warns once at four fifths of a limit, and again only after it went well below", async () => {
  const { lines, look } = watching(1);
  const told: number[] = [];
  for (const held of [7, 8, 9, 7, 8, 6, 8]) {
    await look(held);
    told.push(lines.length);
  }
  assert.deepEqual(told, [0, 1, 1, 1, 1, 1, 2]);
  assert.deepEqual(
    lines.map(({ msg, of, held }) => [msg, of, held]),
    [
      ["a limit is near", "requests", 8],
      ["a limit is near", "requests", 8],
    ],
  );
});

test("warns once while less is free than is wanted, and tells the metrics the folder and what is free", async () => {
  const { bavail, bsize } = await statfs(folder);
  const freeMiB = Math.floor((bavail * bsize) / 1024 / 1024);
  const roomy = watching(Math.max(1, Math.floor(freeMiB / 2)));
  await roomy.look(0);
  assert.deepEqual(roomy.lines, []);

  writeFileSync(join(folder, "state"), Buffer.alloc(4_321));
  const { metrics, lines, look } = watching(2 * freeMiB + 1);
  await look(0);
  await look(0);
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ["little is free where the state folder lies"],
  );
  const text = await metrics.registry.metrics();
  assert.match(text, /^pavilion_state_folder_bytes 4321$/m);
  assert.match(text, /^pavilion_state_folder_free_bytes [1-9]\d*$/m);
});
