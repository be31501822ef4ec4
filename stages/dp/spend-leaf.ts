/**
 * The leaf of a spend: who was charged what, for which match and which release, after which spend of the population.
 */
import type { BlindingSource } from "../../documents/blinding.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { hashOfLeaf, leafText, releasedDigest } from "../../documents/leaves.ts";
import type { ExactAggregate, LogLeaf, ReleasedCell, Spend } from "../../schemas/avro/index.ts";
import type { SpendLeaf } from "../../schemas/json/spend-leaf.ts";

/** `previous` is the hash of the population's last spend leaf, null for the first. */
export async function spendLeafOf(
  { request, matchLeaf }: ExactAggregate,
  spend: Spend & { readonly previous: string | null },
  cells: readonly ReleasedCell[],
  region: string,
  blinding: BlindingSource,
): Promise<{ leaf: LogLeaf; hash: string }> {
  const { population, sequence, previous, epsilon, total } = spend;
  const salt = await blinding(
    canonicalBytes(["pavilion/spend-salt/v1", request.digest, population, sequence]),
  );
  const leaf: SpendLeaf = {
    type: "pavilion/spend-leaf",
    region,
    request: request.digest,
    population,
    sequence,
    previous,
    epsilon,
    total,
    match: matchLeaf,
    released: releasedDigest(cells),
    salt: Buffer.from(salt).toString("hex"),
  };
  return { leaf: { kind: "spend", request, text: leafText(leaf) }, hash: hashOfLeaf(leaf) };
}
