/**
 * How much of a file may be left out, or be without a value of its own, before nothing of it is sent: a wrong column named
 * as identifier leaves out nearly all rows, and what is left would be wrong records under other people's identifiers.
 */
import { PavilionError } from "../../errors/errors.ts";
import { reasonsOf, type RowFault } from "./row-faults.ts";
import type { Prepared } from "./rows.ts";

/** Shares from 0 to 1. */
export interface Shares {
  /** Of the file's rows that may be left out. */
  readonly leftOut: number;
  /** Of a column's cells, in the rows that stay, that may be without a value of their own. */
  readonly emptied: number;
}

export const defaultShares: Shares = { leftOut: 0.1, emptied: 0.5 };

/** Throws ROWS_LEFT_OUT. */
export function requireShares(prepared: Prepared, { leftOut, emptied }: Shares): void {
  const out = prepared.read - prepared.rows.length;
  if (out > leftOut * prepared.read) {
    const told = `${String(out)} of the file's ${String(prepared.read)} rows would be left out`;
    throw refused(
      `${told} (${percent(out / prepared.read)}), more than ${percent(leftOut)}`,
      prepared,
      "rejected",
    );
  }
  for (const [column, cells] of emptiedCells(prepared)) {
    const share = cells / prepared.rows.length;
    if (share <= emptied) continue;
    const told = `${String(cells)} of the ${String(prepared.rows.length)} values of column ${column} would be empty or other`;
    throw refused(`${told} (${percent(share)}), more than ${percent(emptied)}`, prepared, "defaulted");
  }
}

function emptiedCells({ faults }: Prepared): Map<string, number> {
  const cells = new Map<string, number>();
  for (const { outcome, column } of faults) {
    if (outcome === "defaulted") cells.set(column, (cells.get(column) ?? 0) + 1);
  }
  return cells;
}

const refused = (what: string, { faults }: Prepared, outcome: RowFault["outcome"]): PavilionError =>
  new PavilionError("ROWS_LEFT_OUT", `${what}: ${reasonsOf(faults, outcome).join("; ")}. Nothing was sent.`);

const percent = (share: number): string => `${String(Math.round(share * 1_000) / 10)} %`;
