/** Logs for the tests of an audit: that of a pipeline's run, and logs of leaves as they are told. */
import { canonicalBytes, digestOf } from "../../../../crypto/jws/canonical.ts";
import { originOf } from "../../../../domain/log/leaves.ts";
import { publicKeyText } from "../../../../domain/terms/signatures.ts";
import {
  logSigner,
  population,
  region,
} from "../../../../pipelines/private-computation/simulation/region.ts";
import { scenario } from "../../../../pipelines/private-computation/simulation/scenario.ts";
import type { AnchoredLeaf } from "../../../../schemas/avro/index.ts";
import type { Trust, TrustedRegion } from "../../../../schemas/json/trust.ts";
import { noFaults, World } from "../../../../simulation/world.ts";
import { toldLog } from "../../../../test/told-log.ts";
import { hashOfText } from "../../../anchored-leaf.ts";
import { LogAudit, type AuditReport } from "../../../audit.ts";
import type { Spent } from "../spends.ts";

/** The log of a whole pipeline's run: two spends, four matches, a seed; and the bundles of its answers. */
export const { leaves, bundles } = await logged();

async function logged() {
  const world = new World({ seed: 1, faults: noFaults, setting: scenario, manner: "in turn" });
  try {
    await scenario.play(world, "in turn", false);
    return {
      leaves: world.events<"AnchoredLeaf">("proofs.anchored").map(({ value }) => value),
      bundles: world.events<"EvidenceBundle">("evidence.bundles").map(({ value }) => value),
    };
  } finally {
    world.close();
  }
}

const [{ chainId, contract, anchorer } = { chainId: 0, contract: "", anchorer: "" }] = leaves;
export const trusted: TrustedRegion = {
  ...{ region, jurisdiction: "EU", origin: originOf(region), logKey: publicKeyText(logSigner.publicKey) },
  ...{ anchorer, issuer: "did:key:z" },
};
export const trust: Trust = {
  ...{ type: "pavilion/trust", chain: { id: chainId, contract, development: true }, block: null },
  ...{ regions: [trusted], brokers: [], providers: [], circuits: [], policies: [] },
  populations: [{ id: population.id, digests: [digestOf(population)] }],
};

export function reportOf(
  records: readonly AnchoredLeaf[],
  texts: readonly string[] = [],
  by = trusted,
): AuditReport {
  const audit = new LogAudit(trust, by);
  for (const text of texts) audit.bundles.take({ text });
  for (const record of records) audit.take(record);
  return audit.report();
}

export const spentIn = ({ found }: Pick<AuditReport, "found">): Record<string, Spent> =>
  found.members.get("spent") as Record<string, Spent>;

export const namesOf = (records: readonly AnchoredLeaf[], texts?: readonly string[]): string[] => [
  ...new Set(reportOf(records, texts).faults.map(({ name }) => name)),
];

const signer = { name: originOf(region), publicKey: logSigner.publicKey, sign: logSigner.sign };
export const logOf = (texts: readonly string[], kinds: readonly string[]): Promise<AnchoredLeaf[]> =>
  toldLog({ signer, chain: { chainId, contract, anchorer } }, texts, kinds);

export const textOf = (leaf: object): string => new TextDecoder().decode(canonicalBytes(leaf));
export const hex = (digit: string): string => digit.repeat(64);
export const salt = hex("a");
export const seed = { type: "pavilion/seed-leaf", region, seed: 1, commitment: hex("5"), salt };
export const match = {
  ...{ type: "pavilion/match-leaf", region, request: hex("1"), collaboration: "city", version: 1, epoch: 1 },
  datasets: ["north", "south"].map((provider) => ({
    ...{ provider, dataset: "people", sequence: 1, head: hex("b") },
  })),
  ...{ seed: hex("5"), groups: [{ grouping: 0, category: 0, commitment: "c".repeat(128) }] },
  ...{ preimage: hex("d"), salt },
};
export const spendOf = (population: string, of: object, request = hex("1"), more: object = {}) => ({
  ...{ type: "pavilion/spend-leaf", region, request, population, sequence: 1, previous: null },
  ...{ epsilon: "1", total: "1", match: hashOfText(textOf(of)), released: hex("e"), salt, ...more },
});
/** A seed, and a match and its spend for each population. */
export const spentBy = (populations: readonly string[]): object[] => [
  seed,
  ...populations.flatMap((population, at) => {
    const request = at.toString(16).padStart(64, "0");
    const own = { ...match, request };
    return [own, spendOf(population, own, request)];
  }),
];
const kindOf = (leaf: object): string =>
  /pavilion\/(\w+)-leaf/.exec((leaf as { type: string }).type)?.[1] ?? "other";
export const logOfLeaves = (told: readonly object[], kinds = told.map(kindOf)): Promise<AnchoredLeaf[]> =>
  logOf(told.map(textOf), kinds);
