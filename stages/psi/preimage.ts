/**
 * The list of what matched in a partition, for a matching auditor: salted, so that its digest tells nothing, and in as
 * many parts of the same lengths as if everybody of the smallest dataset had matched, so that its size tells nothing
 * either. Salts are a keyed function of the request: a replay gives the same digest.
 */
import { createHash } from "node:crypto";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { saltOf, type BlindingSource } from "../../domain/log/blinding.ts";
import { partitionDigest } from "../../domain/log/leaves.ts";
import type { Plan } from "../../schemas/avro/index.ts";
import type { MatchedPerson } from "./match.ts";

/** People in one part: with sixteen datasets a part takes 1.5 MB at most. */
const PART_SIZE = 5_000;
/** Digits of a row's number in its batch, and of a category's. */
const ROW_DIGITS = 4;
const CATEGORY_DIGITS = 2;

export interface MatchedList {
  /** Canonical JSON each. */
  readonly parts: readonly string[];
  /** What the partial aggregate names. */
  readonly digest: string;
}

/** Who matched, in parts, each the canonical JSON of a list; of nobody none. */
export function listed(people: readonly MatchedPerson[]): string[] {
  const lists: string[] = [];
  for (let start = 0; start < people.length; start += PART_SIZE)
    lists.push(
      JSON.stringify(
        people.slice(start, start + PART_SIZE).map(({ categories, leaves }) => ({ categories, leaves })),
      ),
    );
  return lists;
}

/** `bound` is how many records the smallest dataset has here; `digest` is the request's. */
export async function listOf(
  lists: readonly string[],
  plan: Plan,
  bound: number,
  { digest, partition }: { readonly digest: string; readonly partition: number },
  blinding: BlindingSource,
): Promise<MatchedList> {
  const parts: string[] = [];
  for (let part = 0; part === 0 || part * PART_SIZE < bound; part++) {
    const room = Math.min(PART_SIZE, bound - part * PART_SIZE) * entryLength(plan);
    const salt = await saltOf(blinding, "pavilion/match-salt/v1", digest, partition, part);
    const people = lists[part] ?? "[]";
    const padding = "0".repeat(room - (people.length - "[]".length));
    const about = { type: "pavilion/matched-leaves", request: digest, salt };
    // Members stand in the order of their names, and the list is in canonical form already.
    const [before, after] = [canonical({ padding, part, partition }), canonical(about)];
    parts.push(`${before.slice(0, -1)},"people":${people},${after.slice(1)}`);
  }
  return { parts, digest: partitionDigest(parts.map(sha256)) };
}

const canonical = (document: object): string => new TextDecoder().decode(canonicalBytes(document));

/** The longest that a person's entry can be, its comma included. */
function entryLength({ datasets, groupings }: Plan): number {
  const leaves = datasets.map(({ sequence }) => `[${String(sequence)},${"0".repeat(ROW_DIGITS)}]`);
  const categories = groupings.map(() => "0".repeat(CATEGORY_DIGITS));
  return `{"categories":[${categories.join(",")}],"leaves":[${leaves.join(",")}]},`.length;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
