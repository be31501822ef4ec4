/**
 * A stage's state as it will be once the handler's own changes are applied: a slice's records have to be matched in
 * the same step that takes them in.
 */
import { rankedUnder, recordsUnder, requireRecords, type Change, type StateView } from "./state.ts";

/** The state with the changes laid over it; the last change of a key counts. Copies no entry. */
export function withChanges(state: StateView, changes: readonly Change[]): StateView {
  const tables = new Map<string, Map<string, Change>>();
  for (const change of changes) {
    const overlay = tables.get(change.table) ?? new Map<string, Change>();
    tables.set(change.table, overlay.set(change.key, change));
  }
  return {
    get(table, key) {
      const change = tables.get(table)?.get(key);
      return change === undefined ? state.get(table, key) : change.value;
    },
    ranked: (table, range) => rankedUnder(tables.get(table), range, (wider) => state.ranked(table, wider)),
    records(table, limit = Infinity) {
      requireRecords(table);
      return recordsUnder(tables.get(table), limit, (more) => state.records(table, more));
    },
  };
}
