/**
 * The leaf of a spend: who was charged what, for which match and which release, after which spend of the population.
 */
import { saltOf, type BlindingSource } from "../../domain/log/blinding.ts";
import { hashOfLeaf, leafText, releasedDigest } from "../../domain/log/leaves.ts";
import type { ExactAggregate, LogLeaf, ReleasedCell, Spend } from "../../schemas/avro/index.ts";
import type { SpendLeaf } from "../../schemas/json/spend-leaf.ts";
import type { CarriedAccount } from "./earlier-ledger.ts";

/** `previous` is the hash of the population's last spend leaf, null for the first; `carried` what that one takes over. */
export async function spendLeafOf(
  { request, plan, matchLeaf }: ExactAggregate,
  spend: Spend & { readonly previous: string | null; readonly carried: readonly CarriedAccount[] },
  cells: readonly ReleasedCell[],
  blinding: BlindingSource,
): Promise<{ leaf: LogLeaf; hash: string }> {
  const { population, sequence, previous, epsilon, delta, total, deltaTotal, carried } = spend;
  const salt = await saltOf(blinding, "pavilion/spend-salt/v1", request.digest, population, sequence);
  const leaf: SpendLeaf = {
    type: "pavilion/spend-leaf",
    home: plan.home,
    request: request.digest,
    population,
    document: plan.populationDigest,
    sequence,
    previous,
    epsilon,
    delta,
    total,
    deltaTotal,
    carried: [...carried],
    match: matchLeaf,
    released: releasedDigest(cells),
    salt,
  };
  return {
    leaf: { kind: "spend", request, text: leafText(leaf), completes: true },
    hash: hashOfLeaf(leaf),
  };
}
