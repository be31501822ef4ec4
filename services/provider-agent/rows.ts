/**
 * From the file's rows to what may be pushed, and to what is said to the provider about its own rows: which were left
 * out, and in which a value had to stand in. What is said holds row numbers, columns and reasons, never a cell.
 */
import { derivationsOf, isDerived } from "../../domain/statistics/derived-columns.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Participant } from "../../schemas/json/collaboration.ts";
import { readValue, type CellValue, type FileColumn } from "./columns.ts";
import type { FileRow } from "./csv.ts";
import { normalise } from "./normalisation.ts";
import { reasonsOf, type IdentifierFault, type RowFault } from "./row-faults.ts";

export interface PreparedRow {
  readonly row: number;
  /** The normalised identifier, UTF-8: the input of the OPRF. */
  readonly identifier: Uint8Array;
  /** One value a declared column, in their order. */
  readonly values: (number | null)[];
}

export interface Prepared {
  /** Rows in the file. */
  readonly read: number;
  readonly rows: PreparedRow[];
  readonly faults: RowFault[];
}

/** Far above any identifier, far below what the OPRF takes, in bytes. */
const IDENTIFIER_LENGTH_MAX = 1024;

/** The file's columns that the participant declares, the identifier's first: `FileRow.cells` come in this order. */
export const sourcesOf = ({ identifier, columns }: Participant): string[] => [
  identifier.source,
  ...columns.flatMap((column) => (isDerived(column) ? [] : [column.source])),
];

/**
 * Prepares the rows; of several with one identifier the first stands. `referenceDate` is the collaboration's.
 * Throws INPUT_UNREADABLE where no row can be pushed.
 */
export async function prepareRows(
  rows: AsyncIterable<FileRow> | Iterable<FileRow>,
  participant: Participant,
  referenceDate: string,
  onRow: (read: number) => void = () => undefined,
): Promise<Prepared> {
  const prepared: Prepared & { read: number } = { read: 0, rows: [], faults: [] };
  const seen = new Set<string>();
  const readValues = valueReader(participant, referenceDate);
  for await (const row of rows) {
    prepared.read++;
    onRow(prepared.read);
    const identifier = readIdentifier(row, participant, seen);
    const values = readValues(row);
    const faults = [...identifier.faults, ...values.faults];
    const rejected = faults.filter(({ outcome }) => outcome === "rejected");
    prepared.faults.push(...(rejected.length > 0 ? rejected : faults));
    if (rejected.length > 0) continue;
    prepared.rows.push({ row: row.row, identifier: Buffer.from(identifier.text), values: values.values });
  }
  if (prepared.rows.length === 0) {
    const reasons = reasonsOf(prepared.faults, "rejected");
    throw new PavilionError(
      "INPUT_UNREADABLE",
      `No row of the file can be pushed: ${reasons.length === 0 ? "it has none" : reasons.join("; ")}.`,
      "Check the identifier column and the bounds that the collaboration declares.",
    );
  }
  return prepared;
}

function readIdentifier(
  { row, cells }: FileRow,
  { identifier }: Participant,
  seen: Set<string>,
): { text: string; faults: RowFault[] } {
  const text = normalise(cells[0] ?? "", identifier.normalisation);
  const reject = (reason: IdentifierFault): { text: string; faults: RowFault[] } => ({
    text,
    faults: [{ row, column: identifier.source, outcome: "rejected", reason }],
  });
  if (text === "") return reject("missing-identifier");
  if (Buffer.byteLength(text) > IDENTIFIER_LENGTH_MAX) return reject("unreadable-identifier");
  if (seen.has(text)) return reject("duplicate-identifier");
  seen.add(text);
  return { text, faults: [] };
}

/** The reader of a row's values, one for each declared column. */
function valueReader(
  { columns }: Participant,
  referenceDate: string,
): (row: FileRow) => { values: (number | null)[]; faults: RowFault[] } {
  const derivations = derivationsOf(columns);
  return ({ row, cells }) => {
    const faults: RowFault[] = [];
    let cell = 0;
    const values = columns.map((column) => {
      if (isDerived(column)) return null;
      const read = readValue(column, cells[++cell] ?? "", referenceDate);
      faults.push(...faultIn(read, row, column));
      return read.value ?? null;
    });
    for (const { index, valueFrom } of derivations) values[index] = valueFrom(values);
    return { values, faults };
  };
}

function faultIn({ value, fault }: CellValue, row: number, { source }: FileColumn): RowFault[] {
  if (fault === undefined) return [];
  return [{ row, column: source, outcome: value === undefined ? "rejected" : "defaulted", reason: fault }];
}

export interface RowSummary {
  readonly read: number;
  readonly pushed: number;
  /** Rows left out, by reason. */
  readonly rejected: Record<string, number>;
  /** Cells for which another value stands in, by column and reason. */
  readonly defaulted: Record<string, Record<string, number>>;
}

/** Counts for the provider itself; they go nowhere else. */
export function summarise({ read, rows, faults }: Prepared): RowSummary {
  const rejected = new Map<string, Set<number>>();
  const defaulted = new Map<string, Map<string, number>>();
  for (const { row, column, outcome, reason } of faults) {
    if (outcome === "rejected") {
      rejected.set(reason, (rejected.get(reason) ?? new Set()).add(row));
    } else {
      const reasons = defaulted.get(column) ?? new Map<string, number>();
      defaulted.set(column, reasons.set(reason, (reasons.get(reason) ?? 0) + 1));
    }
  }
  return {
    read,
    pushed: rows.length,
    rejected: Object.fromEntries([...rejected].map(([reason, found]) => [reason, found.size])),
    defaulted: Object.fromEntries(
      [...defaulted].map(([column, found]) => [column, Object.fromEntries(found)]),
    ),
  };
}
