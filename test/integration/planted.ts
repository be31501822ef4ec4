/**
 * Identifiers and values that stand out wherever they turn up, in the example's shape.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import { requestDraft } from "../../examples/example.ts";

export const [sender, receiver] = ["northwind-health", "southbank-insurance"] as const;

export const people = 137;

/** Everybody is in both files. */
export const identifiers = Array.from(
  { length: people },
  (_, index) => `90418273645${String(100_000 + index)}`,
);

export const incomeOf = (index: number): number => 918_273_645 + index;

/** 57, 43 and 36 people, and the one whose state is in no domain. */
const stateOf = (index: number): string => {
  if (index === 5) return "plantedstate";
  if (index < 58) return "vic";
  return index < 101 ? "nsw" : "qld";
};

/** The example's collaboration, with an income in the sender's dataset. */
export function withIncome(template: Collaboration): Collaboration {
  const bounds = { lower: 0, upper: 1_000_000_000, nullable: false };
  const income = { name: "income", kind: "integer", source: "income", transform: "none", ...bounds } as const;
  const providers = template.providers.map((provider) =>
    provider.id === sender ? { ...provider, columns: [...provider.columns, income] } : provider,
  );
  return { ...template, providers };
}

/** Both files by provider, with dirt: a birth date that is none, a state outside the domain, a person who stands there twice. */
export function plantedFiles(dir: string): Map<string, string> {
  const [first = ""] = identifiers;
  const write = (
    name: string,
    header: string,
    row: (identifier: string, index: number) => string,
  ): string => {
    const path = join(dir, name);
    writeFileSync(path, `${[header, ...identifiers.map(row), row(first, people)].join("\n")}\n`);
    return path;
  };
  const patients = write("patients.csv", "soc_sec_id, date_of_birth, state, income", (id, n) =>
    [id, n === 3 ? "plantedbirthdate" : "19500101", "nsw", String(incomeOf(n))].join(", "),
  );
  const members = write("members.csv", "soc_sec_id, date_of_birth, state", (id, n) =>
    [id, "19500101", stateOf(n)].join(", "),
  );
  return new Map([
    [sender, patients],
    [receiver, members],
  ]);
}

export function aboutIncome(): ReturnType<typeof requestDraft> {
  const draft = requestDraft();
  const income = { dataset: "northwind-patients", column: "income" };
  const measures = [...draft.question.measures, { kind: "mean" as const, of: income }];
  return { ...draft, question: { ...draft.question, measures } };
}
