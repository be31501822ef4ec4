/**
 * How a cell's text becomes the value of a column of the file: an integer within its bounds, 0 or 1 for a flag, an index
 * for a category, null where a nullable column has none.
 *
 * Promises: every value lies in the range that ingest checks (domain/terms/collaboration.ts, `rangeOf`).
 */
import type { Column, DerivedColumn, IntegerColumn } from "../../domain/statistics/derived-columns.ts";

/** Why a cell gave no value of its own. */
export type ValueFault = "missing-value" | "unreadable-value" | "out-of-bounds" | "unknown-category";

/** `fault` with a value says that the value stands in for what was not there; without one the row cannot be pushed. */
export type CellValue =
  | { readonly value: number | null; readonly fault?: ValueFault }
  | { readonly value?: undefined; readonly fault: ValueFault };

/** A column whose values stand in the provider's file. */
export type FileColumn = Exclude<Column, DerivedColumn>;
type FlagColumn = Extract<Column, { kind: "flag" }>;
type CategoryColumn = Extract<Column, { kind: "category" }>;

/** `referenceDate` is the collaboration's, YYYY-MM-DD. */
export function readValue(column: FileColumn, text: string, referenceDate: string): CellValue {
  if (column.kind === "integer") return readInteger(column, text.trim(), referenceDate);
  const plain = text.trim().toLowerCase();
  return column.kind === "flag" ? readFlag(column, plain) : readCategory(column, plain);
}

function readInteger(column: IntegerColumn, text: string, referenceDate: string): CellValue {
  const value = column.transform === "none" ? parseWhole(text) : ageAt(text, referenceDate);
  let fault: ValueFault | undefined;
  if (text === "") fault = "missing-value";
  else if (value === undefined) fault = "unreadable-value";
  else if (value < column.lower || value > column.upper) fault = "out-of-bounds";
  else return { value };
  return column.nullable ? { value: null, fault } : { fault };
}

function parseWhole(text: string): number | undefined {
  const value = /^[+-]?[0-9]{1,16}$/.test(text) ? Number(text) : undefined;
  // Adding zero turns -0 into 0.
  return Number.isSafeInteger(value) ? Number(value) + 0 : undefined;
}

function readFlag(column: FlagColumn, text: string): CellValue {
  if (column.true.some((yes) => yes.trim().toLowerCase() === text)) return { value: 1 };
  if (text === "") return { value: column.nullable ? null : 0, fault: "missing-value" };
  return { value: 0 };
}

function readCategory(column: CategoryColumn, text: string): CellValue {
  const matches = (category: string): boolean => category.trim().toLowerCase() === text;
  const index = column.domain.findIndex(matches);
  if (index >= 0) return { value: index };
  const value = column.domain.length;
  if (matches(column.other)) return { value };
  return { value, fault: text === "" ? "missing-value" : "unknown-category" };
}

/** Whole years from a YYYYMMDD birth date to a YYYY-MM-DD date: a birthday counts from the day itself. */
export function ageAt(birthDate: string, date: string): number | undefined {
  const birth = calendarDate(birthDate, /^([0-9]{4})([0-9]{2})([0-9]{2})$/);
  const then = calendarDate(date, /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/);
  if (birth === undefined || then === undefined) return undefined;
  const hadBirthday = then.monthAndDay >= birth.monthAndDay;
  return then.year - birth.year - (hadBirthday ? 0 : 1);
}

function calendarDate(text: string, form: RegExp): { year: number; monthAndDay: number } | undefined {
  const [year, month, day] = (form.exec(text) ?? []).slice(1).map(Number);
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const date = new Date(Date.UTC(2000, month - 1, day));
  // Date.UTC reads years below 100 as of the last century; setting the year does not.
  date.setUTCFullYear(year, month - 1, day);
  const exists =
    date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? { year, monthAndDay: month * 100 + day } : undefined;
}
