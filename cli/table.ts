/**
 * Rows of text in columns.
 */

/** One line a row, the header first. Columns are as wide as they have to be; those named in `right` end at their edge. */
export function tableLines(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[] = [],
): string[] {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [header, ...rows].map((row) =>
    header
      .map((title, column) => {
        const [cell, width] = [row[column] ?? "", widths[column] ?? 0];
        return right.includes(title) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}
