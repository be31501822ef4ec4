/**
 * Run once by bootstrap.sh after a download: starts each Java part with throw-away data, and keeps the
 * classes that it loaded (see java.ts). `class-archive.ts FOLDER`, FOLDER being an empty one for the data.
 */
import { renameSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { classArchive } from "./java.ts";
import { startKafka } from "./kafka.ts";
import { apicurioPart, kafkaPart, partsDir } from "./parts.ts";
import { startRegistry } from "./registry.ts";

const archivingLimitMs = 120_000;

async function recordKafka(dir: string): Promise<void> {
  const archive = classArchive(kafkaPart(partsDir));
  const recordClasses = `${archive}.new`;
  const superUser = { name: "admin", password: randomBytes(24).toString("base64url") };
  const kafka = await startKafka({ dir, partsDir, users: [], superUser, recordClasses });
  await kafka.stop(archivingLimitMs);
  renameSync(recordClasses, archive);
}

async function recordRegistry(dir: string): Promise<void> {
  const archive = classArchive(apicurioPart(partsDir));
  const recordClasses = `${archive}.new`;
  const registry = await startRegistry({ dir, partsDir, recordClasses });
  await registry.stop(archivingLimitMs);
  renameSync(recordClasses, archive);
}

const [dir] = process.argv.slice(2);
if (dir === undefined) throw new Error("usage: class-archive.ts FOLDER");
await Promise.all([recordKafka(join(dir, "kafka")), recordRegistry(join(dir, "registry"))]);
