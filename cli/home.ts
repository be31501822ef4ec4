/**
 * Where things lie: everything that a stack or a party of this machine keeps is below one folder, `.pavilion/` beside the
 * project, or what PAVILION_HOME names.
 */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { PavilionError } from "../errors/errors.ts";

const beside = resolve(import.meta.dirname, "../.pavilion");

export function homeFolder(): string {
  const named = process.env.PAVILION_HOME;
  return named === undefined || named === "" ? beside : resolve(named);
}

export const stackFolder = (): string => join(homeFolder(), "stack");
export const trustFile = (): string => join(homeFolder(), "trust.json");

/** The parties of a role that have their keys here, sorted. */
export function partiesHere(role: Role): string[] {
  const folder = join(homeFolder(), `${role}s`);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { withFileTypes: true });
  return files.flatMap((file) => (file.isDirectory() ? [file.name] : [])).sort();
}

export type Role = "provider" | "broker";

/** A party's folder. Throws CONFIG_INVALID for a name that is none: it would lead elsewhere. */
export function partyFolder(role: Role, id: string): string {
  if (/^[a-z][a-z0-9-]{1,62}$/.test(id)) return join(homeFolder(), `${role}s`, id);
  throw new PavilionError(
    "CONFIG_INVALID",
    `${JSON.stringify(id.slice(0, 64))} cannot be the name of a ${role}.`,
    "A name has 2 to 63 of the letters a to z in lower case, digits and dashes, and begins with a letter: without umlauts or accents.",
  );
}
