/**
 * A stage's state as it will be once the handler's own changes are applied: a slice's records have to be matched in
 * the same step that takes them in.
 */
import type { Change, StateView } from "./stage.ts";

/** The state with the changes laid over it; the last change of a key counts. Copies no entry. */
export function withChanges(state: StateView, changes: readonly Change[]): StateView {
  const tables = new Map<string, Map<string, unknown>>();
  for (const { table, key, value } of changes) {
    const overlay = tables.get(table) ?? new Map<string, unknown>();
    tables.set(table, overlay.set(key, value));
  }
  return {
    get(table, key) {
      const overlay = tables.get(table);
      return overlay?.has(key) === true ? overlay.get(key) : state.get(table, key);
    },
    *entries(table, prefix = "") {
      const overlay = tables.get(table);
      for (const entry of state.entries(table, prefix)) if (overlay?.has(entry[0]) !== true) yield entry;
      for (const entry of overlay ?? [])
        if (entry[1] !== undefined && entry[0].startsWith(prefix)) yield entry;
    },
  };
}
