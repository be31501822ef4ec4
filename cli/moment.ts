/**
 * Moments as people give them to commands.
 */
import { PavilionError } from "../errors/errors.ts";

const unitsMs: ReadonlyMap<string, number> = new Map([
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** A moment, or how long ago it was: `2026-11-25T12:00:00Z`, `90m`; milliseconds. Throws CONFIG_INVALID. */
export function momentOf(option: string, text: string, now: number): number {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * (unitsMs.get(unit) ?? 0);
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(time)) return time;
  throw new PavilionError(
    "CONFIG_INVALID",
    `${option} takes a date, or how long ago: 30s, 90m, 12h, 7d.`,
    "Give it as 2026-11-25, 2026-11-25T12:00:00Z or 7d.",
  );
}
