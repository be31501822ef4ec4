/**
 * `trust [--out FILE] [--json]`: the trust file as the operator of the running stack can write it: regions, chain, the
 * parties that were admitted, and the populations that were published. An auditor who trusts no operator confirms each member at its own source, and looks the
 * block up at a node of its own.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { decodeBase64url } from "../../crypto/jws/base64url.ts";
import { parseDocument } from "../../schemas/reading/validate.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Card } from "../../schemas/json/card.ts";
import type { Trust } from "../../schemas/json/trust.ts";
import { trustOf } from "../../services/operator/trust.ts";
import { trustFile } from "../home.ts";
import { withOperator } from "../operator/session.ts";
import { runningStack, type KnownStack } from "../stack/running.ts";

interface Given {
  readonly out: string | undefined;
  readonly json: boolean;
}

export async function trust({ out, json }: Given): Promise<number> {
  const file = await writeTrust(out);
  if (file === undefined) {
    const message =
      "A trust file names at least one provider and one broker, and one of the two has not been admitted yet.";
    throw new PavilionError("CONFIG_INVALID", message, "Admit a provider and a broker first.");
  }
  console.log(json ? JSON.stringify({ trust: file }) : `  trust file  ${file}`);
  return 0;
}

const cardFolder = (stack: string): string => join(stack, "cards");

/** The cards of everybody who was admitted. */
export function cardsIn(stack: string): Card[] {
  const folder = cardFolder(stack);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Others' files may lie beside them: `admit` writes an access file where the card lies that it is handed.
  return readdirSync(folder)
    .filter((name) => /^(provider|broker)\./.test(name))
    .sort()
    .map((name) => parseDocument("card", readFileSync(join(folder, name), "utf8")));
}

export function rememberCard(stack: string, card: Card): void {
  mkdirSync(cardFolder(stack), { recursive: true, mode: 0o700 });
  writeFileSync(join(cardFolder(stack), `${card.role}.${card.id}.json`), JSON.stringify(card));
}

/** Writes the trust file without a block; answers where it lies, undefined where there is nobody to name in it yet. */
export async function writeTrust(out: string = trustFile()): Promise<string | undefined> {
  const stack = runningStack();
  const cards = cardsIn(stack.folder);
  const of = (role: Card["role"]): Card[] => cards.filter((card) => card.role === role);
  if (of("broker").length === 0 || of("provider").length === 0) return undefined;
  const document = trustOf(
    { ...stack.chain, development: true },
    stack.regions.map(({ name, jurisdiction, issuerPublicKey, logPublicKey, anchorer }) => ({
      ...{ region: name, jurisdiction, anchorer },
      issuerPublicKey: bytesOf(issuerPublicKey),
      logPublicKey: bytesOf(logPublicKey),
    })),
    { brokers: of("broker"), providers: of("provider"), populations: await populationsOf(stack) },
    null,
  );
  const file = resolve(out);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(document, undefined, 2)}\n`);
  return file;
}

/** Every version that stands in any region. */
async function populationsOf(stack: KnownStack): Promise<Trust["populations"]> {
  const digests = new Map<string, Set<string>>();
  await withOperator(stack, async (operator) => {
    for (const { name } of stack.regions) {
      for (const { id, digests: here } of await operator.populationsIn(name)) {
        digests.set(id, new Set([...(digests.get(id) ?? []), ...here]));
      }
    }
  });
  return [...digests].map(([id, all]) => ({ id, digests: [...all] }));
}

function bytesOf(text: string): Uint8Array {
  const bytes = decodeBase64url(text);
  if (bytes === undefined) throw new Error("a region's key is not base64url");
  return bytes;
}
