/**
 * A town whose clinic and insurer answer questions together, by the command line alone: for tests of whole stacks.
 */
import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "../../schemas/avro/index.ts";
import type { CommandLine } from "./command-line.ts";
import { publishPopulation } from "./population-file.ts";
import { admitAll, collaborationText, type Participant } from "./townspeople.ts";

const participants: readonly Participant[] = [
  {
    ...{ name: "clinic", dataset: "clinic" },
    columns: ['{ name: smoker, kind: flag, source: smoker, "true": ["yes"], nullable: false }'],
  },
  {
    ...{ name: "insurer", dataset: "insurer" },
    columns: ["{ name: region, kind: category, source: region, domain: [north, south], other: other }"],
  },
];
const providers = participants.map(({ name }) => name);

/** A question of its own for each name, in a file. */
export function questionFile(dir: string, name: string, measures: readonly object[]): string {
  const file = join(dir, `${name}.json`);
  const question = {
    ...{
      broker: "core",
      tenant: "council",
      home: "eu-central",
      collaboration: "cover",
      collaborationVersion: 1,
    },
    ...{ purpose: "planning", legalBasis: "consent", epsilon: "8" },
    ...{ question: { measures, groupings: [{ by: "total" }] }, deadlineSeconds: 120 },
  };
  writeFileSync(file, JSON.stringify(question));
  return file;
}

export const count = { kind: "count" };
export const smokers = { kind: "sum", of: { dataset: "clinic", column: "smoker" } };

export async function ask(by: CommandLine, file: string): Promise<Result["answer"]> {
  return (await asked(by, file)).answer;
}

/** Asks, waits for the evidence, and verifies it offline where there is a trust file. */
export async function prove(by: CommandLine, file: string, trust?: string): Promise<Result["answer"]> {
  const bundle = file.replace(".json", ".bundle.json");
  const { answer, block } = await asked(by, file, "--bundle", bundle);
  if (trust !== undefined) await by.done("verify", bundle, "--trust", trust, "--block", block);
  return answer;
}

async function asked(
  by: CommandLine,
  ...args: string[]
): Promise<{ answer: Result["answer"]; block: string }> {
  const { results, block } = JSON.parse(await by.done("request", ...args, "--json")) as {
    block?: { hash: string };
    results: { result: Result }[];
  };
  return { answer: results[0]?.result.answer ?? null, block: block?.hash ?? "" };
}

/**
 * Brings a stack up, admits everybody, and has 100 people pushed by both; the sender's agent goes on serving. The budget is 100, of
 * which 50 may be spent in 30 days.
 */
export async function makeTown(by: CommandLine, dir: string): Promise<ChildProcess> {
  await by.done("up");
  const keys = await admitAll(by, providers);
  const datasets = providers.map((name) => [name, name] as const);
  await publishPopulation(by, dir, { id: "townspeople", epsilon: "100", window: "50", datasets });
  const file = join(dir, "cover.yaml");
  writeFileSync(file, collaborationText("cover", participants, keys));
  for (const name of providers) await by.done("collaboration", "sign", file, "--provider", name);
  await by.done("collaboration", "publish", join(dir, "cover.signed.json"));
  const agent = by.serve("provider", "serve", "--provider", "clinic");
  const rows = Array.from({ length: 100 }, (_, i) => `${String(i)},${i % 4 === 0 ? "yes" : "no"},north`);
  const table = join(dir, "people.csv");
  writeFileSync(table, `${["id,smoker,region", ...rows].join("\n")}\n`);
  const push = (name: string): Promise<string> =>
    by.done("provider", "push", "--provider", name, "--collaboration", "cover", table);
  await Promise.all(providers.map(push));
  return agent;
}
