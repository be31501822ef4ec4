/**
 * What in a collaboration holds together and could never work all the same: a reference date that is none, categories that
 * are one and the same to every agent. Found before anybody signs, and by whoever reads a published version.
 */
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { Column } from "../statistics/derived-columns.ts";

/** What could never work, a fault each. */
export const unworkableIn = ({ referenceDate, providers }: Collaboration): string[] => [
  ...(isDate(referenceDate) ? [] : [`referenceDate is ${referenceDate}, a day that does not exist`]),
  ...providers.flatMap(({ columns }) => columns.flatMap(categoryFaults)),
];

/** Of the form YYYY-MM-DD, which the schema holds it to. */
function isDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function categoryFaults(column: Column): string[] {
  if (column.kind !== "category") return [];
  const { name, domain, other } = column;
  const first = new Map<string, string>();
  const faults: string[] = [];
  for (const text of domain) {
    const plain = comparable(text);
    const known = first.get(plain);
    if (plain === "") faults.push(`${name} has a category of blanks alone, which no cell of a file can hold`);
    else if (known !== undefined)
      faults.push(`the domain of ${name} has ${known} and ${text}, which are the same in a file`);
    else first.set(plain, text);
  }
  const listed = first.get(comparable(other));
  if (listed !== undefined)
    faults.push(`the domain of ${name} lists ${listed}, which stands for whatever is not in it`);
  return faults;
}

/** Texts of a file are compared trimmed and in lower case; one that is written with other code points is no other to people. */
const comparable = (text: string): string => text.normalize("NFC").trim().toLowerCase();
