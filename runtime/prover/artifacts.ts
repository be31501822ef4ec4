/**
 * A circuit's artifacts: witness generator, proving key and verification key, each held to the SHA-256 that artifacts.json
 * beside them pins. What differs by a byte, is missing or cannot be read throws CIRCUIT_MISMATCH.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { PavilionError } from "../../errors/errors.ts";

export interface Artifacts {
  /** How the keys were made: "development" is one machine's setup, whose maker could make false proofs. */
  readonly setup: string;
  readonly wasm: Uint8Array;
  readonly zkey: Uint8Array;
  /** As snarkjs exports it. */
  readonly verificationKey: unknown;
}

interface Manifest {
  readonly setup: string;
  /** By the file's name. */
  readonly sha256: ReadonlyMap<string, unknown>;
}

/** Reads the artifacts of `circuit` from a folder, given by a URL that ends in a slash. Throws CIRCUIT_MISMATCH. */
export async function readArtifacts(folder: URL, circuit: string): Promise<Artifacts> {
  const manifest = manifestFrom(parse(await read(folder, "artifacts.json")));
  const [wasm, zkey, key] = await Promise.all(
    [`${circuit}.wasm`, `${circuit}.zkey`, "verification-key.json"].map(async (name) => {
      const bytes = await read(folder, name);
      if (createHash("sha256").update(bytes).digest("hex") !== manifest.sha256.get(name)) {
        throw mismatch(`${name} is not the file that artifacts.json pins`);
      }
      return bytes;
    }),
  );
  if (wasm === undefined || zkey === undefined || key === undefined) throw mismatch("an artifact is missing");
  return { setup: manifest.setup, wasm, zkey, verificationKey: parse(key) };
}

async function read(folder: URL, name: string): Promise<Uint8Array> {
  try {
    return await readFile(new URL(name, folder));
  } catch (cause) {
    throw mismatch(`${name} cannot be read`, cause);
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8")) as unknown;
  } catch (cause) {
    throw mismatch("an artifact is not JSON", cause);
  }
}

function manifestFrom(value: unknown): Manifest {
  const { setup, sha256 } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof setup !== "string" || typeof sha256 !== "object" || sha256 === null) {
    throw mismatch("artifacts.json does not say what it pins");
  }
  return { setup, sha256: new Map(Object.entries(sha256)) };
}

export function mismatch(message: string, cause?: unknown): PavilionError {
  return new PavilionError("CIRCUIT_MISMATCH", message, undefined, { cause });
}
