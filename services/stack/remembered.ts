/**
 * What a stack's folder remembers from one start to the next, in stack.json (mode 0600): ports, passwords, the chain's
 * contract, and the regions' public keys. Whoever reads the file is the operator.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeBase64url } from "../../crypto/jws/base64url.ts";
import type { KafkaPorts } from "../../infra/embedded/kafka-settings.ts";
import { freePorts } from "../../infra/embedded/tcp-ports.ts";
import { PavilionError } from "../../errors/errors.ts";

/** A region as its operator hands it out; keys are base64url. */
export interface RememberedRegion {
  readonly name: string;
  readonly jurisdiction: string;
  readonly partitions: number;
  readonly hpkePublicKey: string;
  readonly issuerPublicKey: string;
  readonly logPublicKey: string;
  readonly anchorer: string;
}

export interface RememberedChain {
  readonly url: string;
  readonly chainId: number;
  readonly contract: string;
  readonly deployedAt: number;
}

/**
 * Of the stack: one that a later version of this program has brought up is not touched by an earlier one. The format before is
 * read as it is; what differed were the states.
 */
const formatVersion = 2;

export interface Remembered {
  readonly version: typeof formatVersion;
  readonly ports: {
    readonly kafka: KafkaPorts;
    readonly registry: number;
    readonly chain: number;
    /** By region. */
    readonly metrics: Readonly<Record<string, number>>;
  };
  /** By Kafka user. */
  readonly passwords: Readonly<Record<string, string>>;
  /** Absent until the first start has come so far. */
  readonly chain?: RememberedChain;
  readonly regions?: readonly RememberedRegion[];
  readonly registryUrl?: string;
  readonly bootstrap?: string;
}

const fileIn = (dir: string): string => join(dir, "stack.json");

/** Throws CONFIG_INVALID for what a later version of this program wrote, or nobody did. */
export function readRemembered(dir: string): Remembered | undefined {
  const file = fileIn(dir);
  if (!existsSync(file)) return undefined;
  let known: { version?: unknown };
  try {
    known = JSON.parse(readFileSync(file, "utf8")) as { version?: unknown };
  } catch (cause) {
    throw new PavilionError("CONFIG_INVALID", `${file} is not JSON.`, undefined, { cause });
  }
  if (known.version === formatVersion - 1 || known.version === formatVersion)
    return { ...(known as Remembered), version: formatVersion };
  throw new PavilionError(
    "CONFIG_INVALID",
    `${file} was written by another version of this program.`,
    "Run that version or a later one, put back the copy of the stack that was made before, or make a new stack in another folder.",
  );
}

export function writeRemembered(dir: string, remembered: Remembered): void {
  const file = fileIn(dir);
  writeFileSync(`${file}.new`, `${JSON.stringify(remembered, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** What the folder remembers, with ports and passwords for whoever has none yet; `given` ones are as they are. */
export async function rememberedIn(
  dir: string,
  users: readonly string[],
  regions: readonly string[],
  given: Readonly<Record<string, string>> = {},
): Promise<Remembered> {
  const known = readRemembered(dir);
  const had = known?.ports.metrics ?? {};
  const missing = regions.filter((region) => !Object.hasOwn(had, region));
  const [client = 0, controller = 0, registry = 0, chain = 0, ...metrics] = await freePorts(
    4 + missing.length,
  );
  const remembered: Remembered = {
    ...known,
    version: formatVersion,
    ports: {
      kafka: known?.ports.kafka ?? { client, controller },
      registry: known?.ports.registry ?? registry,
      chain: known?.ports.chain ?? chain,
      metrics: {
        ...had,
        ...Object.fromEntries(missing.map((region, index) => [region, metrics[index] ?? 0])),
      },
    },
    passwords: {
      ...Object.fromEntries(users.map((user) => [user, encodeBase64url(randomBytes(24))])),
      ...known?.passwords,
      ...given,
    },
  };
  writeRemembered(dir, remembered);
  return remembered;
}
