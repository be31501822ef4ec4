/**
 * How a connector lies in the evidence that it makes, for tests of what finds it out.
 */
import type { Cell, ReleasedAggregate } from "../schemas/avro/index.ts";
import type { MatchLeaf } from "../schemas/json/match-leaf.ts";
import type { Request } from "../schemas/json/request.ts";
import type { SeedLeaf } from "../schemas/json/seed-leaf.ts";
import type { SpendLeaf } from "../schemas/json/spend-leaf.ts";

/** Ways to lie. */
export interface Lies {
  /** When the seed's tree is anchored, in seconds after the request; a minute before it unless told. */
  readonly seedAfterRequest?: number;
  /** Logs the match before the seed. */
  readonly matchFirst?: true;
  /** Proves, and releases, another aggregate than the match leaf commits to. */
  readonly aggregate?: (cell: Cell) => Cell;
  /** Lets the remainders take up what the other aggregate differs by. */
  readonly absorbs?: true;
  /** Noise for a statistic, small unless told; with the width that the proofs then state. */
  readonly noise?: (statistic: number) => number;
  readonly width?: bigint;
  /** The least group that it does not suppress. */
  readonly minimum?: number;
  readonly match?: (leaf: MatchLeaf) => MatchLeaf;
  readonly spend?: (leaf: SpendLeaf) => SpendLeaf;
  readonly seed?: (leaf: SeedLeaf) => SeedLeaf;
  /** Never logs the spend leaf that it shows. */
  readonly spendUnlogged?: true;
  /** Replaces a leaf of the log after the seed's anchor. */
  readonly rewrites?: true;
  /** Replaces, after it was anchored, a leaf that came after the seed's anchor. */
  readonly rewritesBetween?: true;
  readonly credential?: (released: ReleasedAggregate) => ReleasedAggregate;
  /** What it puts into the credential beside what its release says. */
  readonly subject?: Readonly<Record<string, unknown>>;
  readonly request?: Partial<Request>;
}
