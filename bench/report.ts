/**
 * What a benchmark found: each figure of ours beside its reference's, both from one run on one machine, with the ratio
 * that was aimed at. Told as lines for people, or as one line of JSON.
 */
import { cpus, loadavg, totalmem, type } from "node:os";

export interface Comparison {
  readonly what: string;
  readonly unit: string;
  /** Both above zero. */
  readonly ours: number;
  readonly reference: number;
  readonly referenceName: string;
  /** For ours / reference; null where the figure is told, and none is set. */
  readonly goal: null | { readonly atMost: number } | { readonly atLeast: number };
}

export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  readonly reference: number;
  readonly referenceName: string;
  /** ours / reference */
  readonly ratio: number;
  /** Such as `<=0.15`; null where none is set. */
  readonly goal: string | null;
  readonly met: boolean | null;
}

/** The row of a comparison. Whether the goal is met is told by the exact ratio, not by the rounded one. */
export function rowOf({ what, unit, ours, reference, referenceName, goal }: Comparison): Row {
  const ratio = ours / reference;
  return {
    ...{ what, unit, ours: rounded(ours), reference: rounded(reference), referenceName },
    ...{ ratio: rounded(ratio), ...held(ratio, goal) },
  };
}

function held(ratio: number, goal: Comparison["goal"]): Pick<Row, "goal" | "met"> {
  if (goal === null) return { goal: null, met: null };
  return "atMost" in goal
    ? { goal: `<=${String(goal.atMost)}`, met: ratio <= goal.atMost }
    : { goal: `>=${String(goal.atLeast)}`, met: ratio >= goal.atLeast };
}

/** The line that `--json` ends with. */
export const jsonLine = (bench: string, machine: string, rows: readonly Row[]): string =>
  JSON.stringify({ bench, machine, rows });

/** A line for each row. */
export const rowLines = (rows: readonly Row[]): string[] =>
  rows.map(
    (row) =>
      `${wordFor(row)} ${row.what}: ${String(row.ours)} ${row.unit} against ${String(row.reference)}` +
      ` of ${row.referenceName}; ratio ${String(row.ratio)}, goal ${row.goal ?? "none"}`,
  );

const wordFor = ({ met }: Row): string => (met === null ? "told  " : met ? "met   " : "missed");

/** The machine, and how busy it was: nothing that names its place or its owner. */
export function machineText(): string {
  const [first] = cpus();
  const memory = `${String(Math.round(totalmem() / 1024 ** 3))} GiB`;
  const load = `load ${(loadavg()[0] ?? 0).toFixed(2)} before`;
  const processor = `${String(cpus().length)} x ${first?.model.trim() ?? "unknown"}`;
  return [processor, memory, type(), `Node ${process.version}`, load].join(", ");
}

/** Three digits that count. */
const rounded = (value: number): number => Number(value.toPrecision(3));
