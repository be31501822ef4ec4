/**
 * What is amiss with a row of a provider's file, and how it is told: by row numbers, columns and reasons, never by a cell.
 */
import type { ValueFault } from "./columns.ts";

export type IdentifierFault = "missing-identifier" | "duplicate-identifier" | "unreadable-identifier";

export interface RowFault {
  readonly row: number;
  /** Column of the file. */
  readonly column: string;
  readonly outcome: "rejected" | "defaulted";
  readonly reason: IdentifierFault | ValueFault;
}

/** Row numbers that are named of a reason. */
const ROWS_NAMED_MAX = 10;

/** Reasons in words with the first row numbers, at most ten each: `2976 duplicate identifier, in rows 2, 3, …`. */
export function reasonsOf(faults: readonly RowFault[], outcome: RowFault["outcome"]): string[] {
  const rows = new Map<string, Set<number>>();
  for (const fault of faults) {
    if (fault.outcome !== outcome) continue;
    const reason = `${fault.column}: ${fault.reason.replaceAll("-", " ")}`;
    rows.set(reason, (rows.get(reason) ?? new Set()).add(fault.row));
  }
  return [...rows].map(([reason, found]) => {
    const named = [...found].slice(0, ROWS_NAMED_MAX).join(", ");
    return `${String(found.size)} for ${reason}, in rows ${named}${found.size > ROWS_NAMED_MAX ? ", …" : ""}`;
  });
}
