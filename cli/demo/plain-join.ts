/**
 * What the demo alone may know: the exact answer, from a plain join of both files in the clear. It shares no code with
 * the pipeline, so that it can be compared with it.
 */
import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";

export interface PlainGroup {
  readonly people: number;
  /** People with a birth date. */
  readonly aged: number;
  /** Sum of their ages in whole years. */
  readonly years: number;
}

const states = ["act", "nsw", "nt", "qld", "sa", "tas", "vic", "wa"];

/** Groups by state, `other` for every other text, and `total`. Ages at the reference date, YYYYMMDD. */
export function plainJoin(
  patientsFile: string,
  membersFile: string,
  referenceDate: string,
): Map<string, PlainGroup> {
  const members = new Map(rowsOf(membersFile).map((row) => [row.soc_sec_id, row]));
  const groups = new Map<string, PlainGroup>();
  for (const patient of rowsOf(patientsFile)) {
    const member = members.get(patient.soc_sec_id);
    if (member === undefined) continue;
    const state = member.state ?? "";
    const birth = patient.date_of_birth ?? "";
    for (const name of ["total", states.includes(state) ? state : "other"]) {
      const { people, aged, years } = groups.get(name) ?? { people: 0, aged: 0, years: 0 };
      const known = birth === "" ? 0 : 1;
      groups.set(name, {
        people: people + 1,
        aged: aged + known,
        years: years + (known === 0 ? 0 : wholeYears(birth, referenceDate)),
      });
    }
  }
  return groups;
}

function rowsOf(file: string): Record<string, string>[] {
  return parse(readFileSync(file), { columns: true, trim: true });
}

/** Both dates as YYYYMMDD: their difference counts whole years in its ten thousands. */
function wholeYears(birth: string, reference: string): number {
  return Math.floor((Number(reference) - Number(birth)) / 10_000);
}
