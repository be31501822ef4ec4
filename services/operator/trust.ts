/**
 * The trust file of a deployment: what an auditor takes as given. It is written from what the operator knows of the
 * regions, the chain and the parties; an auditor who trusts no operator confirms each member at its own source.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { didKeyOf } from "../../crypto/did/did-key.ts";
import { publicKeyText } from "../../domain/terms/signatures.ts";
import { originOf } from "../../domain/log/leaves.ts";
import { validateDocument } from "../../schemas/reading/validate.ts";
import type { Trust } from "../../schemas/json/trust.ts";

const circuitFolder = new URL("../../circuits/release/artifacts/", import.meta.url);
const policyFile = new URL("../../domain/policy/policy.wasm", import.meta.url);

/** A region's keys, as its operator hands them out. */
export interface TrustedRegionKeys {
  readonly region: string;
  readonly jurisdiction: string;
  readonly issuerPublicKey: Uint8Array;
  readonly logPublicKey: Uint8Array;
  readonly anchorer: string;
}

/** A party by its id and its public key, base64url. */
interface TrustedParty {
  readonly id: string;
  readonly key: string;
}

/** Who takes part, and the populations by the digests of their documents. */
export interface TrustedNames {
  readonly brokers: readonly TrustedParty[];
  readonly providers: readonly TrustedParty[];
  readonly populations: Trust["populations"];
}

/** `block` is the hash under which the contract's state is believed, null where each is to be looked up. */
export function trustOf(
  chain: { readonly chainId: number; readonly contract: string; readonly development: boolean },
  regions: readonly TrustedRegionKeys[],
  { brokers, providers, populations }: TrustedNames,
  block: string | null,
): Trust {
  const { setup } = JSON.parse(readFileSync(new URL("artifacts.json", circuitFolder), "utf8")) as {
    setup: Trust["circuits"][number]["setup"];
  };
  return validateDocument("trust", {
    type: "pavilion/trust",
    chain: { id: chain.chainId, contract: chain.contract, development: chain.development },
    block,
    regions: regions.map(({ region, jurisdiction, issuerPublicKey, logPublicKey, anchorer }) => ({
      region,
      jurisdiction,
      origin: originOf(region),
      logKey: publicKeyText(logPublicKey),
      anchorer,
      issuer: didKeyOf(issuerPublicKey),
    })),
    brokers: brokers.map(({ id, key }) => ({ id, key })),
    providers: providers.map(({ id, key }) => ({ id, key })),
    populations,
    circuits: [{ sha256: digestOfFile(new URL("verification-key.json", circuitFolder)), setup }],
    policies: [digestOfFile(policyFile)],
  });
}

const digestOfFile = (file: URL): string => createHash("sha256").update(readFileSync(file)).digest("hex");
