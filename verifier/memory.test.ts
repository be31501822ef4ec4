/**
 * What a file can make `verify` take: the command in a process of its own on hostile files, and its peak of resident memory.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { releaseCircuit } from "../pipelines/private-computation/circuit.ts";
import { openProver } from "../runtime/prover/prover.ts";
import type { EvidenceBundleDocument } from "../schemas/json/evidence-bundle.ts";
import { miniatureChain } from "../crypto/ethereum/testing/miniature-chain.ts";
import { connectorNamed, partiesNamed, trustIn } from "../test/evidence-terms.ts";
import { evidenceOf, groupedQuestion } from "../test/evidence.ts";
import { bundleBounds } from "./bundle.ts";

/** The promise, of each file by itself; here also what earlier ones left to the collector counts. */
const MEMORY_MAX_MIB = 512;
const MIB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), "pavilion-memory-"));
/** Verifies one file after another, so that what is measured is the peak of all that came so far. */
const script = `
  const { verify } = await import(${JSON.stringify(new URL("../cli/verify/command.ts", import.meta.url).href)});
  for (const args of JSON.parse(process.argv[1])) {
    const code = await verify.run(args);
    console.log("ended " + JSON.stringify({ code, mib: process.resourceUsage().maxRSS / 1024 }));
  }
`;
let bundle: EvidenceBundleDocument;

before(async () => {
  const parties = partiesNamed("honest");
  const connector = connectorNamed("honest", miniatureChain("honest"));
  const prover = await openProver(releaseCircuit);
  bundle = await evidenceOf({ parties, connector, prover, question: groupedQuestion, nonce: 1 });
  await prover.close();
  const trust = trustIn(parties, connector, bundle.log.chain.blockHash);
  writeFileSync(join(folder, "trust.json"), JSON.stringify(trust));
});
after(() => {
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number;
  readonly mib: number;
}

/** What came of each file, and all that was printed. */
function verified(contents: readonly (string | Uint8Array)[], role: "bundle" | "trust" = "bundle") {
  const trust = join(folder, "trust.json");
  const calls = contents.map((content, at) => {
    const file = join(folder, `${String(at)}.json`);
    writeFileSync(file, content);
    return [file, "--trust", role === "trust" ? file : trust];
  });
  const args = ["--input-type=module", "-e", script, "--", JSON.stringify(calls)];
  return new Promise<{ ended: Ended[]; told: string }>((resolve, reject) => {
    execFile(process.execPath, args, (failed, out, told) => {
      if (failed !== null) {
        reject(new Error("the command ended otherwise than by a report", { cause: failed }));
        return;
      }
      const ended = out.split("\n").flatMap((line) => /^ended (.*)$/.exec(line)?.[1] ?? []);
      resolve({ ended: ended.map((text) => JSON.parse(text) as Ended), told: out + told });
    });
  });
}

function requireFrugal(ended: readonly Ended[], names: readonly string[], code: number): void {
  assert.equal(ended.length, names.length);
  for (const [at, { code: found, mib }] of ended.entries()) {
    assert.equal(found, code, names[at]);
    assert.ok(mib < MEMORY_MAX_MIB, `${names[at] ?? ""}: ${String(mib)} MiB`);
  }
}

/** A copy of the bundle in which something was put. */
function changed(change: (copy: EvidenceBundleDocument) => void): string {
  const copy = structuredClone(bundle);
  change(copy);
  return JSON.stringify(copy);
}

/** The same as a person's file has it. */
const laidOut = (change: (copy: EvidenceBundleDocument) => void): string =>
  JSON.stringify(JSON.parse(changed(change)), null, 2);

const many = (count: number, length: number): string[] =>
  Array.from({ length: count }, (_, at) => at.toString(36).padStart(length, "y"));
const wide = (count: number, length: number): Record<string, unknown> =>
  Object.fromEntries(many(count, length).map((name) => [name, 1]));
const { lengthMax, valuesMax } = bundleBounds;

const refused: readonly (readonly [RegExp, () => string | Uint8Array])[] = [
  [/larger than 16 MiB/, () => "[".repeat(20 * MIB) + "]".repeat(20 * MIB)],
  [/64 levels deep/, () => "[".repeat(lengthMax / 2) + "]".repeat(lengthMax / 2)],
  [/300,000 values/, () => `[${"[],".repeat(lengthMax / 3 - 2)}[]]`],
  [/64 characters/, () => "9".repeat(lengthMax)],
  [/not text in UTF-8/, () => new Uint8Array(lengthMax).fill(0xff)],
  [
    /is text in UTF-16/,
    () => Buffer.from(`\uFEFF${JSON.stringify("x".repeat(lengthMax / 2 - 8))}`, "utf16le"),
  ],
  [/twice/, () => `{${'"a":1,'.repeat(valuesMax / 2 - 2)}"a":1}`],
];

test("a file that no bundle can be is refused with the reason, within the memory that is promised", async () => {
  const { ended, told } = await verified(refused.map(([, content]) => content()));
  const reasons = refused.map(([reason]) => reason);
  requireFrugal(ended, reasons.map(String), 2);
  const sentences = told.split("\n").filter((line) => line.includes("BUNDLE_UNREADABLE"));
  assert.equal(sentences.length, reasons.length);
  for (const [at, reason] of reasons.entries()) assert.match(sentences[at] ?? "", reason);
});

/** What keeps to every bound, and takes the most of what each lets through. */
const dearest: Readonly<Record<string, () => string>> = {
  "one text of two bytes a character": () => JSON.stringify("\u4e2d".repeat(lengthMax / 3 - 1)),
  escapes: () => `"${"\\u4e2d".repeat(lengthMax / 6 - 1)}"`,
  "objects that are all of another shape": () =>
    JSON.stringify(many(valuesMax / 3 - 1, 8).map((name) => ({ [name]: {} }))),
  "one wide object": () => JSON.stringify(wide(valuesMax / 2 - 1, 90)),
  "a wide collaboration": () =>
    changed(({ collaboration: { document } }) => {
      document.purposes = many(190_000, 12);
    }),
  "a request that is none": () =>
    changed(({ request }) => {
      request.document = wide(4_900, 45);
    }),
  "as many anchors and remainders as there may be": () =>
    laidOut(({ log: { chain }, release: { groups } }) => {
      const hash = "ab".repeat(32);
      const consistency = Array.from({ length: 54 }, () => hash);
      chain.links = Array.from({ length: 2_000 }, (_, at) => ({
        root: hash,
        size: at + 1,
        time: at,
        consistency,
      }));
      for (const { representation } of groups.flatMap(({ proofs }) => proofs).slice(0, 1))
        representation.responses = Array.from({ length: 30_000 }, () => hash);
    }),
};

test("a file within the bounds takes no more than is promised, whatever is in it", async () => {
  const { ended, told } = await verified(Object.values(dearest).map((content) => content()));
  requireFrugal(ended, Object.keys(dearest), 1);
  // The last one is the largest that a question leads to: it is read, and fails for what was put into it.
  assert.match(told.slice(told.lastIndexOf("trust-schema")), /^.*\nproven +bundle-schema/);
});

test("a trust file is bounded alike", async () => {
  const { ended, told } = await verified(["[".repeat(5 * MIB)], "trust");
  requireFrugal(ended, ["deep"], 2);
  assert.match(told, /TRUST_UNREADABLE: \S+ is larger than 4 MiB/);
});
