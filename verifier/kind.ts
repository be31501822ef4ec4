/**
 * A kind of evidence: leaves that a region logs, and bundles that show how one of its answers came about. All that is known of
 * one kind stands in its folder under kinds/, and kinds.ts lists them; nothing outside names one.
 */
import type { Trust, TrustedRegion } from "../schemas/json/trust.ts";
import type { Fail } from "./audit-faults.ts";
import type { Checks } from "./checklist.ts";
import type { VerifierCheck } from "./names.ts";

export interface Kind {
  readonly name: string;
  /** How the log's topic and an audit's report call its leaves, by the `type` of their documents. */
  readonly leaves: ReadonlyMap<string, string>;
  /** What an audit may find wrong with them, each under a name that does not change. */
  readonly faults: Readonly<Record<string, string>>;
  /** Begins an audit of one region's log. */
  readonly open: (trust: Trust, region: TrustedRegion) => KindAudit;
  /** Its bundles, if any. */
  readonly bundles?: BundleKind;
}

/** What one audit keeps of one kind: only what later leaves may refer to. */
export interface KindAudit {
  /** Takes a bundle of this kind, before the leaves. It was held to nothing. */
  know(bundle: object): void;
  /** The leaf in a document of one of the kind's types. Throws a PavilionError where it does not follow its schema. */
  read(document: object): Leaf;
  /** What the leaves say together. */
  readonly found: Found;
}

/** A leaf of the log, held to its schema. */
export interface Leaf {
  /** Whose log it says that it is of. */
  readonly region: string;
  /** Digest of the request that it is about; null where it is about none. */
  readonly request: string | null;
  /** Holds it to the leaves before it. `hash` is the one under which it stands in the log. */
  take(hash: string, fail: Fail): void;
}

export interface Found {
  /** For a person, a line each. */
  readonly lines: readonly string[];
  /** For programs: members of the report, of names that are this kind's alone. */
  readonly members: ReadonlyMap<string, unknown>;
}

export interface BundleKind {
  /** The `type` of its document. */
  readonly type: string;
  /** Its checks in the order in which they are told, each under a name that does not change, with what it shows. */
  readonly shows: Readonly<Record<string, string>>;
  readonly verify: (checks: Checks<VerifierCheck>, document: unknown, by: Roots) => Promise<void>;
}

/** What a bundle is verified by. */
export interface Roots {
  /** Undefined where the trust file is none. */
  readonly trust: Trust | undefined;
  /** Hash of a block that is trusted in place of the trust file's. */
  readonly block: string | undefined;
}

/** The bundles of one type: `read` holds their documents to their schema, `check` makes the checks, all of them. */
export function bundlesOf<B extends object, N extends string>(
  type: string,
  shows: Readonly<Record<N, string>>,
  read: (document: unknown) => B,
  check: (checks: Checks<N>, bundle: B | undefined, by: Roots) => Promise<void>,
): BundleKind {
  return {
    type,
    shows,
    verify: async (checks, document, by) => {
      const bundle = checks.make("bundle-schema", [], () => read(document));
      const own = checks.goOn(shows);
      await check(own, bundle, by);
      own.leaveUntold();
    },
  };
}

/** The `type` that a document says it has. */
export const typeOf = (document: unknown): unknown =>
  typeof document === "object" && document !== null && "type" in document ? document.type : undefined;
