/** What one audit keeps of each kind of evidence, found by what leaves and bundles say that they are. */
import type { Trust, TrustedRegion } from "../schemas/json/trust.ts";
import type { KnownLeaves } from "./anchored-leaf.ts";
import { auditFaults } from "./audit-faults.ts";
import type { Found, Kind, KindAudit } from "./kind.ts";

export class KindAudits {
  /** By the type of the leaf's document. */
  readonly leaves: ReadonlyMap<unknown, KnownLeaves>;
  /** By the type of the bundle's document. */
  readonly bundles: ReadonlyMap<unknown, KindAudit>;
  readonly #audits: readonly KindAudit[];

  /** Throws where two kinds claim the same: what a leaf or fault is must not depend on their order. */
  constructor(trust: Trust, region: TrustedRegion, kinds: readonly Kind[]) {
    const opened = kinds.map((kind) => ({ ...kind, audit: kind.open(trust, region) }));
    this.leaves = distinct(
      opened.flatMap(({ leaves, audit }) =>
        Array.from(leaves, ([type, name]): [string, KnownLeaves] => [type, { name, audit }]),
      ),
    );
    this.bundles = distinct(
      opened.flatMap(({ bundles, audit }): [string, KindAudit][] => (bundles ? [[bundles.type, audit]] : [])),
    );
    distinct(kinds.flatMap(({ leaves }) => Array.from(leaves.values(), (name) => [name, name])));
    distinct([auditFaults, ...kinds.map(({ faults }) => faults)].flatMap((faults) => Object.entries(faults)));
    this.#audits = opened.map(({ audit }) => audit);
  }

  /** What the leaves of each kind say together, in the kinds' order. */
  get found(): Found {
    const found = this.#audits.map((audit) => audit.found);
    return {
      lines: found.flatMap(({ lines }) => lines),
      members: distinct(found.flatMap(({ members }) => [...members])),
    };
  }
}

function distinct<T>(entries: readonly (readonly [string, T])[]): ReadonlyMap<string, T> {
  const map = new Map(entries);
  if (map.size !== entries.length) throw new Error("Two kinds of evidence claim the same type or name.");
  return map;
}
