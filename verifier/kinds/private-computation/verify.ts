/**
 * Verifies an answer's bundle: request, terms, data, plan, leaves, release, credential, and the proofs between them. Proofs, which
 * cost most, are verified once everything else holds.
 * Does not: say that no budget was exceeded; only an audit of the whole log does.
 */
import type { EvidenceBundleDocument } from "../../../schemas/json/evidence-bundle.ts";
import type { Trust } from "../../../schemas/json/trust.ts";
import { chainStatus, checkChain } from "../../chain.ts";
import type { Checks, Status } from "../../checklist.ts";
import { signedCollaboration } from "./collaboration.ts";
import type { Roots } from "../../kind.ts";
import { answeringHome, signedPopulation } from "./population.ts";
import { trustedCircuit, type Artifacts } from "./artifacts.ts";
import type { CheckName } from "./checks.ts";
import { recomputedCredential, signedCredential, type CheckedResult } from "./credential.ts";
import { signedHeads } from "./datasets.ts";
import { matchLeaf, seedFirst, seedLeaf, spendLeaf } from "./leaves.ts";
import { grownSinceSeed, inOrder, placedLeaves, signedTrees } from "./log.ts";
import { planned } from "./plan.ts";
import { allowed } from "./policy.ts";
import { releasedGroups, releasedParts, soundProofs, soundRemainders } from "./release.ts";
import { signedRequest, withinTerms } from "./request.ts";

type AnswerChecks = Checks<CheckName>;

/** Makes every check, with what the verifier brings itself. */
export function checkAnswer(
  checks: AnswerChecks,
  bundle: EvidenceBundleDocument | undefined,
  { trust, block }: Roots,
  artifacts: Artifacts,
): void {
  const given = { bundle, trust, artifacts };
  const asked = checkRequest(checks, given);
  const logged = checkLog(checks, { ...given, ...asked }, block);
  const released = checkRelease(checks, { ...given, ...asked, ...logged });
  checkProofs(checks, { ...given, ...asked, ...logged, ...released });
}

interface Given {
  readonly bundle: EvidenceBundleDocument | undefined;
  readonly trust: Trust | undefined;
  readonly artifacts: Artifacts;
}

/** What was asked, by whom, and over what. */
function checkRequest(checks: AnswerChecks, { bundle, trust, artifacts: { policy } }: Given) {
  const collaboration = checks.make(
    "collaboration-signatures",
    [bundle?.collaboration, trust],
    signedCollaboration,
  );
  const population = checks.make("population", [bundle?.population, trust, collaboration], signedPopulation);
  const request = checks.make("request-signature", [bundle, trust, collaboration], signedRequest);
  const home = checks.make("home", [population, request?.document.home, trust], answeringHome);
  const terms = checks.make("request-terms", [request, collaboration], withinTerms);
  const heads = checks.make("dataset-heads", [bundle, collaboration], signedHeads);
  const canAsk = bundle?.policy.bundle === policy.bundle;
  checks.make(
    "policy",
    [bundle, trust, home, request, collaboration, policy],
    allowed,
    canAsk ? "proven" : "attested",
  );
  return { collaboration, home, region: home?.region, request, terms, heads };
}

type Asked = ReturnType<typeof checkRequest>;

/** That the leaves stand in the log, in their order, and that the log is anchored. */
function checkLog(
  checks: AnswerChecks,
  { bundle, trust, region, request }: Given & Asked,
  block: string | undefined,
) {
  const log = bundle?.log;
  const trees = checks.make("log-checkpoint", [log, region], signedTrees);
  const leaves = checks.make("log-inclusion", [log, trees], placedLeaves);
  checks.make("log-consistency", [log, trees], grownSinceSeed);
  checks.make("log-order", [log, trees], inOrder);
  const anchor = checkChain(checks, log?.chain, region, { trust, block });
  const seed = checks.make("seed-leaf", [bundle, region, request], seedLeaf);
  checks.make("seed-before-request", [anchor, request], seedFirst, chainStatus(trust));
  return { leaves, seed };
}

type Logged = ReturnType<typeof checkLog>;

/** What nothing shows. */
const onItsWord = (_given: unknown): true => true;

/** What was computed, matched, spent, released and signed. */
function checkRelease(checks: AnswerChecks, given: Given & Asked & Logged) {
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
function checkProofs(checks: AnswerChecks, given: Given & Asked & Logged & Released): void {
  const { bundle, trust, artifacts, plan, match, groups, leaves } = given;
  const circuit = checks.make("release-circuit", [bundle, trust, artifacts], trustedCircuit);
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
  checks.make("release-proofs", [remainders, circuit?.key, artifacts.randomBytes], soundProofs, setup);
  const word = checks.ifSound(groups);
  const isAnySuppressed = groups?.some(({ suppressed }) => suppressed) === true;
  checks.make("suppressed-groups", [word], onItsWord, isAnySuppressed ? "attested" : "proven");
  checks.make("noise-drawn", [word], onItsWord, "attested");
  checks.make("committed-values", [word], onItsWord, "attested");
  checks.make("true-match", [word], onItsWord, "attested");
}
