/**
 * Parts that run already, as a file tells: `up --parts FILE` keeps a copy in the stack's folder, in which later starts find
 * it. Whoever runs them starts and stops them.
 */
import { copyFileSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { putKafkaUser } from "../../infra/embedded/kafka-users.ts";
import { partsDir } from "../../infra/embedded/parts.ts";
import type { Parts } from "../../infra/parts.ts";
import { readConfig, readSecret } from "../../runtime/config.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { ExistingParts } from "../../schemas/json/existing-parts.ts";
import { readRemembered } from "./remembered.ts";

const fileIn = (folder: string): string => join(folder, "parts.json");

/** What the stack's folder knows; undefined where its parts are its own. Throws CONFIG_INVALID. */
export function existingPartsOf(folder: string): ExistingParts | undefined {
  const file = fileIn(folder);
  return existsSync(file) ? readConfig("existing-parts", file) : undefined;
}

/** What runs elsewhere is not for this machine to start, stop or know. Throws CONFIG_INVALID. */
export const connectorsRunElsewhere = (folder: string): boolean =>
  existingPartsOf(folder)?.connectors === "elsewhere";

/**
 * Throws CONFIG_INVALID for a file that does not say what it should, or where the stack stands on other parts already:
 * where it runs, or has come up on them.
 */
export function keepExistingParts(folder: string, file: string, isRunning: boolean): void {
  const named = readConfig("existing-parts", file);
  if (isRunning || hasComeUp(folder)) {
    if (isDeepStrictEqual(existingPartsOf(folder), named)) return;
    throw new PavilionError(
      "CONFIG_INVALID",
      `The stack in ${folder} stands on parts other than those that ${file} names.`,
      "Make a new stack in another folder: name it by PAVILION_HOME.",
    );
  }
  const kept = fileIn(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  copyFileSync(file, `${kept}.new`);
  renameSync(`${kept}.new`, kept);
}

/** Regions are remembered last, once all that they need is made; until then a mistake in the file can be mended. */
const hasComeUp = (folder: string): boolean => readRemembered(folder)?.regions !== undefined;

/** Whether there is something of the stack on parts that are not its own. */
export const standsOnExistingParts = (folder: string): boolean =>
  existsSync(fileIn(folder)) && hasComeUp(folder);

export function existingParts({ kafka, registryUrl, chain }: ExistingParts): Parts {
  const lasting = { exited: new Promise<string>(() => undefined), stop: () => Promise.resolve() };
  const { bootstrap, passwordFile } = kafka;
  return {
    operatorPassword: readSecret(passwordFile),
    async kafka({ superUser, users }) {
      for (const user of users) await putKafkaUser({ partsDir, bootstrap, superUser }, user);
      return { ...lasting, bootstrap };
    },
    registry: () => Promise.resolve({ ...lasting, url: registryUrl }),
    chain: () => Promise.resolve({ ...lasting, ...chain }),
  };
}
