/**
 * `verify BUNDLE.json --trust TRUST.json [--block HASH] [--json]`: offline. Answers the exit code: 0 only if every check
 * holds, 1 if one fails, 2 if bundle or trust file cannot be read. Without a trust file nothing is verified: a bundle's
 * own keys would vouch for themselves.
 */
import { PavilionError } from "../../errors/errors.ts";
import { readJsonText } from "../../runtime/text-file.ts";
import type { Trust } from "../../schemas/json/trust.ts";
import { bundleBounds } from "../../verifier/bundle.ts";
import { holds, type Status } from "../../verifier/checklist.ts";
import { reportLines, reportObject } from "../../verifier/report.ts";
import { readTrust } from "../../verifier/trust.ts";
import { verify } from "../../verifier/verify.ts";
import { coloured, type Colour } from "../colour.ts";

const BLOCK_HASH = /^0x[0-9a-f]{64}$/;

const colours: Readonly<Record<Status, Colour>> = {
  proven: "green",
  attested: "yellow",
  development: "yellow",
  failed: "red",
};

interface Given {
  readonly trust: string | undefined;
  readonly block: string | undefined;
  readonly json: boolean;
}

/** Prints the report; a file that cannot be read is told on standard error. */
export async function verifyFiles(bundles: readonly string[], given: Given): Promise<number> {
  try {
    const { bundle, trust, block } = readFiles(bundles, given);
    requireRoots(trust, block);
    const checklist = await verify(bundle, trust, { block });
    const lines = given.json
      ? [JSON.stringify(reportObject(checklist))]
      : reportLines(checklist, (status, word) => coloured(colours[status], word));
    process.stdout.write(lines.map((line) => `${line}\n`).join(""));
    return holds(checklist) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof PavilionError)) throw error;
    const { code, message, remedy } = error;
    process.stderr.write(`pavilion: ${code}: ${message}\n  ${remedy}\n`);
    if (given.json) process.stdout.write(`${JSON.stringify({ error: { code, message, remedy } })}\n`);
    return 2;
  }
}

interface Files {
  readonly bundle: string;
  readonly trust: string;
  readonly block: string | undefined;
}

function readFiles([bundle, ...more]: readonly string[], { trust, block }: Omit<Given, "json">): Files {
  if (trust === undefined) throw new PavilionError("TRUST_UNREADABLE", "There is no trust file.");
  if (bundle === undefined || more.length > 0) {
    throw new PavilionError("BUNDLE_UNREADABLE", "Give one bundle to verify.");
  }
  const hash = block?.toLowerCase();
  if (hash !== undefined && !BLOCK_HASH.test(hash)) {
    throw new PavilionError(
      "TRUST_UNREADABLE",
      "--block takes a block's hash: 0x and 64 hexadecimal digits.",
    );
  }
  return {
    trust: readJsonText(trust, "TRUST_UNREADABLE"),
    bundle: readJsonText(bundle, "BUNDLE_UNREADABLE", bundleBounds),
    block: hash,
  };
}

/** Without roots there is nothing to verify by: that says nothing of the bundle. */
function requireRoots(text: string, block: string | undefined): void {
  let trust: Trust;
  try {
    trust = readTrust(text);
  } catch (cause) {
    throw new PavilionError(
      "TRUST_UNREADABLE",
      `The trust file cannot be used: ${cause instanceof Error ? cause.message : "it cannot be read."}`,
      undefined,
      { cause },
    );
  }
  if (trust.block !== null || block !== undefined) return;
  throw new PavilionError(
    "TRUST_UNREADABLE",
    "Neither the trust file nor --block names a block.",
    "Look up the hash of the block that the bundle names (its log.chain.block) at a node of your own; give it with --block.",
  );
}
