/**
 * The end of the demo: the evidence bundle and a trust file, kept beside the project, and what the verifier says of them
 * in a process of its own that has neither network, Kafka nor HSM.
 */
import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { PavilionError } from "../../errors/errors.ts";
import { shell } from "../../runtime/shell.ts";
import type { EvidenceBundleDocument } from "../../schemas/json/evidence-bundle.ts";
import { trustOf } from "../../services/operator/trust.ts";
import { trustedIn, type Scene } from "./scene.ts";

/** What a run leaves: the last one's. */
const folder = resolve(import.meta.dirname, "../../.pavilion/demo");

export interface Verified {
  /** Files, absolute. */
  readonly evidence: string;
  readonly trust: string;
  readonly verified: boolean;
}

/** Clears what the last run left, so that nobody takes it for this one's. Throws CONFIG_INVALID. */
export function clearFolder(): void {
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    const message = `The folder ${folder} for the evidence cannot be cleared and made again.`;
    throw new PavilionError("CONFIG_INVALID", message, "Give whoever runs the demo the right to write it.", {
      cause,
    });
  }
}

export async function verifyBundle(
  scene: Scene,
  bundle: string,
  transaction: string,
  tell: (line: string) => void,
): Promise<Verified> {
  const { stack } = scene;
  const { chain } = (JSON.parse(bundle) as EvidenceBundleDocument).log;
  const development = { chainId: stack.chain.chainId, contract: stack.chain.contract, development: true };
  // The demo is its own auditor, and has looked the block up at its own node.
  const trusted = trustOf(
    development,
    [...stack.cards.values()],
    trustedIn(scene),
    await blockHash(stack.chain.url, chain.block),
  );
  const evidence = write("evidence.json", JSON.parse(bundle));
  const trust = write("trust.json", trusted);
  tell(`  anchored by transaction ${transaction}`);
  tell(`  in block ${String(chain.block)}, ${chain.blockHash}`);
  const [evidenceHere, trustHere] = [evidence, trust].map((file) => relative(process.cwd(), file));
  tell(`  evidence bundle  ${String(evidenceHere)}`);
  tell(`  trust file       ${String(trustHere)}`);
  tell("");
  tell(shell`  ./pavilion verify ${String(evidenceHere)} --trust ${String(trustHere)}`);
  const { lines, code } = await verify(evidence, trust);
  for (const line of lines) tell(`  ${line}`);
  return { evidence, trust, verified: code === 0 };
}

function write(name: string, document: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, `${JSON.stringify(document, undefined, 2)}\n`);
  return file;
}

async function verify(evidence: string, trust: string): Promise<{ lines: string[]; code: number }> {
  const main = resolve(import.meta.dirname, "../main.ts");
  const child = spawn(process.execPath, [main, "verify", evidence, "--trust", trust], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {},
  });
  const ended = new Promise<number>((done) => {
    child.once("close", (code) => {
      done(code ?? 1);
    });
  });
  const output = await text(child.stdout);
  return { lines: output.trimEnd().split("\n"), code: await ended };
}

async function blockHash(url: string, block: number): Promise<string> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "eth_getBlockByNumber",
      params: [`0x${block.toString(16)}`, false],
    }),
  });
  return ((await response.json()) as { result: { hash: string } }).result.hash;
}
