/**
 * Verifies an evidence bundle, offline: everything that one answer stands on, from the trust file's roots alone.
 *
 * Promises: whatever in a bundle is not what the trusted parties signed, logged, anchored or proved fails a named check;
 * nothing is taken from the bundle that something trusted does not hold it to. Proofs, which cost most, are verified
 * once everything else holds.
 * Does not: say that the bundle is all there is. Only an audit of the whole log says that no budget was exceeded and
 * nothing left out.
 */
import type { EvidenceBundleDocument } from "../schemas/json/evidence-bundle.ts";
import type { Trust } from "../schemas/json/trust.ts";
import { readBundle } from "./bundle.ts";
import { linkedAnchors, provenState, seedFirst, trustedContract } from "./chain.ts";
import { Checks, type Checklist, type Status } from "./checklist.ts";
import { signedCollaboration } from "./collaboration.ts";
import {
  recomputedCredential,
  signedCredential,
  type CheckedResult,
} from "./kinds/private-computation/credential.ts";
import { signedHeads } from "./kinds/private-computation/datasets.ts";
import { matchLeaf, seedLeaf, spendLeaf } from "./kinds/private-computation/leaves.ts";
import { inOrder, onlyGrown, placedLeaves, signedTrees } from "./log.ts";
import { readParts, trustedCircuit, type Parts } from "./kinds/private-computation/artifacts.ts";
import { planned } from "./kinds/private-computation/plan.ts";
import { answeringHome, signedPopulation } from "./population.ts";
import { allowed } from "./kinds/private-computation/policy.ts";
import {
  releasedGroups,
  releasedParts,
  soundProofs,
  soundRemainders,
} from "./kinds/private-computation/release.ts";
import { signedRequest, withinTerms } from "./kinds/private-computation/request.ts";
import { readTrust } from "./trust.ts";

export interface Options {
  /** Hash of a block that is trusted in place of the trust file's. */
  readonly block?: string | undefined;
  /** What the verifier brings; its own files unless given. */
  readonly parts?: Parts;
}

/** Checks a bundle by a trust file, both as JSON texts. Whether all holds, `holds` says. */
export async function verify(
  bundleText: string,
  trustText: string,
  options: Options = {},
): Promise<Checklist> {
  const { block, parts = await readParts() } = options;
  const checks = new Checks();
  const trust = checks.make("trust-schema", [], () => readTrust(trustText));
  const bundle = checks.make("bundle-schema", [], () => readBundle(bundleText));
  const given = { bundle, trust, parts };
  const asked = checkRequest(checks, given);
  const logged = checkLog(checks, { ...given, ...asked }, block);
  const released = checkRelease(checks, { ...given, ...asked, ...logged });
  checkProofs(checks, { ...given, ...asked, ...logged, ...released });
  return checks;
}

interface Given {
  readonly bundle: EvidenceBundleDocument | undefined;
  readonly trust: Trust | undefined;
  readonly parts: Parts;
}

/** What was asked, by whom, and over what. */
function checkRequest(checks: Checks, { bundle, trust, parts }: Given) {
  const collaboration = checks.make("collaboration-signatures", [bundle, trust], signedCollaboration);
  const population = checks.make("population", [bundle, trust, collaboration], signedPopulation);
  const request = checks.make("request-signature", [bundle, trust, collaboration], signedRequest);
  const home = checks.make("home", [population, request, trust], answeringHome);
  const terms = checks.make("request-terms", [request, collaboration], withinTerms);
  const heads = checks.make("dataset-heads", [bundle, collaboration], signedHeads);
  const canAsk = bundle?.policy.bundle === parts.policy.bundle;
  checks.make(
    "policy",
    [bundle, trust, home, request, collaboration, parts.policy],
    allowed,
    canAsk ? "proven" : "attested",
  );
  return { collaboration, home, region: home?.region, request, terms, heads };
}

type Asked = ReturnType<typeof checkRequest>;

/** That the leaves stand in the log, in their order, and that the log is anchored. */
function checkLog(
  checks: Checks,
  { bundle, trust, region, request }: Given & Asked,
  block: string | undefined,
) {
  const trees = checks.make("log-checkpoint", [bundle, region], signedTrees);
  const leaves = checks.make("log-inclusion", [bundle, trees], placedLeaves);
  checks.make("log-consistency", [bundle, trees], onlyGrown);
  checks.make("log-order", [bundle, trees], inOrder);
  const chain = trust?.chain.development === true ? "development" : "proven";
  const contract = checks.make("chain-contract", [bundle, trust, region], trustedContract, chain);
  const claim = trust &&
    region && {
      contract: trust.chain.contract,
      anchorer: region.anchorer,
      trusted: block ?? trust.block,
    };
  const state = checks.make("chain-state", [bundle, contract && claim], provenState, chain);
  const anchor = checks.make("chain-links", [bundle, state], linkedAnchors, chain);
  const seed = checks.make("seed-leaf", [bundle, region, request], seedLeaf);
  checks.make("seed-before-request", [anchor, request], seedFirst, chain);
  return { leaves, seed };
}

type Logged = ReturnType<typeof checkLog>;

/** What nothing shows. */
const onItsWord = (_given: unknown): true => true;

/** What was computed, matched, spent, released and signed. */
function checkRelease(checks: Checks, given: Given & Asked & Logged) {
  const { bundle, region, home, collaboration, request, terms, heads, leaves, seed } = given;
  const plan = checks.make("plan", [terms, collaboration, home, heads, seed, bundle], planned);
  const match = checks.make("match-leaf", [bundle, region, request, plan], matchLeaf);
  const groups = checks.make("release-groups", [bundle, plan], releasedGroups);
  const spend = checks.make("spend-leaf", [bundle, region, request, plan, leaves], spendLeaf);
  const credential = checks.make("credential-signature", [bundle, region], signedCredential);
  const result: CheckedResult | undefined =
    request && plan && groups && spend && leaves && region
      ? { request, planned: plan, groups, spend, leaves, region }
      : undefined;
  const content = checks.make("credential-content", [credential, result], recomputedCredential);
  checks.make("credential-words", [content], onItsWord, "attested");
  checks.make("newest-data", [heads], onItsWord, "attested");
  return { plan, match, groups };
}

type Released = ReturnType<typeof checkRelease>;

/** The proofs, and what stands on the region's word where no proof does. */
function checkProofs(checks: Checks, given: Given & Asked & Logged & Released): void {
  const { bundle, trust, parts, plan, match, groups, leaves } = given;
  const circuit = checks.make("release-circuit", [bundle, trust, parts], trustedCircuit);
  const setup: Exclude<Status, "failed"> = circuit?.setup === "ceremony" ? "proven" : "development";
  const remainders = checks.make(
    "release-remainders",
    [checks.ifSound(groups), plan, match, leaves],
    (released, planFor, leaf, placed) => {
      const claimed = releasedParts(released, planFor, leaf, placed);
      soundRemainders(claimed);
      return claimed;
    },
  );
  checks.make("release-proofs", [remainders, circuit?.key, parts.randomBytes], soundProofs, setup);
  const word = checks.ifSound(groups);
  const isAnySuppressed = groups?.some(({ suppressed }) => suppressed) === true;
  checks.make("suppressed-groups", [word], onItsWord, isAnySuppressed ? "attested" : "proven");
  checks.make("noise-drawn", [word], onItsWord, "attested");
  checks.make("committed-values", [word], onItsWord, "attested");
  checks.make("true-match", [word], onItsWord, "attested");
}
