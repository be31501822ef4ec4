/**
 * Every number that a value tells, at any depth: numbers, and whole numbers that stand by themselves in a text. Bytes
 * tell none, and neither do digits within a name, a date, a decimal or a hash.
 */
export function numbersIn(value: unknown): number[] {
  if (typeof value === "number") return [value];
  if (typeof value === "string") return (value.match(/(?<![\w-]|\d\.)\d+(?![\w-]|\.\d)/g) ?? []).map(Number);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return [];
  if (Array.isArray(value)) return value.flatMap(numbersIn);
  return Object.entries(value).flatMap(([name, member]) => [...numbersIn(name), ...numbersIn(member)]);
}
