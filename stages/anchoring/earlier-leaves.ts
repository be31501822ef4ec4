/**
 * Leaves as earlier versions left them, on their way and in the state: a request had a match leaf, which was kept alone,
 * and a spend leaf, and neither said which of them completes the request's leaves.
 */

interface Leaf {
  readonly kind: string;
  readonly completes?: boolean | null;
}

/** The leaf, saying whether the request's leaves are complete with it: where it does not say so itself, a spend is the last. */
export const sayingWhether = <L extends Leaf>(leaf: L): L & { completes: boolean } => ({
  ...leaf,
  completes: leaf.completes ?? leaf.kind === "spend",
});

/** What is kept of a request: a list, or one leaf alone that does not say so. */
export const listed = <L extends Leaf>(kept: L | L[] | undefined): (L & { completes: boolean })[] =>
  [kept ?? []].flat().map((leaf) => sayingWhether(leaf as L));
