/**
 * Configuration files: read once, checked against their schema in schemas/json/, every problem listed. Secrets stand in
 * files of their own that the configuration names, never in it.
 */
import { readFileSync, statSync } from "node:fs";
import { Ajv } from "ajv";
import type { Access } from "../schemas/json/access.ts";
import type { AgentConfig } from "../schemas/json/agent-config.ts";
import type { ConnectorConfig } from "../schemas/json/connector-config.ts";
import type { ExistingParts } from "../schemas/json/existing-parts.ts";
import type { HttpTokens } from "../schemas/json/http-tokens.ts";
import { PavilionError } from "../errors/errors.ts";
import { foreignKind } from "./file-kind.ts";
import { shell } from "./shell.ts";
import { readJson } from "./text-file.ts";

interface ConfigTypes {
  access: Access;
  "agent-config": AgentConfig;
  "connector-config": ConnectorConfig;
  "existing-parts": ExistingParts;
  "http-tokens": HttpTokens;
}

/** Throws CONFIG_INVALID that lists every problem. */
export function readConfig<K extends keyof ConfigTypes>(kind: K, file: string): ConfigTypes[K] {
  const config = readJson(file, "CONFIG_INVALID");
  const schema = new URL(`../schemas/json/${kind}.schema.json`, import.meta.url);
  const problems = problemsWith(config, JSON.parse(readFileSync(schema, "utf8")) as object);
  if (problems.length === 0) return config as ConfigTypes[K];
  throw new PavilionError("CONFIG_INVALID", `Configuration ${file}: ${problems.join("; ")}.`);
}

/** Every problem of settings with their schema, each with the path of the member, which begins with `of`. */
export function problemsWith(settings: unknown, schema: object, of = ""): string[] {
  const validate = new Ajv({ allErrors: true, strict: true }).compile(schema);
  if (validate(settings)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message = "" }) => `${`${of}${instancePath}` || "/"} ${message}`,
  );
}

/** A secret in a file of its own, without its final newline. Refuses a file that others may read. */
export function readSecret(file: string): string {
  let mode: number;
  let bytes: Buffer;
  try {
    mode = statSync(file).mode & 0o077;
    bytes = readFileSync(file);
  } catch (error) {
    throw new PavilionError("CONFIG_INVALID", `The secret file ${file} cannot be read.`, undefined, {
      cause: error,
    });
  }
  if (mode !== 0) {
    throw new PavilionError(
      "CONFIG_INVALID",
      `The secret file ${file} can be read by others.`,
      shell`chmod 600 ${file}`,
    );
  }
  const foreign = foreignKind(bytes, file);
  if (foreign !== undefined) {
    throw new PavilionError("CONFIG_INVALID", `The secret file ${file} is ${foreign.what}.`, foreign.remedy);
  }
  const secret = bytes.toString("utf8").trimEnd();
  if (secret === "") throw new PavilionError("CONFIG_INVALID", `The secret file ${file} is empty.`);
  return secret;
}
