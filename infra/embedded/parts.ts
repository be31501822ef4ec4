/**
 * Where the Java parts of the embedded stack lie. scripts/bootstrap.sh downloads them,
 * compares them with parts.sha256, and leaves a mark in each folder that arrived whole; without the mark a
 * folder is taken for absent. The versions stand in pom.xml alone.
 */
import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { PavilionError } from "../../errors/errors.ts";

export interface JavaPart {
  readonly folder: string;
  readonly classPath: string;
}

const repository = resolve(import.meta.dirname, "../..");

function partsDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  const configured = environment.PAVILION_PARTS;
  if (configured === undefined || configured === "") return join(repository, ".pavilion", "parts");
  return isAbsolute(configured) ? configured : join(repository, configured);
}

/** The folder of all parts: `PAVILION_PARTS` (relative to the repository) or `.pavilion/parts`. */
export const partsDir = partsDirectory(process.env);

function versionOf(part: string): string {
  const pom = readFileSync(join(import.meta.dirname, "pom.xml"), "utf8");
  const version = new RegExp(`<${part}\\.version>([^<]+)</`).exec(pom)?.[1];
  if (version === undefined) throw new PavilionError("PART_MISSING", `pom.xml names no version of ${part}.`);
  return version;
}

function wholePart(partsDir: string, part: string): { readonly folder: string; readonly version: string } {
  const version = versionOf(part);
  const folder = join(partsDir, `${part}-${version}`);
  if (existsSync(join(folder, ".whole"))) return { folder, version };
  throw new PavilionError(
    "PART_MISSING",
    `${part} ${version} has not been downloaded.`,
    "Run ./pavilion test or ./pavilion demo once with the package registries reachable.",
  );
}

/** Apache Kafka's class path, and the folder it lies in. PART_MISSING when it was not downloaded. */
export function kafkaPart(partsDir: string): JavaPart {
  const { folder } = wholePart(partsDir, "kafka");
  return { folder, classPath: join(folder, "*") };
}

/** Apicurio Registry's runnable jar, and the folder it lies in. PART_MISSING when it was not downloaded. */
export function apicurioPart(partsDir: string): JavaPart {
  const { folder, version } = wholePart(partsDir, "apicurio");
  return { folder, classPath: join(folder, `apicurio-registry-app-${version}-runner.jar`) };
}
