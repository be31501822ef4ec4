/**
 * The first people of the example, so that a test which is about something else need not push all of them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { files } from "../../examples/example.ts";

/** Writes both files, by provider, with the first `people` of the first file and those of the second who are among them. */
export function smallFiles(dir: string, people: number): Map<string, string> {
  const [patientLines, memberLines] = ["northwind-health", "southbank-insurance"].map((provider) =>
    readFileSync(files.get(provider) ?? "", "utf8")
      .trim()
      .split("\n"),
  );
  const patients = (patientLines ?? []).slice(0, people + 1);
  const known = new Set(patients.map(identifierOf));
  const members = (memberLines ?? []).filter((line) => known.has(identifierOf(line)));
  const write = (name: string, lines: string[]): string => {
    const file = join(dir, name);
    writeFileSync(file, `${lines.join("\n")}\n`);
    return file;
  };
  return new Map([
    ["northwind-health", write("patients.csv", patients)],
    ["southbank-insurance", write("members.csv", members)],
  ]);
}

/** `soc_sec_id` is the last column; the header's own name stands for itself. */
const identifierOf = (line: string): string => line.slice(line.lastIndexOf(",") + 1).trim();
