/**
 * The broker's disk full under load: the broker ends, the pipeline waits, and once there is room again everything goes
 * on and is counted. The disk is a small tmpfs of its own, which only root may mount; elsewhere the test is skipped.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FaultRig } from "./fault-rig.ts";
import { randomFrom } from "./seeded.ts";

const diskBytes = 256 * 1024 * 1024;
const chunk = Buffer.alloc(64 * 1024);

const dir = mkdtempSync(join(tmpdir(), "pavilion-faults-"));
const disk = join(dir, "disk");
const ballast = join(disk, "ballast");
const refusal = mountDisk();

after(() => {
  unmountDisk();
  rmSync(dir, { recursive: true, force: true });
});

/** Why there is no small disk, or nothing where there is one. */
function mountDisk(): string | undefined {
  mkdirSync(disk);
  try {
    execFileSync("/usr/bin/mount", ["-t", "tmpfs", "-o", `size=${String(diskBytes)}`, "tmpfs", disk], {
      stdio: "pipe",
    });
  } catch {
    return "a small tmpfs cannot be mounted here: it takes root, and a machine that lets it";
  }
  process.once("exit", unmountDisk);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(1));
  return undefined;
}

/** Lazily, since Kafka may still be on its way out; does nothing where nothing is mounted. */
function unmountDisk(): void {
  try {
    execFileSync("/usr/bin/umount", ["--lazy", disk], { stdio: "pipe" });
  } catch {
    // Not mounted, or no longer.
  }
}

/** Takes what room there is; what the broker wrote meanwhile stays. */
function fillDisk(): void {
  try {
    for (;;) appendFileSync(ballast, chunk);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
}

test(
  "a full disk ends the broker; with room again, every record comes through once",
  { skip: refusal ?? false },
  async () => {
    const rig = await FaultRig.start({
      ...{ dir, kafkaDir: join(disk, "kafka"), random: randomFrom(3) },
      ...{ workers: ["worker-1", "worker-2"], itemsPerSecond: 60 },
    });
    try {
      await rig.until(() => {
        fillDisk();
        return !rig.parts.kafkaRuns;
      });
      rmSync(ballast);
      await rig.parts.killKafka();
      await rig.parts.startKafka();
      await rig.progress();
      assert.deepEqual((await rig.count()).problems, []);
    } finally {
      await rig.stop();
    }
  },
);
